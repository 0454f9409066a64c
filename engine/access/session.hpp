#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/audit.hpp"

/// Sessions of people who have signed in. The browser alone has the id; the store has its hash.
/// Ids are made here and nowhere else, a new one at each sign-in, so none can be planted.
namespace doppel::access {

struct SessionTimes {
  std::int64_t idle = 2 * kHour;      ///< without a request
  std::int64_t longest = 12 * kHour;  ///< since the sign-in, whatever was done
};

inline constexpr std::size_t kMostSessionsOfUser = 50;  ///< the one seen longest ago then ends

struct Session {
  std::string handle;  ///< a name for it that opens nothing: for lists, revoking, cookies
  std::string user;    ///< id
  std::int64_t created_at = 0, seen_at = 0, ends_at = 0;
  std::string address, agent;  ///< of the sign-in
};

struct NewSession {
  std::string id;  ///< for the cookie; shown once
  Session session;
};

/// REQUIRES: an open write transaction. Nothing is audited: whoever signs somebody in does.
NewSession start_session_within(const Store& store, const std::string& user,
                                const std::string& address, const std::string& agent,
                                const SessionTimes& times);

/// The session of a cookie's id, if it is good still, which makes its idle time begin again (kept
/// to the minute, so that a request costs a read). Whether its user is active is the caller's
/// question to the Directory.
std::optional<Session> find_session(const Store& store, std::string_view id,
                                    const SessionTimes& times);

/// Those of a user that are good still, seen last first.
std::vector<Session> list_sessions(const Store& store, const std::string& user,
                                   const SessionTimes& times);

/// Ends one of a user's sessions; false where he has none of this handle.
bool end_session(const Store& store, const Actor& actor, const std::string& user,
                 const std::string& handle);
/// Ends all of a user's sessions but one (empty: all), and says how many.
std::size_t end_sessions(const Store& store, const Actor& actor, const std::string& user,
                         const std::string& but_handle = {});

/// What every write from a page must carry: made of the session's id, so that it ends with it and
/// needs no place in the store.
std::string csrf_token(std::string_view session_id);
bool is_csrf_token(std::string_view token, std::string_view session_id);

}  // namespace doppel::access
