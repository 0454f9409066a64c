#include "picture.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "doppel/bundle.hpp"

namespace doppel::testing {

namespace fs = std::filesystem;

std::string suspended_text(const fs::path& home, const environment::Environment& environment) {
  const fs::path file = home / "suspended" / environment.tenant / bundle_name(environment);
  const Bundle bundle = read_bundle(read_file(file), file.string());
  std::string seen = "suspended\n";
  const auto tell = [&](const changeset::ChangeSet& changes) {
    for (const RowChange& change : changes.changes) {
      seen += fmt::format("  {} {} -> {}\n", change.table->name,
                          change.before ? display(*change.before) : "none",
                          change.after ? display(*change.after) : "none");
    }
  };
  tell(bundle.changes.config);
  tell(bundle.changes.data);
  for (const overlay::Checkpoint& checkpoint : bundle.checkpoints) {
    seen += "checkpoint " + checkpoint.name + "\n";
    tell(checkpoint.changes);
  }
  return seen;
}

Picture picture(const Stand& stand) {
  Picture seen;
  seen.live = Stand::content(stand.live_place());
  const auto doppel = stand.open();
  const auto tenants = doppel->tenants();
  if (tenants.empty()) return seen;
  seen.manifest = tenants.front().manifest;
  seen.promotions = doppel->history("shop").size();
  for (const auto& environment : doppel->sandboxes("shop")) {
    const EnvironmentName name{environment.tenant, environment.name};
    Status status;
    try {
      status = doppel->status(name);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kWrongState) {
        seen.sandboxes[name.text()] = suspended_text(stand.home(), environment);
        continue;
      }
      // What was interrupted on the way in or out of being is gone once it is asked for.
      EXPECT_EQ(error.code(), ErrorCode::kNotFound) << error.what();
      continue;
    }
    EXPECT_EQ(status.environment.state, environment::State::kReady);
    const std::string file = stand.place_of(name.text());
    EXPECT_EQ(is_sqlite(stand.carrier()) ? Stand::damage(file) : "", "");
    std::string marks;
    for (const std::string& mark : status.checkpoints) marks += mark + " ";
    seen.sandboxes[name.text()] =
        fmt::format("{}changes {} data {} moved {} open {} checkpoints {}", Stand::content(file),
                    status.changes, status.data_changes, status.live_moved.value_or(0),
                    status.collisions.value_or(0), marks);
  }
  EXPECT_EQ(is_sqlite(stand.carrier()) ? "" : Stand::damage(stand.live_place()), "");
  return seen;
}

std::multiset<std::string> files(const Stand& stand) {
  std::multiset<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(stand.home())) {
    std::string name = entry.path().lexically_relative(stand.home()).string();
    // Locks stay, and SQLite clears its own files when it next needs their place.
    const auto ends = [&](const char* suffix) { return name.ends_with(suffix); };
    if (name.starts_with("locks") || ends("-shm") || ends("-wal") || ends("-journal")) continue;
    // The place of rehearsals is made with the first one.
    if (name == "passing" && fs::is_empty(entry.path())) continue;
    std::string alike;
    for (const char c : name) {
      const bool id = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
      if (!id) alike += c;
      if (id && !alike.ends_with('#')) alike += '#';
    }
    names.insert(alike);
  }
  return names;
}

std::string text(const std::multiset<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += "  " + name + "\n";
  return all;
}

std::string text(const Picture& picture) {
  std::string all = fmt::format("{} promotions, live:\n{}", picture.promotions, picture.live);
  for (const auto& [name, content] : picture.sandboxes) all += name + ":\n" + content + "\n";
  return all;
}

}  // namespace doppel::testing
