#pragma once

#include <string>
#include <string_view>

namespace doppel::database {

enum class Scheme { kSqlite, kPostgresql };

/// Where a database is, as people write it: `sqlite:PATH` or `postgresql://...`.
struct Dsn {
  Scheme scheme = Scheme::kSqlite;
  std::string rest;  ///< sqlite: the path as written; postgresql: the whole DSN

  friend bool operator==(const Dsn&, const Dsn&) = default;
};

/// Throws Error(kUsage) for anything that is neither of the two. The text of an error holds no
/// password.
Dsn parse_dsn(std::string_view text);

/// `text` without its password, for messages, lists and logs.
std::string without_secrets(std::string_view text);

}  // namespace doppel::database
