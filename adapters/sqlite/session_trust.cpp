#include "adapters/sqlite/session_trust.hpp"

#include <algorithm>
#include <utility>

#include "adapters/sqlite/base_copy.hpp"
#include "adapters/sqlite/sql_text.hpp"
#include "base/error.hpp"

namespace doppel::sqlite {
namespace {

bool has_word(std::string_view sql, std::string_view word) {
  return std::ranges::any_of(tokens_of(sql),
                             [&](const Token& token) { return is_word(sql, token, word); });
}

bool schema_may_bypass(Connection& session) {
  const auto definitions = session.sql()->query(
      "SELECT sql FROM main.sqlite_schema WHERE sql IS NOT NULL "
      "AND name NOT LIKE 'doppel\\_%' ESCAPE '\\'",
      {});
  return std::ranges::any_of(definitions, [](const Row& row) {
    return has_word(row[0].text(), "REPLACE") || has_word(row[0].text(), "IGNORE");
  });
}

}  // namespace

SessionTrust::SessionTrust(Connection& session, std::filesystem::path base_file)
    : session_(session), base_file_(std::move(base_file)) {
  const auto moment = session_.begin(database::TransactionKind::kRead);
  version_ = integer("PRAGMA main.data_version");
  schema_version_ = integer("PRAGMA main.schema_version");
  kept_ = !schema_may_bypass(session_);
}

std::int64_t SessionTrust::integer(std::string_view pragma) {
  return session_.sql()->query(pragma, {}).at(0).at(0).integer();
}

void SessionTrust::see(std::string_view sql) {
  if (kept_) kept_ = !has_word(sql, "REPLACE") && !has_word(sql, "CREATE");
}

void SessionTrust::keep() noexcept {
  if (!std::exchange(kept_, false) || session_.in_transaction()) return;
  try {
    // The file's state is read before the version, so that a commit in between shows in the
    // version.
    const std::string state = file_state(session_);
    const auto moment = session_.begin(database::TransactionKind::kRead);
    if (integer("PRAGMA main.data_version") != version_) return;
    if (integer("PRAGMA main.schema_version") != schema_version_) return;
    const auto base =
        sqlite::open({.path = base_file_.string(), .access = database::Access::kReadWrite});
    if (read_settled(*base) != state) write_settled(*base, state);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // The next reader compares with the base once more.
  }
}

std::string read_settled(Connection& base) {
  const auto rows = base.sql()->query("SELECT state FROM doppel_settled", {});
  return !rows.empty() && rows[0][0].kind() == ValueKind::kText ? rows[0][0].text() : "";
}

void write_settled(Connection& base, const std::string& state) {
  base.sql()->execute("UPDATE doppel_settled SET state = $1", {Value(state)});
}

}  // namespace doppel::sqlite
