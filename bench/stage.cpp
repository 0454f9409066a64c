#include "bench/stage.hpp"

#include <fmt/core.h>

#include "adapters/sqlite/database.hpp"

namespace doppel::bench {

Stage::Stage(const std::string& name, const fs::path& database, const std::string& manifest)
    : folder_(fresh_folder(name)), live_(copy_database(database, folder_ / "live.db")) {
  Settings settings;
  settings.home = folder_ / "home";
  settings.connect = [](const std::string& dsn) {
    return sqlite::attach(dsn.substr(std::string("sqlite:").size()));
  };
  settings.open_store = [](const fs::path& path) { return sqlite::open_store(path.string()); };
  settings.clock = &clock_;
  settings.random = &random_;
  settings.author = "bench";
  doppel_ = std::make_unique<Doppel>(std::move(settings));
  doppel_->init("app", "sqlite:" + live_.string(), "bench.yaml", manifest);
}

Stage::~Stage() {
  doppel_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

fs::path Stage::create(const std::string& name, const std::string& carrier) {
  CreateOptions options;
  options.carrier = carrier;
  const Created created = doppel_->create({"app", name}, options);
  return folder_ / "home" / "sandboxes" / "app" / created.environment.id / "data.db";
}

std::string edit_cfg(int count) {
  std::string sql = "BEGIN;";
  const int rows = count / kCfgTables;
  for (int number = 0; number < kCfgTables; ++number) {
    // Every third row, so that neighbours stay as they are.
    sql += fmt::format(
        "UPDATE {} SET note = 'edited ' || id, amount = id + 0.25 WHERE id % 3 = 1 AND id <= {};",
        cfg_table(number), rows * 3);
  }
  return sql + "COMMIT";
}

}  // namespace doppel::bench
