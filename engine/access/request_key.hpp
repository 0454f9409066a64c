#pragma once

#include <optional>
#include <string>

#include "access/store.hpp"

/// Requests that are done once: a client names one, and sending it again gives what it gave. All
/// processes that share the control store know of it.
namespace doppel::access {

struct NamedRequest {
  std::string user;     ///< whose name it is
  std::string name;     ///< his own: 1 to 255 visible characters of ASCII
  std::string content;  ///< a hash of what is asked, so that a name means one thing
};

inline constexpr std::int64_t kRequestLasts = 24 * kHour;
inline constexpr std::size_t kLongestRequestName = 255;
inline constexpr std::int64_t kMostRequestsOfUser = 10'000;  ///< within that time

bool is_request_name(std::string_view text);

struct RequestUse {
  enum class Kind {
    kNew,         ///< it is to be done now, and then kept or dropped
    kDone,        ///< `answer` is what it gave
    kOther,       ///< the name stands for something else
    kInProgress,  ///< somebody works on it, or died over it
  };
  Kind kind = Kind::kNew;
  std::string answer = {};
};

/// Looks a name up and takes it where it is free. Of requests at once one is kNew. Throws
/// Error(kThrottled) for a user with too many.
RequestUse take_request(const Store& store, const NamedRequest& request);

/// What the request gave; until then it is in progress.
void keep_answer(const Store& store, const NamedRequest& request, const std::string& answer);

/// The request did nothing, and may be sent again.
void drop_request(const Store& store, const NamedRequest& request);

}  // namespace doppel::access
