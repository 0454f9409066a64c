#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/field_problem.hpp"
#include "http/message.hpp"

namespace doppel::http {

using doppel::FieldProblem;

/// Why a request was refused (RFC 9457). Status, title and the remedy at need are the error
/// table's.
struct Problem {
  ErrorCode code = ErrorCode::kInternal;
  std::string detail;
  std::string field = {};
  std::string remedy = {};
  std::vector<FieldProblem> errors = {};
};

/// A list of problems as an exception, for the depth of a handler. Its text is the problem's
/// detail.
class ProblemError : public Error {
 public:
  explicit ProblemError(Problem problem);
  const Problem& problem() const { return problem_; }

 private:
  Problem problem_;
};

/// Whether the text of such an error is for those who run the server, and not for a client:
/// failures (5xx, but for 501 and 505) and what a database says of statements and files.
bool is_internal(ErrorCode code);

/// An Error as a problem: its place is the field. One that is internal is told without its text.
Problem problem_of(const Error& error);

/// The answer: application/problem+json with type, title, status, detail, code, field, remedy,
/// errors and request_id.
Response problem_response(const Problem& problem, std::string_view request_id);
Response problem_response(const Error& error, std::string_view request_id);

/// "stale_plan" is "Stale plan".
std::string title_of(ErrorCode code);

}  // namespace doppel::http
