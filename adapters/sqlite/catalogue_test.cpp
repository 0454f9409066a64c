#include "adapters/sqlite/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/test_file.hpp"

namespace doppel::sqlite {
namespace {

using database::KeySource;
using database::Schema;
using database::Table;
using testing::ElementsAre;

Schema schema_of(const std::string& sql) {
  const TestFile file;
  file.run(sql);
  return open({.path = file.path()})->read_schema();
}

std::vector<std::string> names_of(const Schema& schema) {
  std::vector<std::string> names;
  for (const Table& table : schema.tables) names.push_back(table.name);
  return names;
}

TEST(SqliteCatalogue, KnowsWhereKeysComeFrom) {
  const Schema schema = schema_of(R"(
      CREATE TABLE alias (id INTEGER PRIMARY KEY, x);
      CREATE TABLE alias_below (x, id integer, PRIMARY KEY (id));
      CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT);
      CREATE TABLE descending (id INTEGER PRIMARY KEY DESC);
      CREATE TABLE int_is_not_integer (id INT PRIMARY KEY);
      CREATE TABLE keyless (x);
      CREATE TABLE names_autoincrement (id INTEGER PRIMARY KEY, x DEFAULT 'AUTOINCREMENT');
      CREATE TABLE text_key (id TEXT PRIMARY KEY);
      CREATE TABLE two (a INTEGER, b INTEGER, PRIMARY KEY (b, a));
      CREATE TABLE without_rowid (id INTEGER PRIMARY KEY) WITHOUT ROWID;)");
  const auto source = [&](const char* name) { return schema.table(name)->key_source; };
  EXPECT_EQ(source("alias"), KeySource::kReused);
  EXPECT_EQ(source("alias_below"), KeySource::kReused);
  EXPECT_EQ(source("counted"), KeySource::kCounted);
  EXPECT_EQ(source("names_autoincrement"), KeySource::kReused);
  for (const char* name :
       {"descending", "int_is_not_integer", "keyless", "text_key", "two", "without_rowid"}) {
    EXPECT_EQ(source(name), KeySource::kApplication) << name;
  }
  EXPECT_THAT(schema.table("two")->primary_key, ElementsAre("b", "a"));
  EXPECT_THAT(schema.table("keyless")->primary_key, ElementsAre());
}

TEST(SqliteCatalogue, TellsPlainUniqueKeysFromOthers) {
  const Schema schema = schema_of(R"(
      CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE, b TEXT, c TEXT COLLATE NOCASE, d);
      CREATE UNIQUE INDEX both ON t (b, d);
      CREATE UNIQUE INDEX by_expression ON t (lower(b), d);
      CREATE UNIQUE INDEX not_unique_for_all ON t (d) WHERE d > 0;
      CREATE UNIQUE INDEX other_collation ON t (b COLLATE NOCASE);
      CREATE UNIQUE INDEX own_collation ON t (c);
      CREATE INDEX plain_index ON t (b);)");
  EXPECT_THAT(schema.table("t")->unique_keys,
              ElementsAre(database::UniqueKey{"both", {"b", "d"}, true},
                          database::UniqueKey{"by_expression", {}, false, {}, false, {"b", "d"}},
                          database::UniqueKey{"not_unique_for_all", {"d"}, false, {}, true},
                          database::UniqueKey{"other_collation", {"b"}, false, {"b"}},
                          database::UniqueKey{"own_collation", {"c"}, true, {"c"}},
                          database::UniqueKey{"sqlite_autoindex_t_1", {"a"}, true}));
}

TEST(SqliteCatalogue, ResolvesForeignKeys) {
  const Schema schema = schema_of(R"(
      CREATE TABLE Parent (Id INTEGER PRIMARY KEY);
      CREATE TABLE pair (a, b, PRIMARY KEY (b, a));
      CREATE TABLE child (p REFERENCES PARENT ON DELETE CASCADE, q REFERENCES parent (ID),
                          x, y, self REFERENCES child (x), nowhere REFERENCES missing,
                          FOREIGN KEY (x, y) REFERENCES pair);)");
  EXPECT_THAT(schema.table("child")->foreign_keys,
              ElementsAre(database::ForeignKey{{"nowhere"}, "missing", {"nowhere"}, "NO ACTION"},
                          database::ForeignKey{{"p"}, "Parent", {"Id"}, "CASCADE"},
                          database::ForeignKey{{"q"}, "Parent", {"Id"}, "NO ACTION"},
                          database::ForeignKey{{"self"}, "child", {"x"}, "NO ACTION"},
                          database::ForeignKey{{"x", "y"}, "pair", {"b", "a"}, "NO ACTION"}));
}

TEST(SqliteCatalogue, MarksGeneratedColumns) {
  const Schema schema = schema_of(R"(
      CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL DEFAULT (1 + 1),
                      b INTEGER GENERATED ALWAYS AS (a * 2) VIRTUAL, c AS (a || 'x') STORED);)");
  const Table& table = *schema.table("t");
  ASSERT_EQ(table.columns.size(), 4);
  EXPECT_EQ(table.columns[1].default_sql, "1 + 1");
  EXPECT_TRUE(table.columns[1].not_null);
  EXPECT_TRUE(table.columns[2].generated);
  EXPECT_EQ(table.columns[2].type, "INTEGER");
  EXPECT_TRUE(table.columns[3].generated);
  EXPECT_THAT(database::shape_of(table, {"id"})->columns, ElementsAre("id", "a"));
}

TEST(SqliteCatalogue, ListsObjectsAndLeavesOutWhatIsInternal) {
  const Schema schema = schema_of(R"(
      CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, x UNIQUE);
      CREATE INDEX t_x ON t (x);
      CREATE VIEW v AS SELECT x FROM t;
      CREATE TRIGGER v_insert INSTEAD OF INSERT ON v BEGIN SELECT 1; END;
      CREATE TRIGGER doppel_capture AFTER INSERT ON t BEGIN SELECT 1; END;
      CREATE TABLE doppel_mark (x);
      CREATE INDEX mark_x ON doppel_mark (x);
      CREATE VIRTUAL TABLE words USING fts5(body);
      CREATE VIRTUAL TABLE boxes USING rtree(id, a, b);
      INSERT INTO t (x) VALUES (1);
      ANALYZE;)");
  EXPECT_THAT(names_of(schema), ElementsAre("t"));
  std::vector<std::string> objects;
  for (const auto& object : schema.objects) objects.push_back(object.kind + " " + object.name);
  EXPECT_THAT(objects, ElementsAre("index t_x", "trigger v_insert", "view v", "virtual table boxes",
                                   "virtual table words"));
}

TEST(SqliteCatalogue, ADifferenceIsNamed) {
  const std::string base = "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT);";
  const Schema before = schema_of(base);
  const auto after = [&](const std::string& more) {
    return database::differences(before, schema_of(base + more));
  };
  EXPECT_THAT(after(""), ElementsAre());
  EXPECT_THAT(after("ALTER TABLE t ADD COLUMN y INTEGER;"),
              ElementsAre("table t: column y is new (INTEGER)"));
  EXPECT_THAT(after("ALTER TABLE t RENAME COLUMN x TO z;"),
              ElementsAre("table t: column x is gone", "table t: column z is new (TEXT)"));
  EXPECT_THAT(after("CREATE TABLE u (x);"), ElementsAre("table u is new"));
  EXPECT_THAT(after("CREATE INDEX i ON t (x);"), ElementsAre("index i is new or another"));
  EXPECT_THAT(after("CREATE UNIQUE INDEX i ON t (x);"),
              testing::Contains("table t: its unique keys are others"));
  EXPECT_THAT(after("DROP TABLE t;"), ElementsAre("table t is gone"));
}

}  // namespace
}  // namespace doppel::sqlite
