#include <cstdint>
#include <cstdlib>
#include <string>

#include "adapters/sqlite/ddl.hpp"
#include "adapters/sqlite/sql_text.hpp"

namespace {

namespace sqlite = doppel::sqlite;

void check(bool holds) {
  if (!holds) std::abort();
}

/// Tokens stand one after the other inside the text, and each has at least one byte.
void tokens_are_in_order(const std::string& text) {
  std::size_t at = 0;
  for (const sqlite::Token& token : sqlite::tokens_of(text)) {
    check(token.begin >= at && token.begin < token.end && token.end <= text.size());
    sqlite::name_of(text, token);
    at = token.end;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  tokens_are_in_order(text);
  check(sqlite::without_foreign_keys(text, [](const std::string&) { return true; }) == text);
  const std::string without =
      sqlite::without_foreign_keys(text, [](const std::string&) { return false; });
  check(without.size() <= text.size() + 1);
  sqlite::as_temporary(text);
  sqlite::mentions(text, {"tickets"});
  return 0;
}
