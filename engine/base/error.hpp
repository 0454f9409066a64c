#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace doppel {

/// Every way in which doppel says no. One table (error.cpp) gives each its name, HTTP status, exit
/// code and remedy, so that the command line, the API and the docs can't disagree.
enum class ErrorCode {
  kUsage,            ///< the call itself is malformed
  kInvalidManifest,  ///< a manifest that can't be used; the place is file:line
  kUnclassified,     ///< the manifest says nothing of a table or column [M3]
  kInvalidInput,     ///< other input that can't be read: answers, selections, stored changesets
  kNotFound,         ///< no such tenant, environment, plan, promotion, row
  kAlreadyExists,    ///<
  kWrongState,       ///< the environment is in a state that doesn't allow this
  kConflicts,        ///< a plan has conflicts without an answer
  kStale,            ///< what a plan touches has moved since it was made
  kMarkedSandbox,    ///< a sandbox offered as production, or the other way round [E5]
  kLiveIsReadOnly,   ///< a write that a sandbox connection may not do [O4]
  kNotSignedIn,      ///< nobody, or with what isn't good any more
  kForbidden,        ///< a right is missing; the message names it [R1]
  kThrottled,        ///< too many failures to sign in; trying again later helps
  kSandboxOnly,      ///< live data would refer to config that exists only in a sandbox [O3]
  kConstraint,       ///< the database refused a row
  kSchemaChanged,    ///< the application's schema is not the one the sandbox was made from
  kUnsupported,      ///< the database or carrier can't do this
  kBusy,             ///< locked by somebody else; trying again helps
  kReadOnly,         ///< the file or directory can't be written
  kNotADatabase,     ///< the file isn't a database, or is damaged
  kNewerStore,       ///< the control store was written by a newer doppel
  kNoSpace,          ///< the disk is full
  kIo,               ///< another failure of the operating system
  kSql,              ///< a statement that the database can't run
  // Of HTTP alone: how a request was sent, and not what it asks for.
  kMalformedRequest,      ///< not HTTP, or HTTP that two readers could read in two ways
  kMethodNotAllowed,      ///< the resource is there, and doesn't take this method
  kNotAcceptable,         ///< no form of the answer is one that the client takes
  kRequestTimeout,        ///< the client was too slow with its request
  kPreconditionFailed,    ///< If-Match names a version that isn't the current one
  kBodyTooLarge,          ///<
  kTargetTooLong,         ///<
  kUnsupportedMediaType,  ///< the body is of a type that isn't read here
  kExpectationFailed,     ///< an Expect header other than 100-continue
  kHeadersTooLarge,       ///< too many of them, or too long
  kOverloaded,            ///< a limit of the server is reached, or it is going down
  kTimedOut,              ///< the answer took longer than it may
  kHttpVersion,           ///< another version than 1.0 and 1.1
  kInternal,              ///< a defect of doppel
};

/// One row of the error table.
struct ErrorInfo {
  ErrorCode code;
  std::string_view name;  ///< stable, snake_case: `error.code` of --json and of problem+json
  int http_status;
  int exit_code;            ///< 1 differences or conflicts, 2 usage, 3 refused, 4 failed
  std::string_view remedy;  ///< what to do when the error itself carries none
};

const ErrorInfo& error_info(ErrorCode code);

/// The one exception type: for what the caller can't handle locally. Lists of problems (validation,
/// conflicts) are values and never thrown one by one.
class Error : public std::runtime_error {
 public:
  struct Details {
    std::string place = {};   ///< file:line, table, table.column, path; empty where there is none
    std::string remedy = {};  ///< what to do; empty: the table's
  };

  Error(ErrorCode code, const std::string& message) : Error(code, message, Details{}) {}
  Error(ErrorCode code, const std::string& message, Details details);

  ErrorCode code() const { return code_; }
  const std::string& place() const { return details_.place; }
  std::string_view remedy() const;

 private:
  ErrorCode code_;
  Details details_;
};

}  // namespace doppel
