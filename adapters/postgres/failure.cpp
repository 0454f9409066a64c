#include "adapters/postgres/failure.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace doppel::postgres {
namespace {

struct Meaning {
  std::string_view sqlstate;  ///< five letters, or the two of a class
  ErrorCode code;
  std::string_view remedy;  ///< empty: the error table's
};

constexpr std::string_view kTryLater = "try again; the server is starting, stopping or full";
constexpr std::string_view kNoSuchText =
    "PostgreSQL keeps no NUL byte and no invalid UTF-8 in text: take it out, or use bytea";

/// The first that fits counts: states stand before their classes.
constexpr std::array kMeanings{
    Meaning{"55P03", ErrorCode::kBusy, ""},
    Meaning{"40001", ErrorCode::kBusy, "run it again: others changed the same rows meanwhile"},
    Meaning{"40P01", ErrorCode::kBusy, "run it again: two transactions waited for each other"},
    Meaning{"57014", ErrorCode::kBusy, "the statement was cancelled; run it again"},
    Meaning{"57P01", ErrorCode::kIo, "the server ended the connection; run it again"},
    Meaning{"57P02", ErrorCode::kIo, "the server crashed; run it again when it is back"},
    Meaning{"57P03", ErrorCode::kBusy, kTryLater},
    Meaning{"25P03", ErrorCode::kIo, "the transaction was idle for too long; run it again"},
    Meaning{"53300", ErrorCode::kBusy,
            "the server or the role takes no more connections: close some or raise the limit"},
    Meaning{"53400", ErrorCode::kUnsupported,
            "go on in another sandbox, with more `changed_rows` under `limits:` in the manifest "
            "where that is right"},
    Meaning{"53100", ErrorCode::kNoSpace, "free disk space on the server and try again"},
    Meaning{"53200", ErrorCode::kIo, "give the server more memory, or try again when it is idle"},
    Meaning{"25006", ErrorCode::kReadOnly, "name the primary server, not a read-only standby"},
    Meaning{"42501", ErrorCode::kReadOnly,
            "give doppel's role the right, or name another role in the DSN"},
    Meaning{"3D000", ErrorCode::kNotFound, "check the name of the database in the DSN"},
    Meaning{"3F000", ErrorCode::kSql, ""},
    Meaning{"28P01", ErrorCode::kReadOnly,
            "check the role and its password in the DSN; doppel keeps none with a tenant: put it "
            "into ~/.pgpass, or PGPASSWORD into the environment"},
    Meaning{"28", ErrorCode::kReadOnly, "check the role and its password in the DSN, and pg_hba"},
    Meaning{"08", ErrorCode::kIo, "check that the server runs and can be reached"},
    Meaning{"22021", ErrorCode::kInvalidInput, kNoSuchText},
    Meaning{"22P05", ErrorCode::kInvalidInput, kNoSuchText},
    Meaning{"22", ErrorCode::kConstraint, "give a value that fits the column's type"},
    Meaning{"23", ErrorCode::kConstraint, ""},
    Meaning{"44000", ErrorCode::kConstraint, ""},
    Meaning{"P0001", ErrorCode::kConstraint, "a trigger or function of the application refused it"},
    Meaning{"0A000", ErrorCode::kUnsupported, ""},
    Meaning{"54", ErrorCode::kInvalidInput,
            "PostgreSQL has a limit here: make the statement or its values smaller"},
    Meaning{"58", ErrorCode::kIo, ""},
    Meaning{"XX", ErrorCode::kIo, "look into the server's log"},
    Meaning{"F0", ErrorCode::kIo, "look into the server's configuration"},
    Meaning{"25", ErrorCode::kSql, ""},
    Meaning{"42", ErrorCode::kSql, ""},
};

const Meaning* meaning_of(std::string_view sqlstate) {
  const auto found = std::ranges::find_if(kMeanings, [&](const Meaning& meaning) {
    return !sqlstate.empty() && sqlstate.starts_with(meaning.sqlstate);
  });
  return found == kMeanings.end() ? nullptr : &*found;
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

/// What stands between the first pair of double quotes.
std::string quoted_part(const std::string& message) {
  const auto first = message.find('"');
  const auto last = first == std::string::npos ? first : message.find('"', first + 1);
  return last == std::string::npos ? "" : message.substr(first + 1, last - first - 1);
}

std::string remedy_of(const Problem& problem) {
  if (problem.blocker != 0) {
    return "wait for that session, or end it: SELECT pg_terminate_backend(" +
           std::to_string(problem.blocker) + ")";
  }
  const Meaning* meaning = meaning_of(problem.sqlstate);
  if (meaning != nullptr && !meaning->remedy.empty()) return std::string(meaning->remedy);
  return {};
}

/// libpq's message on one line.
std::string connection_message(PGconn* connection) {
  std::string message(trim(PQerrorMessage(connection)));
  std::ranges::replace(message, '\n', ' ');
  std::erase(message, '\t');
  return printable(message, 500);
}

/// What the server says of a key of tables that sandboxes share, without the sandbox that leads it:
/// `Key (doppel_sandbox, name)=(12, x)` is `Key (name)=(x)`.
std::string without_sandbox(std::string detail) {
  constexpr std::array<std::string_view, 2> kLeads{
      "(doppel_sandbox, ", "(int4range(doppel_sandbox, doppel_sandbox, '[]'::text), "};
  for (const std::string_view lead : kLeads) {
    for (auto at = detail.find(lead); at != std::string::npos; at = detail.find(lead, at)) {
      detail.erase(at + 1, lead.size() - 1);
      const auto values = detail.find(")=(", at);
      if (values == std::string::npos) continue;
      // The range of one number is written [1,2).
      const auto end = detail.find(", ", values);
      if (end != std::string::npos) detail.erase(values + 3, end + 2 - (values + 3));
    }
  }
  return detail;
}

}  // namespace

Problem problem_of(const PGresult* result) {
  Problem problem{.sqlstate = field(result, PG_DIAG_SQLSTATE),
                  .message = field(result, PG_DIAG_MESSAGE_PRIMARY),
                  .detail = without_sandbox(field(result, PG_DIAG_MESSAGE_DETAIL)),
                  .hint = field(result, PG_DIAG_MESSAGE_HINT),
                  .schema = field(result, PG_DIAG_SCHEMA_NAME),
                  .table = field(result, PG_DIAG_TABLE_NAME),
                  .column = field(result, PG_DIAG_COLUMN_NAME),
                  .constraint = field(result, PG_DIAG_CONSTRAINT_NAME)};
  if (const auto at = parse_integer(field(result, PG_DIAG_STATEMENT_POSITION))) {
    problem.position = static_cast<int>(*at);
  }
  if (problem.message.empty()) problem.message = trim(PQresultErrorMessage(result));
  return problem;
}

ErrorCode error_code_of(std::string_view sqlstate) {
  // Without a state it is libpq's own: the connection broke.
  if (sqlstate.empty()) return ErrorCode::kIo;
  const Meaning* meaning = meaning_of(sqlstate);
  return meaning == nullptr ? ErrorCode::kSql : meaning->code;
}

std::string words_of(const Problem& problem) {
  const std::string& state = problem.sqlstate;
  const std::string detail = problem.detail.empty() ? "" : ": " + problem.detail;
  if (state == "42P01") return "no such table: " + quoted_part(problem.message);
  if (state == "23502") {
    return "NOT NULL constraint failed: " + problem.table + "." + problem.column;
  }
  if (state == "23503") return "FOREIGN KEY constraint failed: " + problem.constraint + detail;
  if (state == "23505") return "UNIQUE constraint failed: " + problem.constraint + detail;
  if (state == "23514") return "CHECK constraint failed: " + problem.constraint;
  if (state == "23P01") return "EXCLUDE constraint failed: " + problem.constraint + detail;
  if (state == "55P03" && !problem.blockers.empty()) return "locked by " + problem.blockers;
  if (state == "55P03") return "locked by somebody else: " + problem.message;
  return problem.message;
}

ServerError::ServerError(const Problem& problem, const std::string& place)
    : Error(error_code_of(problem.sqlstate), words_of(problem),
            {.place = problem.table.empty() ? place : problem.table, .remedy = remedy_of(problem)}),
      problem_(problem) {}

void fail_to_connect(PGconn* connection, const std::string& place) {
  const std::string message = connection_message(connection);
  const auto has = [&](std::string_view words) { return message.find(words) != std::string::npos; };
  // libpq keeps no SQLSTATE of a failed connection, only the server's words.
  std::string state = "08001";
  if (has("database \"") && has("does not exist")) state = "3D000";
  if (has("authentication failed") || has("pg_hba.conf") ||
      (has("role \"") && has("does not exist")) || has("is not permitted to log in")) {
    state = "28000";
  }
  if (has("no password supplied")) state = "28P01";
  if (has("too many clients") || has("too many connections") || has("connection slots")) {
    state = "53300";
  }
  if (has("starting up") || has("shutting down") || has("not yet accepting")) state = "57P03";
  throw ServerError({.sqlstate = state,
                     .message = "can't connect: " + message,
                     .detail = {},
                     .hint = {},
                     .schema = {},
                     .table = {},
                     .column = {},
                     .constraint = {}},
                    place);
}

}  // namespace doppel::postgres
