#include "base/error.hpp"

#include <array>
#include <utility>

namespace doppel {
namespace {

constexpr int kDifferent = 1;
constexpr int kUsageExit = 2;
constexpr int kRefused = 3;
constexpr int kFailed = 4;

constexpr std::array kTable{
    ErrorInfo{ErrorCode::kUsage, "usage", 400, kUsageExit, "see --help"},
    ErrorInfo{ErrorCode::kInvalidManifest, "invalid_manifest", 422, kRefused,
              "mend the manifest at the place named; `doppel manifest check` lists all problems"},
    ErrorInfo{
        ErrorCode::kUnclassified, "unclassified", 422, kRefused,
        "add what is listed to the manifest (`doppel manifest draft` proposes roles), then `doppel "
        "manifest set` it"},
    ErrorInfo{ErrorCode::kInvalidInput, "invalid_input", 422, kUsageExit, "mend the input"},
    ErrorInfo{ErrorCode::kNotFound, "not_found", 404, kRefused, "check the name"},
    ErrorInfo{ErrorCode::kAlreadyExists, "already_exists", 409, kRefused, "choose another name"},
    ErrorInfo{ErrorCode::kWrongState, "wrong_state", 409, kRefused,
              "see `doppel sandbox show` for the state and what it allows"},
    ErrorInfo{ErrorCode::kConflicts, "conflicts", 409, kDifferent,
              "answer the conflicts with `doppel resolve`"},
    ErrorInfo{ErrorCode::kStale, "stale_plan", 409, kRefused,
              "make the plan again with `doppel plan` and review what moved"},
    ErrorInfo{ErrorCode::kMarkedSandbox, "marked_sandbox", 409, kRefused,
              "name the production database, not a sandbox of it"},
    ErrorInfo{ErrorCode::kLiveIsReadOnly, "live_is_read_only", 403, kRefused,
              "change config in the sandbox and promote it"},
    ErrorInfo{ErrorCode::kNotSignedIn, "not_signed_in", 401, kRefused, "sign in"},
    ErrorInfo{ErrorCode::kForbidden, "forbidden", 403, kRefused,
              "ask somebody who manages users for the right"},
    ErrorInfo{ErrorCode::kThrottled, "throttled", 429, kRefused, "wait, then try again"},
    ErrorInfo{ErrorCode::kSandboxOnly, "sandbox_only", 409, kRefused,
              "promote the config first, or refer to config that live has"},
    ErrorInfo{ErrorCode::kConstraint, "constraint", 409, kRefused,
              "change the row so that it keeps the constraint"},
    ErrorInfo{ErrorCode::kSchemaChanged, "schema_changed", 409, kRefused,
              "refresh the sandbox with `doppel sandbox refresh`"},
    ErrorInfo{ErrorCode::kUnsupported, "unsupported", 501, kRefused,
              "see docs/reference for what each carrier can do"},
    ErrorInfo{ErrorCode::kBusy, "busy", 503, kFailed, "try again; somebody holds a lock"},
    ErrorInfo{ErrorCode::kReadOnly, "read_only", 403, kFailed,
              "give doppel the right to write there"},
    ErrorInfo{ErrorCode::kNotADatabase, "not_a_database", 422, kFailed,
              "name a database file that its application can open"},
    ErrorInfo{ErrorCode::kNewerStore, "newer_store", 409, kFailed,
              "use the doppel that wrote this control store, or a newer one"},
    ErrorInfo{ErrorCode::kNoSpace, "no_space", 507, kFailed, "free disk space and try again"},
    ErrorInfo{ErrorCode::kIo, "io", 503, kFailed, "see the message of the operating system"},
    ErrorInfo{ErrorCode::kSql, "sql", 422, kRefused, "mend the statement"},
    ErrorInfo{ErrorCode::kMalformedRequest, "malformed_request", 400, kUsageExit,
              "send one HTTP/1.1 request as RFC 9112 has it"},
    ErrorInfo{ErrorCode::kMethodNotAllowed, "method_not_allowed", 405, kUsageExit,
              "use one of the methods that the header Allow lists"},
    ErrorInfo{ErrorCode::kNotAcceptable, "not_acceptable", 406, kUsageExit,
              "accept one of the types that the documentation of the API lists"},
    ErrorInfo{ErrorCode::kRequestTimeout, "request_timeout", 408, kFailed,
              "send the whole request without pauses"},
    ErrorInfo{ErrorCode::kPreconditionFailed, "precondition_failed", 412, kRefused,
              "read the current state, and make the change to that"},
    ErrorInfo{ErrorCode::kBodyTooLarge, "body_too_large", 413, kRefused, "send less at once"},
    ErrorInfo{ErrorCode::kTargetTooLong, "target_too_long", 414, kRefused,
              "send long parameters in the body"},
    ErrorInfo{ErrorCode::kUnsupportedMediaType, "unsupported_media_type", 415, kUsageExit,
              "send a type that the documentation of the API lists, and name it in Content-Type"},
    ErrorInfo{ErrorCode::kExpectationFailed, "expectation_failed", 417, kUsageExit,
              "expect nothing but 100-continue"},
    ErrorInfo{ErrorCode::kHeadersTooLarge, "headers_too_large", 431, kRefused,
              "send fewer and shorter headers; cookies are headers too"},
    ErrorInfo{ErrorCode::kOverloaded, "overloaded", 503, kFailed,
              "try again after the seconds that the header Retry-After gives"},
    ErrorInfo{ErrorCode::kTimedOut, "timed_out", 503, kFailed,
              "see whether it was done, then try again; ask for less at once"},
    ErrorInfo{ErrorCode::kHttpVersion, "http_version_not_supported", 505, kUsageExit,
              "speak HTTP/1.1"},
    ErrorInfo{ErrorCode::kInternal, "internal", 500, kFailed, "report this with the message"},
};

constexpr bool in_order_of_codes() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (static_cast<std::size_t>(kTable[i].code) != i) return false;
  }
  return kTable.back().code == ErrorCode::kInternal;
}
static_assert(in_order_of_codes(), "the error table lists every code once, in the enum's order");

}  // namespace

const ErrorInfo& error_info(ErrorCode code) { return kTable[static_cast<std::size_t>(code)]; }

Error::Error(ErrorCode code, const std::string& message, Details details)
    : std::runtime_error(message), code_(code), details_(std::move(details)) {}

std::string_view Error::remedy() const {
  return details_.remedy.empty() ? error_info(code_).remedy : std::string_view(details_.remedy);
}

}  // namespace doppel
