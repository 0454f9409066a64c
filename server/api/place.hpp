#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/audit.hpp"
#include "access/rights.hpp"
#include "api/caller.hpp"
#include "api/site.hpp"
#include "desk/resource.hpp"
#include "http/router.hpp"

/// Records of the desk in a request: its environment, its wishes, and the shape of its answers.
namespace doppel::api {

inline constexpr const char* kApiPath = "/api/v1/";

/// The request's environment as the desk sees it. REQUIRES: the call outlives it.
struct Place {
  Place(Site& site, Call& call);
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  OpenEnvironment& environment;
  desk::Workplace view;
};

/// Personal fields are masked for who may not read them in clear.
desk::Sight sight_of(const Call& call);

/// The right that a change of such rows takes.
access::Right right_to_edit(const desk::Collection& collection);

/// Throws http::ProblemError with all of them; `prefix` stands before each field.
[[noreturn]] void refuse(const std::vector<desk::FieldProblem>& problems,
                         std::string_view prefix = {});
[[noreturn]] void fail_no_record(const desk::Collection& collection, const std::string& id);

/// The record, or Error(kNotFound), also where its module is off.
desk::Record require_record(Place& place, const std::string& collection, const std::string& id);

/// `status=open`, `number[greater]=10`; what isn't about the page is about a field.
desk::Query query_of(const desk::Collection& collection, const http::Query& parameters);

/// `Prefer: dry-run`.
desk::Mode mode_of(const http::Request& request);
/// The tag that the caller has seen; `*` is any.
std::optional<std::string> if_match(const http::Request& request);

http::Response record_response(const desk::Collection& collection, const desk::Record& record,
                               int status);
http::Response page_response(const desk::Collection& collection, const desk::Page& page);
/// A stale editor is shown what stands there now.
http::Response stale_response(const desk::Collection& collection, const desk::Outcome& outcome,
                              const http::Request& request);
/// Throws for an outcome that isn't kDone or kStale.
void require_done(const desk::Collection& collection, const std::string& id,
                  const desk::Outcome& outcome);

/// What a call has written, for the audit and for those who watch.
struct Written {
  const desk::Collection* collection = nullptr;
  std::string id;
  std::string verb;  ///< create, change, remove
};
void note_writes(Call& call, std::span<const Written> writes);

std::string_view to_text(desk::Verb verb);

}  // namespace doppel::api
