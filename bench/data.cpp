#include "bench/data.hpp"

#include <fmt/core.h>

#include "adapters/sqlite/connection.hpp"
#include "base/random.hpp"
#include "bench/raw.hpp"

namespace doppel::bench {
namespace {

/// In the files' names: another generator makes new files.
constexpr int kGeneration = 1;
constexpr int kDataRows = 20'000;

fs::path data_folder() {
  fs::path folder = BENCH_DATA_FOLDER;
  fs::create_directories(folder);
  return folder;
}

/// A text of words, as people write them.
std::string words(Random& random, std::size_t count) {
  static const std::vector<std::string> known{"north", "sales", "blue",  "river", "first", "open",
                                              "quick", "team",  "stone", "paper", "green", "late"};
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += (i == 0 ? "" : " ") + known[random.below(known.size())];
  }
  return text;
}

void make_crm(const fs::path& file) {
  Raw database(file);
  database.run(
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
      "CREATE TABLE contacts (id INTEGER PRIMARY KEY, code TEXT NOT NULL, name TEXT NOT NULL,"
      " city TEXT, owner INTEGER, amount REAL, rank INTEGER, flags INTEGER, note TEXT,"
      " changed TEXT);"
      "CREATE TABLE visits (id INTEGER PRIMARY KEY, contact_id INTEGER REFERENCES contacts(id),"
      " minutes INTEGER);"
      "CREATE INDEX visits_contact ON visits (contact_id); BEGIN");
  SeededRandom random(1);
  RawStatement insert(database, "INSERT INTO contacts VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)");
  for (std::int64_t id = 1; id <= kCrmRows; ++id) {
    insert.bind(1, id).bind(2, fmt::format("C-{:07}", id)).bind(3, words(random, 2));
    insert.bind(4, words(random, 1)).bind(5, static_cast<std::int64_t>(random.below(500)));
    insert.bind(6, static_cast<double>(random.below(1'000'000)) / 100.0);
    insert.bind(7, static_cast<std::int64_t>(random.below(10)));
    insert.bind(8, static_cast<std::int64_t>(random.below(16))).bind(9, words(random, 4));
    insert.bind(10, fmt::format("2026-0{}-1{}", 1 + random.below(9), random.below(10)));
    insert.run();
  }
  RawStatement visit(database, "INSERT INTO visits (contact_id, minutes) VALUES (?1, ?2)");
  for (int i = 0; i < 1000; ++i) {
    visit.bind(1, static_cast<std::int64_t>(1 + random.below(kCrmRows))).bind(2, std::int64_t{30});
    visit.run();
  }
  database.run("COMMIT");
}

void make_cfg(const fs::path& file) {
  Raw database(file);
  database.run("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN");
  SeededRandom random(2);
  for (int number = 0; number < kCfgTables; ++number) {
    const std::string table = cfg_table(number);
    const std::string parent = cfg_table(number == 0 ? 0 : number - 1);
    database.run(
        fmt::format("CREATE TABLE {} (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
                    " parent_id INTEGER REFERENCES {}(id), position INTEGER NOT NULL, amount REAL,"
                    " label TEXT, options TEXT, active INTEGER NOT NULL, note TEXT, changed TEXT);"
                    "CREATE INDEX {}_parent ON {} (parent_id)",
                    table, parent, table, table));
    RawStatement insert(database, "INSERT INTO " + table +
                                      " (id, name, parent_id, position, amount, label, options,"
                                      " active, note, changed)"
                                      " VALUES (?1,?2,nullif(?3,0),?4,?5,?6,?7,1,?8,?9)");
    for (std::int64_t id = 1; id <= kCfgRows; ++id) {
      const auto other = static_cast<std::int64_t>(1 + random.below(kCfgRows));
      insert.bind(1, id).bind(2, fmt::format("{} {:03}", words(random, 2), id));
      insert.bind(3, number == 0 ? std::int64_t{0} : other).bind(4, id);
      insert.bind(5, static_cast<double>(random.below(10'000)) / 100.0);
      insert.bind(6, words(random, 2)).bind(7, fmt::format("{{\"size\":{}}}", random.below(99)));
      insert.bind(8, words(random, 5)).bind(9, std::string("2026-01-01"));
      insert.run();
    }
  }
  database.run(
      "CREATE TABLE entries (id INTEGER PRIMARY KEY, kind_id INTEGER REFERENCES t19(id),"
      " stage_id INTEGER REFERENCES t05(id), amount REAL);"
      "CREATE INDEX entries_kind ON entries (kind_id)");
  RawStatement entry(database, "INSERT INTO entries (kind_id, stage_id, amount) VALUES (?1,?2,?3)");
  for (int i = 0; i < kDataRows; ++i) {
    entry.bind(1, static_cast<std::int64_t>(1 + random.below(kCfgRows)));
    entry.bind(2, static_cast<std::int64_t>(1 + random.below(kCfgRows))).bind(3, 0.5).run();
  }
  database.run("COMMIT");
}

fs::path cached(const std::string& name, void (*make)(const fs::path&)) {
  const fs::path file = data_folder() / fmt::format("{}-{}.db", name, kGeneration);
  if (fs::exists(file)) return file;
  const fs::path part = file.string() + ".part";
  fs::remove(part);
  make(part);
  fs::rename(part, file);
  return file;
}

}  // namespace

fs::path crm_database() { return cached("crm", make_crm); }

std::string crm_manifest() {
  return "doppel: 1\napplication: crm\ntables:\n"
         "  contacts: {role: config, label: name, plain: all}\n"
         "  visits: data\n";
}

fs::path cfg_database() { return cached("cfg", make_cfg); }

std::string cfg_manifest() {
  std::string text = "doppel: 1\napplication: cfg\ntables:\n  entries: data\n";
  for (int number = 0; number < kCfgTables; ++number) {
    text += "  " + cfg_table(number) + ": {role: config, label: name, plain: all}\n";
  }
  return text;
}

std::string cfg_table(int number) { return fmt::format("t{:02}", number); }

manifest::Model model_of(const std::string& manifest, const fs::path& database) {
  const auto connection = sqlite::open({.path = database.string()});
  return manifest::bind(manifest::load_or_throw(manifest, "bench.yaml"), connection->read_schema());
}

fs::path fresh_folder(const std::string& name) {
  const fs::path folder = data_folder() / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

fs::path copy_database(const fs::path& from, const fs::path& to) {
  fs::copy_file(from, to, fs::copy_options::overwrite_existing);
  return to;
}

}  // namespace doppel::bench
