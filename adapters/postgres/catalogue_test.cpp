#include "adapters/postgres/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/postgres/connection.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::postgres {
namespace {

using database::KeySource;
using database::Schema;
using database::Table;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Catalogue : public ::testing::Test {
 protected:
  Schema read(const std::string& sql) {
    database_.run(sql);
    return open({.dsn = database_.dsn()})->read_schema();
  }

  static std::vector<std::string> names(const Schema& schema) {
    std::vector<std::string> names;
    for (const Table& table : schema.tables) names.push_back(table.name);
    return names;
  }
  static std::vector<std::string> objects(const Schema& schema) {
    std::vector<std::string> found;
    for (const auto& object : schema.objects) found.push_back(object.kind + " " + object.name);
    return found;
  }

  doppel::testing::TestDatabase database_;
};

TEST_F(Catalogue, TellsColumnsAsDeclared) {
  const Schema schema = read(
      "CREATE DOMAIN code AS varchar(8) NOT NULL;"
      "CREATE TABLE \"Mixed Case\" (id serial PRIMARY KEY, \"Na\"\"me\" varchar(30) DEFAULT 'x', "
      "price numeric(10,2) NOT NULL, c code, "
      "twice numeric GENERATED ALWAYS AS (price * 2) STORED, at timestamptz DEFAULT now())");
  const Table* table = schema.table("Mixed Case");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->column("id")->default_sql, "nextval('\"Mixed Case_id_seq\"'::regclass)");
  EXPECT_EQ(table->column("Na\"me")->type, "character varying(30)");
  EXPECT_EQ(table->column("Na\"me")->default_sql, "'x'::character varying");
  EXPECT_EQ(table->column("price")->type, "numeric(10,2)");
  EXPECT_TRUE(table->column("price")->not_null);
  EXPECT_TRUE(table->column("c")->not_null);
  EXPECT_TRUE(table->column("twice")->generated);
  EXPECT_EQ(table->column("twice")->default_sql, std::nullopt);
  EXPECT_EQ(table->key_source, KeySource::kCounted);
}

TEST_F(Catalogue, TellsWhereKeysComeFrom) {
  const Schema schema = read(
      "CREATE SEQUENCE shared; CREATE TABLE a (id bigint PRIMARY KEY DEFAULT nextval('shared'));"
      "CREATE TABLE b (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"
      "CREATE TABLE c (id integer PRIMARY KEY);"
      "CREATE TABLE d (id uuid PRIMARY KEY DEFAULT gen_random_uuid());"
      "CREATE TABLE e (id serial, b integer, PRIMARY KEY (b, id)); CREATE TABLE f (x text)");
  EXPECT_EQ(schema.table("a")->key_source, KeySource::kCounted);
  EXPECT_EQ(schema.table("b")->key_source, KeySource::kCounted);
  EXPECT_EQ(schema.table("c")->key_source, KeySource::kApplication);
  EXPECT_EQ(schema.table("d")->key_source, KeySource::kApplication);
  EXPECT_EQ(schema.table("e")->key_source, KeySource::kApplication);
  EXPECT_THAT(schema.table("e")->primary_key, ElementsAre("b", "id"));
  EXPECT_TRUE(schema.table("f")->primary_key.empty());
}

TEST_F(Catalogue, TellsWhichUniqueKeysColumnsDecide) {
  const Schema schema = read(
      "CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', "
      "deterministic = false);"
      "CREATE TABLE t (id integer PRIMARY KEY, a text, b text, c text COLLATE caseless, d integer);"
      "CREATE UNIQUE INDEX u1 ON t (b, a) INCLUDE (d);"
      "CREATE UNIQUE INDEX u2 ON t (a) WHERE d > 0; CREATE UNIQUE INDEX u3 ON t (lower(a));"
      "CREATE UNIQUE INDEX u4 ON t (c); CREATE UNIQUE INDEX u5 ON t (a) NULLS NOT DISTINCT");
  const auto& keys = schema.table("t")->unique_keys;
  ASSERT_EQ(keys.size(), 5);
  EXPECT_THAT(keys[0].columns, ElementsAre("b", "a"));
  EXPECT_TRUE(keys[0].plain);
  EXPECT_TRUE(!keys[1].plain && keys[1].partial);
  EXPECT_TRUE(!keys[2].plain && keys[2].columns.empty());
  EXPECT_THAT(keys[3].folded, ElementsAre("c"));
  EXPECT_FALSE(keys[4].plain);
}

TEST_F(Catalogue, TellsWhichStoredColumnsAnIndexIsMadeOf) {
  const Schema schema = read(
      "CREATE TABLE t (id integer PRIMARY KEY, a text, b text, c text,"
      " low text GENERATED ALWAYS AS (lower(a || b)) STORED);"
      "CREATE UNIQUE INDEX u1 ON t (c, lower(a)); CREATE UNIQUE INDEX u2 ON t (low);"
      "CREATE UNIQUE INDEX u3 ON t (b) WHERE c = 'x'");
  const auto& keys = schema.table("t")->unique_keys;
  ASSERT_EQ(keys.size(), 3);
  EXPECT_THAT(keys[0].made_of, ElementsAre("a", "c"));
  EXPECT_THAT(keys[1].made_of, ElementsAre("a", "b"));
  EXPECT_THAT(keys[2].made_of, ElementsAre());
}

TEST_F(Catalogue, TellsReferencesWithTheirColumns) {
  const Schema schema = read(
      "CREATE SCHEMA crm; CREATE TABLE crm.area (a integer, b integer, PRIMARY KEY (b, a));"
      "CREATE TABLE t (id integer PRIMARY KEY, x integer, y integer, up integer REFERENCES t ON "
      "DELETE SET NULL DEFERRABLE, FOREIGN KEY (x, y) REFERENCES crm.area (a, b) ON DELETE "
      "CASCADE)");
  const auto& references = schema.table("t")->foreign_keys;
  ASSERT_EQ(references.size(), 2);
  EXPECT_EQ(references[0], (database::ForeignKey{{"up"}, "t", {"id"}, "SET NULL"}));
  EXPECT_EQ(references[1], (database::ForeignKey{{"x", "y"}, "crm.area", {"a", "b"}, "CASCADE"}));
  EXPECT_THAT(schema.table("t")->definition, HasSubstr("DEFERRABLE"));
  EXPECT_THAT(names(schema), ElementsAre("crm.area", "t"));
}

TEST_F(Catalogue, APartitionedTableIsOneAndInheritanceAreSeveral) {
  const Schema schema = read(
      "CREATE TABLE p (id integer PRIMARY KEY, name text) PARTITION BY LIST (id);"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p DEFAULT;"
      "CREATE TABLE parent (id integer PRIMARY KEY); CREATE TABLE child (x text) INHERITS (parent);"
      "INSERT INTO p VALUES (1, 'a'), (2, 'b'); INSERT INTO parent VALUES (1); INSERT INTO child "
      "VALUES (2, 'x')");
  EXPECT_THAT(names(schema), ElementsAre("child", "p", "parent"));
  EXPECT_THAT(schema.table("p")->definition, HasSubstr("PARTITION BY LIST"));
  EXPECT_THAT(schema.table("child")->definition, HasSubstr("INHERITS parent"));
  const auto connection = open({.dsn = database_.dsn()});
  EXPECT_EQ(connection->count_rows("p"), 2);
  EXPECT_EQ(connection->count_rows("parent"), 1);
}

TEST_F(Catalogue, LeavesOutWhatIsDoppelsAnExtensionsOrASandboxs) {
  database_.run("CREATE EXTENSION citext; CREATE EXTENSION hstore", "postgres");
  const Schema schema = read(
      "CREATE SCHEMA doppel; CREATE TABLE doppel.doppel_promotion (n integer);"
      "CREATE SCHEMA zz_doppel_1; CREATE TABLE zz_doppel_1.t (id integer);"
      "CREATE TABLE t (id integer PRIMARY KEY, name citext UNIQUE); CREATE TEMP TABLE tt (x text)");
  EXPECT_THAT(names(schema), ElementsAre("t"));
  EXPECT_THAT(objects(schema), ElementsAre());
  EXPECT_THAT(schema.table("t")->unique_keys[0].folded, ElementsAre("name"));
  const auto sandbox = open({.dsn = database_.dsn(), .path = {"zz_doppel_1", "public"}});
  EXPECT_TRUE(sandbox->read_schema().table("t")->primary_key.empty());
}

TEST_F(Catalogue, TellsWhatStandsBesideTheTables) {
  const std::string sql =
      "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (id integer PRIMARY KEY, m mood);"
      "CREATE FUNCTION shape() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
      "CREATE FUNCTION unused() RETURNS integer LANGUAGE sql AS 'SELECT 1';"
      "CREATE TRIGGER shaped BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION shape();"
      "CREATE VIEW v AS SELECT id FROM t; CREATE MATERIALIZED VIEW m AS SELECT id FROM v;"
      "CREATE INDEX by_mood ON t (m); CREATE RULE quiet AS ON DELETE TO t DO ALSO NOTHING;"
      "CREATE POLICY mine ON t USING (id > 0)";
  const Schema before = read(sql);
  EXPECT_THAT(objects(before),
              ElementsAre("function shape()", "index by_mood", "materialized view m", "policy mine",
                          "rule quiet", "trigger shaped", "type mood", "view v"));
  const Schema after = read(
      "ALTER TYPE mood ADD VALUE 'b'; CREATE OR REPLACE FUNCTION shape() RETURNS trigger LANGUAGE "
      "plpgsql AS 'BEGIN RETURN OLD; END'; ALTER TABLE t ADD CHECK (id < 100)");
  const auto found = database::differences(before, after);
  EXPECT_THAT(found, Contains(HasSubstr("type mood is gone or another")));
  EXPECT_THAT(found, Contains(HasSubstr("function shape() is new or another")));
  EXPECT_THAT(found, Contains(HasSubstr("table t: its definition is another")));
}

}  // namespace
}  // namespace doppel::postgres
