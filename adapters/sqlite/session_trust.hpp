#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "adapters/sqlite/connection.hpp"

/// Whether the capture has seen all that a session wrote. A session begins on a settled sandbox; if
/// nobody else commits until it ends, and nothing it did gets past the triggers, the file it leaves
/// is settled, too, and the next reader need not compare it with the base.
///
/// What gets past them: REPLACE (by a key that no trigger can foresee), RAISE(IGNORE) in a trigger
/// that runs before theirs, and another schema. The words are looked for in all that is run and in
/// the schema; where they stand, nothing is claimed.
namespace doppel::sqlite {

class SessionTrust {
 public:
  /// `session` is the session's connection, before it has run anything, and outlives this.
  SessionTrust(Connection& session, std::filesystem::path base_file);

  /// What the session is about to run.
  void see(std::string_view sql);

  /// Says in the base file that the sandbox is settled as it stands, if it is. No transaction of
  /// the session may be open. Nothing is lost where that fails: the next reader compares.
  void keep() noexcept;

 private:
  std::int64_t integer(std::string_view pragma);

  Connection& session_;
  std::filesystem::path base_file_;
  std::int64_t version_ = 0;
  std::int64_t schema_version_ = 0;
  bool kept_ = true;
};

/// What the base file says: the file_state() of the sandbox as it was last found settled; empty for
/// none.
std::string read_settled(Connection& base);
void write_settled(Connection& base, const std::string& state);

}  // namespace doppel::sqlite
