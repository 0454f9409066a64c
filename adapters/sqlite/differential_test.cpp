#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/database.hpp"
#include "adapters/sqlite/failure.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/test_file.hpp"
#include "database/quote.hpp"
#include "database/schema.hpp"
#include "tests/support/sql_generator.hpp"

/// SQL in a sandbox behaves as on the tables themselves: random statements run one by one on a
/// plain copy, by SQLite alone, and in a session of a sandbox of each carrier. Answers, errors,
/// counts and contents are equal, and what was captured is the difference of the contents.
namespace doppel::sqlite {
namespace {

using doppel::testing::GeneratedShape;
using doppel::testing::SqlGenerator;

namespace fs = std::filesystem;
using database::Access;

constexpr int kSequences = 300;
constexpr int kStatements = 40;
constexpr std::int64_t kCounterGap = 1'000'000;

std::vector<GeneratedShape> shapes() {
  return {
      {"self_reference",
       "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE, n INT DEFAULT 5,"
       "  parent INT REFERENCES a ON DELETE CASCADE ON UPDATE CASCADE,"
       "  slug AS (lower(name)) STORED);"
       "INSERT INTO a (id, name, n, parent) VALUES (1, 'a', 1, NULL), (2, 'b', 2, 1),"
       "  (3, 'c', 3, 2), (4, NULL, 4, 3);",
       {{"a", {"id"}, {"id", "name", "n", "parent"}}}},
      {"composite",
       "CREATE TABLE b (x TEXT, y INT, name, n, PRIMARY KEY (x, y)) WITHOUT ROWID;"
       "CREATE TABLE c (id INTEGER PRIMARY KEY AUTOINCREMENT, name, n CHECK (n < 9),"
       "  x, y, FOREIGN KEY (x, y) REFERENCES b ON DELETE SET NULL ON UPDATE CASCADE);"
       "CREATE UNIQUE INDEX c_names ON c (name) WHERE n > 2;"
       "INSERT INTO b VALUES ('a', 1, 'a', 1), ('a', 2, 'b', 2), ('b', 1, 'c', 3);"
       "INSERT INTO c VALUES (1, 'a', 3, 'a', 1), (2, 'b', 3, 'a', 2), (7, 'b', 1, NULL, 5);",
       {{"b", {"x", "y"}, {"x", "y", "name", "n"}}, {"c", {"id"}, {"id", "name", "n", "x", "y"}}}},
      {"text_key",
       "CREATE TABLE d (k TEXT PRIMARY KEY, name UNIQUE, n REAL NOT NULL DEFAULT 2,"
       "  up REFERENCES d (name) DEFERRABLE INITIALLY DEFERRED);"
       "CREATE TABLE e (id INTEGER PRIMARY KEY, name NOT NULL, n, d REFERENCES d ON DELETE "
       "RESTRICT);"
       "INSERT INTO d VALUES ('a', 'a', 1, NULL), ('b', 2, 2, 'a'), (3, x'41', 3, 2);"
       "INSERT INTO e VALUES (1, 'a', 1, 'a'), (2, 'b', 2, NULL);",
       {{"d", {"k"}, {"k", "name", "n", "up"}}, {"e", {"id"}, {"id", "name", "n", "d"}}}},
      {"nocase_key",
       "CREATE TABLE h (k TEXT COLLATE NOCASE PRIMARY KEY, name, n,"
       // Not SET NULL: without triggers REPLACE then lets a reference to nothing pass, by SQLite's
       // own oddity.
       "  up TEXT REFERENCES h ON DELETE CASCADE ON UPDATE CASCADE);"
       "CREATE TABLE i (x TEXT COLLATE NOCASE, y INT, name, n, PRIMARY KEY (x, y)) WITHOUT ROWID;"
       "INSERT INTO h VALUES ('a', 'a', 1, NULL), ('B', 'b', 2, 'A'), ('c', 3, 3, 'b');"
       "INSERT INTO i VALUES ('a', 1, 'a', 1), ('A', 2, 'b', 2), ('b', 1, NULL, 3);",
       {{"h", {"k"}, {"k", "name", "n", "up"}}, {"i", {"x", "y"}, {"x", "y", "name", "n"}}}},
      {"triggers",
       "CREATE TABLE f (id INTEGER PRIMARY KEY, name, n, seen INT);"
       "CREATE TABLE g (name PRIMARY KEY, n, times INT DEFAULT 0);"
       "CREATE TRIGGER touch AFTER UPDATE ON f BEGIN"
       "  UPDATE f SET seen = coalesce(seen, 0) + 1 WHERE id = NEW.id; END;"
       "CREATE TRIGGER log AFTER INSERT ON f WHEN NEW.name IS NOT NULL BEGIN"
       "  INSERT OR REPLACE INTO g (name, n, times) VALUES (NEW.name, NEW.n, changes()); END;"
       "CREATE TRIGGER no BEFORE UPDATE OF n ON g WHEN NEW.n = 9 BEGIN"
       "  SELECT RAISE(IGNORE); END;"
       "CREATE TRIGGER never BEFORE DELETE ON g WHEN OLD.n = 3 BEGIN"
       "  SELECT RAISE(FAIL, 'three stays'); END;"
       "INSERT INTO f VALUES (1, 'a', 1, 0), (2, 'b', 2, 0), (3, 'c', 3, 0);",
       {{"f", {"id"}, {"id", "name", "n", "seen"}}, {"g", {"name"}, {"name", "n", "times"}}}},
  };
}

/// All that a statement shows, in words.
struct Shown {
  std::string text;
  bool failed = false;
  bool in_transaction = false;
};

std::string rows_text(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) text += " " + display(row);
  return text;
}

/// SQLite alone.
Shown run_plain(sqlite3* handle, const std::string& sql) {
  sqlite3_stmt* prepared = nullptr;
  int result = sqlite3_prepare_v2(handle, sql.c_str(), -1, &prepared, nullptr);
  const StatementHandle statement(prepared);
  const std::int64_t before = sqlite3_total_changes64(handle);
  std::vector<Row> rows;
  if (result == SQLITE_OK) {
    while ((result = sqlite3_step(prepared)) == SQLITE_ROW) rows.push_back(row_of(prepared));
  }
  Shown shown;
  if (result == SQLITE_DONE) {
    const bool counted = sqlite3_total_changes64(handle) != before;
    shown.text = std::to_string(counted ? sqlite3_changes64(handle) : 0) + rows_text(rows);
  } else {
    shown.failed = true;
    shown.text = std::to_string(static_cast<int>(error_code_of(sqlite3_extended_errcode(handle)))) +
                 " " + sqlite3_errmsg(handle) + rows_text(rows);
  }
  sqlite3_reset(prepared);
  shown.in_transaction = sqlite3_get_autocommit(handle) == 0;
  return shown;
}

Shown run_session(database::SqlSession& session, const std::string& sql) {
  std::vector<Row> rows;
  Shown shown;
  std::int64_t changed = 0;
  try {
    session.run(sql, {.columns = {},
                      .row = [&](Row&& row) { rows.push_back(std::move(row)); },
                      .done = [&](const auto& outcome) { changed = outcome.changed; }});
    shown.text = std::to_string(changed) + rows_text(rows);
  } catch (const Error& error) {
    std::string message = error.what();
    // A session says more: which row's reference finds nothing.
    const std::string reference = "FOREIGN KEY constraint failed";
    if (message.starts_with(reference)) message = reference;
    shown.text = std::to_string(static_cast<int>(error.code())) + " " + message + rows_text(rows);
  }
  shown.in_transaction = session.in_transaction();
  return shown;
}

using Contents = std::map<std::pair<std::string, Key>, Row>;

Contents contents(database::Connection& connection, const database::OverlaySpec& spec) {
  Contents rows;
  for (const database::TrackedTable& table : spec.tables) {
    connection.scan_rows(*table.shape, {}, [&](Row&& row) {
      Key key = table.shape->key_of(row);
      rows.emplace(std::pair(table.shape->name, std::move(key)), std::move(row));
    });
  }
  return rows;
}

std::string difference(const Contents& before, const Contents& after) {
  std::map<std::pair<std::string, Key>, std::pair<std::string, std::string>> found;
  for (const auto& [id, row] : before) found[id].first = display(row);
  for (const auto& [id, row] : after) found[id].second = display(row);
  std::string text;
  for (const auto& [id, images] : found) {
    const auto old = before.find(id);
    const auto now = after.find(id);
    if (old != before.end() && now != after.end() && old->second == now->second) continue;
    text += id.first + " " + images.first + " > " + images.second + "\n";
  }
  return text;
}

std::string captured(database::Overlay& overlay) {
  std::string text;
  for (const database::CapturedChange& captured : overlay.read_changes()) {
    const RowChange& change = captured.change;
    text += change.table->name + " " + (change.before ? display(*change.before) : "") + " > " +
            (change.after ? display(*change.after) : "") + "\n";
    EXPECT_EQ(captured.by, "ada") << text;
  }
  return text;
}

/// In memory where the system has such a folder: nothing here is about what a crash leaves.
fs::path fast_folder() {
  const fs::path memory = "/dev/shm";
  return fs::is_directory(memory) ? memory : fs::temp_directory_path();
}

class Pair {
 public:
  Pair(const GeneratedShape& shape, const std::string& carrier)
      : file_(fast_folder()), plain_path_(file_.folder() + "/plain.db") {
    file_.run(shape.script);
    fs::copy_file(file_.path(), plain_path_);
    database_ = attach(file_.path());
    const database::Schema schema = database_->open(Access::kReadOnly)->read_schema();
    spec_ = {.carrier = carrier,
             .folder = file_.folder() + "/qa",
             .mark = R"({"sandbox":"qa"})",
             .ordinal = 1,
             .tables = {}};
    for (const database::Table& table : schema.tables) {
      spec_.tables.push_back({.shape = database::shape_of(table, table.primary_key)});
      if (table.key_source == database::KeySource::kCounted) raise_counter(table.name);
    }
    database_->overlays().create(spec_);
    plain_ = open({.path = plain_path_, .access = Access::kReadWrite});
    session_ = database_->overlays().open(spec_, Access::kReadWrite)->open_session("ada");
  }

  void run(const std::string& sql) {
    const std::int64_t last = sqlite3_last_insert_rowid(plain_->handle());
    const Shown plain = run_plain(plain_->handle(), sql);
    const Shown sandbox = run_session(*session_, sql);
    // After an INSERT that failed SQLite's own answer depends on whether there are triggers.
    if (sqlite3_last_insert_rowid(plain_->handle()) != last && plain.text == sandbox.text &&
        sql.starts_with("INSERT")) {
      const char* ask = "SELECT changes(), last_insert_rowid()";
      if (!plain.failed) {
        EXPECT_EQ(run_plain(plain_->handle(), ask).text, run_session(*session_, ask).text) << sql;
      }
    }
    EXPECT_EQ(plain.text, sandbox.text) << sql;
    EXPECT_EQ(plain.in_transaction, sandbox.in_transaction) << sql;
    if (++runs_ % 8 != 0) return;
    for (const database::TrackedTable& table : spec_.tables) {
      // In the order in which the tables hold them, which other statements depend on.
      const std::string all = "SELECT * FROM " + database::quote_name(table.shape->name);
      EXPECT_EQ(run_plain(plain_->handle(), all).text, run_session(*session_, all).text) << sql;
    }
  }

  void compare() {
    if (session_->in_transaction()) run("COMMIT");
    if (session_->in_transaction()) run("ROLLBACK");
    session_.reset();
    const Contents base = contents(*database_->open(Access::kReadOnly), spec_);
    const Contents plain = contents(*plain_, spec_);
    // A reader can't mend the capture: this is what the triggers alone saw.
    const auto reader = database_->overlays().open(spec_, Access::kReadOnly);
    EXPECT_EQ(difference(plain, contents(reader->connection(), spec_)), "");
    EXPECT_EQ(captured(*reader), difference(base, plain));
    EXPECT_EQ(captured(*database_->overlays().open(spec_, Access::kReadWrite)),
              difference(base, plain));
  }

 private:
  void raise_counter(const std::string& table) {
    open({.path = plain_path_, .access = Access::kReadWrite})
        ->sql()
        ->execute("UPDATE sqlite_sequence SET seq = seq + $2 WHERE name = $1",
                  {Value(table), Value(kCounterGap)});
  }

  int runs_ = 0;
  TestFile file_;
  std::string plain_path_;
  std::unique_ptr<database::Database> database_;
  database::OverlaySpec spec_;
  std::unique_ptr<Connection> plain_;
  std::unique_ptr<database::SqlSession> session_;
};

void run_sequence(const GeneratedShape& shape, const std::string& carrier, std::uint64_t seed) {
  Pair pair(shape, carrier);
  SqlGenerator generator(shape, seed);
  std::string said;
  for (int i = 0; i < kStatements; ++i) {
    const std::string sql = generator.statement();
    said += sql + ";\n";
    pair.run(sql);
    if (::testing::Test::HasFailure()) break;
  }
  if (!::testing::Test::HasFailure()) pair.compare();
  if (::testing::Test::HasFailure()) {
    FAIL() << shape.name << " " << carrier << " seed " << seed << "\n" << said;
  }
}

class Differential : public ::testing::TestWithParam<std::string> {};

TEST_P(Differential, RandomSqlBehavesAsOnTheTablesThemselves) {
  const std::vector<GeneratedShape> all = shapes();
  for (std::uint64_t seed = 0; seed < kSequences; ++seed) {
    run_sequence(all[seed % all.size()], GetParam(), seed);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(OfSqlite, Differential, ::testing::Values("file", "split"),
                         [](const auto& carrier) { return carrier.param; });

}  // namespace
}  // namespace doppel::sqlite
