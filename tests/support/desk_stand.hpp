#pragma once

#include <memory>
#include <string>

#include "adapters/postgres/database.hpp"
#include "adapters/sqlite/database.hpp"
#include "adapters/sqlite/test_file.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "database/dsn.hpp"
#include "desk/schema.hpp"
#include "desk/seed.hpp"
#include "doppel.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::testing {

inline std::unique_ptr<database::Database> attach_any(const std::string& dsn) {
  const database::Dsn parsed = database::parse_dsn(dsn);
  if (parsed.scheme == database::Scheme::kPostgresql) return postgres::attach(parsed.rest);
  return sqlite::attach(parsed.rest);
}

/// The desk of a new organisation on either database, as tenant `acme`, with time and chance that
/// are the same in every run.
class DeskStand {
 public:
  static constexpr Instant kStart{1'792'400'000'000'000};  // 2026-10-19T08:53:20Z, a Monday

  explicit DeskStand(desk::Dialect dialect) : dialect_(dialect) {
    if (dialect == desk::Dialect::kPostgresql) server_ = std::make_unique<TestDatabase>();
    dsn_ = server_ ? server_->dsn() : "sqlite:" + files_.path();
    if (!server_) files_.run("PRAGMA journal_mode = WAL");
    const auto connection = attach_any(dsn_)->open(database::Access::kReadWrite);
    steps_ = desk::apply_schema(*connection, dialect, clock);
    desk::seed_organisation(*connection, 1, clock.now());
  }

  /// What another Doppel of the same home is given.
  Settings settings() {
    Settings made;
    made.home = files_.folder() + "/home";
    made.connect = attach_any;
    made.open_store = [](const std::filesystem::path& path) {
      return sqlite::open_store(path.string());
    };
    made.clock = &clock;
    made.random = &random;
    made.author = "ada";
    return made;
  }

  /// The tenant is attached with the first use.
  Doppel& doppel() {
    if (!doppel_) {
      doppel_ = std::make_unique<Doppel>(settings());
      doppel_->init("acme", dsn_, "manifest.yaml", desk::manifest_text(dialect_));
    }
    return *doppel_;
  }

  std::unique_ptr<OpenEnvironment> open(const std::string& name) {
    return doppel().open(parse_environment(name));
  }
  Created fork(const std::string& sandbox) { return doppel().create({"acme", sandbox}, {}); }

  const std::string& dsn() const { return dsn_; }
  desk::Dialect dialect() const { return dialect_; }
  const std::vector<std::string>& steps() const { return steps_; }
  /// The key of a row of the starting configuration.
  static std::string id(std::string_view name) { return desk::seeded_id(1, name, kStart); }

  ManualClock clock{kStart};
  SeededRandom random{7};

 private:
  desk::Dialect dialect_;
  sqlite::TestFile files_;
  std::unique_ptr<TestDatabase> server_;
  std::string dsn_;
  std::vector<std::string> steps_;
  std::unique_ptr<Doppel> doppel_;
};

}  // namespace doppel::testing
