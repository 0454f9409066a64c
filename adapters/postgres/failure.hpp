#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <libpq-fe.h>

#include "base/error.hpp"

namespace doppel::postgres {

/// What the server says of a failure, field by field; absent ones are empty.
struct Problem {
  std::string sqlstate;
  std::string message, detail, hint;
  std::string schema, table, column, constraint;
  int position = 0;  ///< in the statement, in characters from 1; 0 where there is none
  /// Of a lock that couldn't be had: the sessions that have it, for people, and the first one's
  /// number.
  std::string blockers = {};
  std::int64_t blocker = 0;
};

Problem problem_of(const PGresult* result);

/// A failure of the server with what it said: this room looks into it, everybody else sees an
/// Error.
class ServerError : public Error {
 public:
  ServerError(const Problem& problem, const std::string& place);
  const Problem& problem() const { return problem_; }

 private:
  Problem problem_;
};

/// What an SQLSTATE means to doppel: the one table for it.
ErrorCode error_code_of(std::string_view sqlstate);

/// The message in doppel's words, which are the same on every database.
std::string words_of(const Problem& problem);

/// Throws what a failed connection means: kIo where the server isn't there, kNotFound where the
/// database isn't, kReadOnly where the role may not, kBusy where it takes no more connections.
[[noreturn]] void fail_to_connect(PGconn* connection, const std::string& place);

}  // namespace doppel::postgres
