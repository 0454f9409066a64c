#pragma once

#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/database.hpp"
#include "base/error.hpp"
#include "database/schema.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/shop.hpp"

/// What the tests of sandboxes on PostgreSQL share.
namespace doppel::postgres::testing {

namespace fs = std::filesystem;
using database::Access;
using doppel::testing::TestDatabase;
using Lines = std::vector<std::string>;

/// A shop whose tables belong to its owner, and a sandbox of it, made by a role that is no
/// superuser.
class CopyCarrier : public ::testing::Test {
 protected:
  /// `more` is run by the owner of the shop's tables before anything is read of them.
  explicit CopyCarrier(const std::string& carrier = "copy", const std::string& more = "") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    live_.run("GRANT doppel_owner TO doppel_admin", "postgres");
    live_.run("GRANT CREATE ON SCHEMA public TO doppel_owner; GRANT CREATE ON DATABASE " +
              live_.name() + " TO doppel_owner");
    live_.run(std::string(kShop), "doppel_owner");
    if (!more.empty()) live_.run(more, "doppel_owner");
    database_ = attach(live_.dsn());
    const database::Schema schema = database_->open(Access::kReadOnly)->read_schema();
    spec_ = {.carrier = carrier,
             .folder = folder_ / ("qa" + live_.name().substr(5)),
             .mark = R"({"sandbox":"qa"})",
             .ordinal = 1,
             .tables = {}};
    const Lines data{"agent", "audit_log", "ticket"};
    for (const database::Table& table : schema.tables) {
      const bool is_data = std::ranges::find(data, table.name) != data.end();
      spec_.tables.push_back({.shape = database::shape_of(table, table.primary_key),
                              .kind = is_data ? database::TrackedTable::Kind::kData
                                              : database::TrackedTable::Kind::kConfig});
    }
  }
  ~CopyCarrier() override {
    database_->overlays().remove(spec_);
    fs::remove_all(folder_);
  }

  database::OverlayBuilder& overlays() { return database_->overlays(); }

  /// As the application in the sandbox does it.
  void run(const std::string& sql) { ask(sql); }

  Lines ask(const std::string& sql) {
    Lines lines;
    Link link({.dsn = overlays().access_for_application(spec_).dsn, .access = Access::kReadWrite});
    for (const Row& row : rows_of(link.run_script(sql).get())) lines.push_back(display(row));
    return lines;
  }

  Lines ask_live(const std::string& sql) {
    Lines lines;
    Link link({.dsn = live_.dsn("doppel_owner"), .access = Access::kReadWrite});
    for (const Row& row : rows_of(link.run_script(sql).get())) lines.push_back(display(row));
    return lines;
  }

  std::string failure(const std::string& sql) {
    try {
      run(sql);
    } catch (const Error& error) {
      return error.what();
    }
    return "it went well";
  }

  Lines changes() {
    Lines lines;
    for (const auto& captured : overlays().open(spec_, Access::kReadWrite)->read_changes()) {
      const RowChange& change = captured.change;
      lines.push_back(change.table->name + " " + (change.before ? display(*change.before) : "-") +
                      " > " + (change.after ? display(*change.after) : "-"));
    }
    return lines;
  }

  TestDatabase live_;
  fs::path folder_ = fs::path(::testing::TempDir()) / ("copy_" + std::to_string(::getpid()));
  std::unique_ptr<database::Database> database_;
  database::OverlaySpec spec_;
};

}  // namespace doppel::postgres::testing
