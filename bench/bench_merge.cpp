#include <map>

#include <fmt/core.h>

#include "adapters/sqlite/connection.hpp"
#include "bench/data.hpp"
#include "bench/raw.hpp"
#include "bench/runner.hpp"
#include "merge/merge.hpp"
#include "overlay/facts.hpp"

/// Three-way merge: facts from SQLite, the merge in this process.
namespace doppel::bench {
namespace {

/// Both sides edit rows of one table: the sandbox's from `first` by `step`, live's every second of
/// them and as many others. One in a hundred of the shared rows is a conflict: the same column.
struct Edits {
  std::string table;
  std::int64_t count, step;
  std::string sandbox_column, live_column;
};

std::vector<std::int64_t> sandbox_keys(const Edits& edits) {
  std::vector<std::int64_t> keys;
  for (std::int64_t i = 0; i < edits.count; ++i) keys.push_back(1 + i * edits.step);
  return keys;
}

bool conflicts(std::int64_t i) { return i % 200 == 0; }

/// Writes live's edits: half of them in the sandbox's rows, half in their neighbours.
void edit_live(const Edits& edits, const fs::path& live) {
  Raw database(live);
  database.run("PRAGMA synchronous = OFF; BEGIN");
  const auto statement = [&](const std::string& column) {
    return RawStatement(
        database, fmt::format("UPDATE {} SET {} = 'live' WHERE id = ?1", edits.table, column));
  };
  RawStatement clean = statement(edits.live_column);
  RawStatement same = statement(edits.sandbox_column);
  for (std::int64_t i = 0; i < edits.count; ++i) {
    const std::int64_t key = 1 + i * edits.step;
    if (conflicts(i)) {
      same.bind(1, key).run();
    } else {
      clean.bind(1, i % 2 == 0 ? key : key + 1).run();
    }
  }
  database.run("COMMIT");
}

/// The sandbox's side as the capture would give it: rows of the base with another value.
changeset::ChangeSet sandbox_changes(const Edits& edits, const manifest::Model& model,
                                     const fs::path& base) {
  const TableShapePtr& shape = model.require(edits.table).shape;
  std::vector<Key> keys;
  for (const std::int64_t key : sandbox_keys(edits)) keys.push_back({Value(key)});
  const auto connection = sqlite::open({.path = base.string()});
  changeset::ChangeSet changes;
  const std::size_t column = *shape->column(edits.sandbox_column);
  auto rows = connection->read_rows(*shape, keys);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    require(rows[i].has_value(), "the base has no such row");
    Row after = *rows[i];
    after[column] = "sandbox";
    changes.changes.push_back({shape, keys[i], std::move(rows[i]), std::move(after)});
  }
  return changes;
}

/// What a merge by hand gives: live's row with the sandbox's value, but where both wrote the same.
void check(const Edits& edits, const changeset::ChangeSet& ours, const merge::Result& merged,
           sqlite::Connection& live) {
  const TableShape& shape = *ours.changes.front().table;
  const std::size_t column = *shape.column(edits.sandbox_column);
  std::map<Key, const RowChange*> found;
  for (const RowChange& change : merged.changes.changes) found[change.key] = &change;
  std::size_t expected_conflicts = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const Key& key = ours.changes[i].key;
    if (conflicts(static_cast<std::int64_t>(i))) {
      ++expected_conflicts;
      require(!found.contains(key), "a row in conflict is changed");
      continue;
    }
    auto now = live.read_rows(shape, std::span(&key, 1)).front();
    require(found.contains(key) && found[key]->before == now, "a change isn't on live's row");
    (*now)[column] = "sandbox";
    require(found[key]->after == now, "a merged row is another than by hand");
    found.erase(key);
  }
  require(found.empty(), "rows are changed that the sandbox didn't touch");
  require(merged.conflicts.size() == expected_conflicts, "another number of conflicts");
}

void merge_line(const std::string& title, const fs::path& database, const std::string& manifest,
                const Edits& edits, double most, int runs, Report& report) {
  const fs::path folder = fresh_folder("merge");
  const fs::path live_file = copy_database(database, folder / "live.db");
  const manifest::Model model = model_of(manifest, live_file);
  const changeset::ChangeSet ours = sandbox_changes(edits, model, live_file);
  edit_live(edits, live_file);
  const auto live = sqlite::open({.path = live_file.string()});
  const auto snapshot = live->begin(database::TransactionKind::kRead);
  merge::Result merged;
  const auto once = [&] {
    merged = merge::merge_with(model, ours, {}, overlay::facts_from(model, *live), {});
  };
  once();
  check(edits, ours, merged, *live);
  const Laps all = laps(runs, once);
  report.add({.name = title,
              .laps = all,
              .most = most,
              .note = fmt::format("{} conflicts, as by hand", merged.conflicts.size())});
  fs::remove_all(folder);
}

}  // namespace

void bench_merge_million(Report& report) {
  constexpr std::int64_t kFew = 1'000;
  constexpr std::int64_t kMany = 100'000;
  merge_line("merge CRM, 1,000 a side", crm_database(), crm_manifest(),
             {"contacts", kFew, kCrmRows / kFew, "note", "city"}, 100, 7, report);
  merge_line("merge CRM, 100,000 a side", crm_database(), crm_manifest(),
             {"contacts", kMany, kCrmRows / kMany, "note", "city"}, 2000, 3, report);
}

void bench_merge_config(Report& report) {
  merge_line("config merge CFG, 50 + 50 edits", cfg_database(), cfg_manifest(),
             {"t10", 50, 10, "note", "label"}, 5, 21, report);
}

}  // namespace doppel::bench
