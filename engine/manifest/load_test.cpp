#include <gtest/gtest.h>

#include "base/error.hpp"
#include "manifest/manifest.hpp"

namespace doppel::manifest {
namespace {

constexpr std::string_view kWhole = R"(doppel: 1
application: helpdesk
version: "3"
carrier: split
after_promote: UPDATE cache_marks SET stamp = stamp + 1
limits: {connections: 5, temporary_megabytes: 64, changed_rows: 2000}
scope: {tenant_id: 5}
tables:
  users: identity
  settings:
    role: config
    key: name
    plain: all
    columns:
      value: {ids: [{pattern: '- (\d+)', table: queues, within: '(?s)^(.*)$', when: {name: q}}]}
  queues:
    role: config
    key: [id]
    natural_key: [name, {lower: email}]
    label: name
    part_of: parent_id
    born: created_at
    list: {order: position, within: [parent_id]}
    references:
      owner_id: users
      parent_id: {table: queues, none: [0, '']}
      item_id: {type: item_type, cases: {Queue: queues, 7: users}, none: 0}
      object_id: {type: customized_type, via: item_id, cases: {Queue: queues}}
      template: {table: queues, by: [name], scope: {site: site}}
      "a_id, b_id": {table: users}
    plain: [name, notes]
    columns:
      email: {personal: email}
      password: secret
      endpoint: {binding: true}
      site: url
      updated_at: volatile
      filters: {plain: true, merge: json, ids: {pattern: 'cf_(\d+)', table: queues}}
  acl:
    role: {by: type, cases: {Queue: config, 2: log}, default: data}
  notes: {role: {of: acl_id, default: data}, shared_write: false}
  counts: {role: derived, rebuild: [DELETE FROM counts, INSERT INTO counts SELECT 1]}
)";

TEST(Load, ReadsEverythingThatTheFormatCanSay) {
  const Loaded loaded = load(kWhole, "m.yaml");
  // The format has a place for `scope`, and nothing is done by it so far.
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems.front().place, "m.yaml:7");
  const Manifest& manifest = loaded.manifest;
  EXPECT_EQ(manifest.application, "helpdesk");
  EXPECT_EQ(manifest.version, "3");
  EXPECT_EQ(manifest.carrier, "split");
  EXPECT_EQ(manifest.after_promote.size(), 1U);
  EXPECT_EQ(manifest.limits,
            (database::SessionLimits{.connections = 5, .temp_mb = 64, .changed_rows = 2000}));
  ASSERT_EQ(manifest.scope.size(), 1U);
  EXPECT_EQ(manifest.scope[0].second, Value(5));
  ASSERT_EQ(manifest.tables.size(), 6U);
  EXPECT_EQ(manifest.table("users")->role.role, Role::kIdentity);

  const EmbeddedIds& ids = manifest.table("settings")->column("value")->ids.at(0);
  EXPECT_EQ(ids.pattern, R"(- (\d+))");
  EXPECT_EQ(ids.within, "(?s)^(.*)$");
  EXPECT_EQ(ids.when.at(0).second, Value("q"));

  EXPECT_EQ(manifest.table("acl")->role.by, "type");
  EXPECT_EQ(manifest.table("acl")->role.cases.at(1).first, Value(2));
  EXPECT_EQ(manifest.table("acl")->role.role, Role::kData);
  EXPECT_EQ(manifest.table("notes")->role.of, "acl_id");
  EXPECT_EQ(manifest.table("counts")->rebuild.size(), 2U);
}

TEST(Load, ReadsReferencesOfEveryKind) {
  const Loaded loaded = load(kWhole, "m.yaml");
  const TableEntry& queues = *loaded.manifest.table("queues");
  ASSERT_EQ(queues.references.size(), 6U);
  EXPECT_EQ(queues.references[0].cases.at(0).table, "users");
  EXPECT_EQ(queues.references[1].none, (std::vector<Value>{0, ""}));
  EXPECT_EQ(queues.references[2].discriminator, "item_type");
  EXPECT_EQ(queues.references[2].cases.at(1).discriminator, Value(7));
  EXPECT_EQ(queues.references[2].none, std::vector<Value>{0});
  EXPECT_EQ(queues.references[3].via, "item_id");
  EXPECT_EQ(queues.references[4].by, std::vector<std::string>{"name"});
  EXPECT_EQ(queues.references[4].scope.at(0).second, "site");
  EXPECT_EQ(queues.references[5].columns, (std::vector<std::string>{"a_id", "b_id"}));
  EXPECT_EQ(queues.references[5].place.line, 30U);
}

TEST(Load, ReadsColumnsAndKeys) {
  const Loaded loaded = load(kWhole, "m.yaml");
  const TableEntry& queues = *loaded.manifest.table("queues");
  EXPECT_EQ(queues.natural_key.at(1).fold, NaturalKeyPart::Fold::kLower);
  EXPECT_EQ(queues.list->within, std::vector<std::string>{"parent_id"});
  EXPECT_EQ(queues.column("email")->personal, "email");
  EXPECT_TRUE(queues.column("password")->secret);
  EXPECT_TRUE(queues.column("endpoint")->binding);
  EXPECT_TRUE(queues.column("site")->url);
  EXPECT_TRUE(queues.column("updated_at")->is_volatile);
  EXPECT_TRUE(queues.column("notes")->plain);
  EXPECT_EQ(queues.column("filters")->merge, MergeUnit::kJson);
  EXPECT_EQ(queues.column("nothing"), nullptr);
}

TEST(LoadTest, ArraysOfJsonMergeAsTheirPathsSay) {
  const Loaded loaded = load(
      "doppel: 1\napplication: x\ntables:\n  t:\n    role: config\n    columns:\n"
      "      a: {plain: true, merge: {json: set}}\n"
      "      b: {plain: true, merge: {json: {in.*: set, columns: list}}}\n",
      "x.yaml");
  ASSERT_TRUE(loaded.problems.empty()) << to_text(loaded.problems.front());
  const TableEntry& table = *loaded.manifest.table("t");
  EXPECT_EQ(table.column("a")->merge, MergeUnit::kJson);
  EXPECT_EQ(table.column("a")->arrays, (std::vector<ArrayRule>{{{}, MergeUnit::kSet}}));
  EXPECT_EQ(table.column("b")->arrays, (std::vector<ArrayRule>{{{"in", "*"}, MergeUnit::kSet},
                                                               {{"columns"}, MergeUnit::kList}}));
}

TEST(LoadTest, TriggersRunInASandboxOrDont) {
  const Loaded loaded = load(
      "doppel: 1\napplication: x\ntables:\n  t: {role: data, triggers: {due: replay, mail: "
      "skip}}\n",
      "x.yaml");
  ASSERT_TRUE(loaded.problems.empty()) << to_text(loaded.problems.front());
  using Uses = std::map<std::string, database::TriggerUse>;
  EXPECT_EQ(loaded.manifest.table("t")->triggers,
            (Uses{{"due", database::TriggerUse::kReplay}, {"mail", database::TriggerUse::kSkip}}));
}

struct Mistake {
  std::string body;  ///< of `queues:`, each line indented by four; or a whole file
  std::size_t line;
  std::string message;
  std::string remedy;
};

/// Which mistake, in a test's name.
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.message; }

class LoadMistake : public testing::TestWithParam<Mistake> {};

constexpr std::string_view kBefore =
    "doppel: 1\napplication: a\ntables:\n  users: identity\n  queues:\n";

TEST_P(LoadMistake, IsNamedWithLineAndRemedy) {
  const Mistake& mistake = GetParam();
  const bool whole = !mistake.body.starts_with(" ");
  const std::string text = whole ? mistake.body : std::string(kBefore) + mistake.body;
  const Loaded loaded = load(text, "m.yaml");
  ASSERT_EQ(loaded.problems.size(), 1U)
      << (loaded.problems.empty() ? "" : to_text(loaded.problems.back()));
  const Problem& problem = loaded.problems.front();
  EXPECT_TRUE(problem.place.starts_with("m.yaml:" + std::to_string(mistake.line))) << problem.place;
  EXPECT_NE(problem.message.find(mistake.message), std::string::npos) << problem.message;
  EXPECT_NE(problem.remedy.find(mistake.remedy), std::string::npos) << problem.remedy;
  EXPECT_EQ(problem.severity, Problem::Severity::kError);
}

const std::string kRole = "    role: config\n";

INSTANTIATE_TEST_SUITE_P(
    Head, LoadMistake,
    testing::Values(
        Mistake{"doppel: 2\napplication: a\ntables: {}\n", 1, "format 2", "newer doppel"},
        Mistake{"application: a\ntables: {}\n", 1, "lacks `doppel:`", "doppel: 1"},
        Mistake{"doppel: 1\ntables: {}\n", 1, "lacks `application:`", ""},
        Mistake{"doppel: 1\napplication: a\n", 1, "lacks `tables:`", ""},
        Mistake{"doppel: 1\napplication: a\ntable: {}\ntables: {}\n", 3, "'table'", "'tables'"},
        Mistake{"doppel: 1\napplication: a\ntables: []\n", 3, "must be a mapping", "pairs"},
        Mistake{"doppel: 1\napplication: a\ncarrier: splitt\ntables: {}\n", 3, "'splitt'",
                "'split'"},
        Mistake{"doppel: 1\napplication: [a]\ntables: {}\n", 2, "application must be a text", ""},
        Mistake{"doppel: 1\napplication: a\nscope: {t: [1]}\ntables: {}\n", 3, "must be a value",
                ""},
        Mistake{"doppel: 1\napplication: a\nscope: {t: 1}\ntables: {}\n", 3, "all tenants",
                "leave `scope` out"},
        Mistake{"doppel: 1\napplication: a\ntables:\n  t: config\n  t: data\n", 5, "given twice",
                "YAML"},
        Mistake{"doppel: [1\n", 2, "not YAML", "YAML"}, Mistake{"x", 1, "mapping", ""}));

INSTANTIATE_TEST_SUITE_P(
    Table, LoadMistake,
    testing::Values(
        Mistake{"    rolle: config\n    role: config\n", 6, "'rolle'", "'role'"},
        Mistake{"    role: confg\n", 6, "'confg'", "'config'"},
        Mistake{"    label: name\n", 5, "has no role", "config"},
        Mistake{"    []\n", 5, "needs a role", "config"},
        Mistake{"    role: {by: type, default: data}\n", 6, "stand together", "cases"},
        Mistake{"    role: {by: type, cases: {a: config}}\n", 6, "lacks `default:`", "data"},
        Mistake{"    role: {default: data}\n", 6, "either `by:`", "of:"},
        Mistake{"    role: {of: x, defalt: data, default: data}\n", 6, "'defalt'", "'default'"},
        Mistake{"    role: {by: t, cases: {~: config}, default: data}\n", 6, "a value", ""},
        Mistake{kRole + "    key: [id, id]\n", 7, "names 'id' twice", "once"},
        Mistake{kRole + "    key: {a: b}\n", 7, "list of texts", "[a, b]"},
        Mistake{kRole + "    key: []\n", 7, "empty list", ""},
        Mistake{kRole + "    natural_key: [name, {upper: name}]\n", 7, "{lower: column}", "lower"},
        Mistake{kRole + "    natural_key: [name, {lower: name}]\n", 7, "twice", "once"},
        Mistake{kRole + "    list: {within: a}\n", 7, "lacks `order:`", "position"},
        Mistake{kRole + "    list: {order: a, within: [a]}\n", 7, "orders by a column", "within"},
        Mistake{kRole + "    rebuild: SELECT 1\n", 5, "role derived", "derived"},
        Mistake{kRole + "    shared_write: true\n", 5, "never written in live", "data"},
        Mistake{kRole + "    shared_write: 1\n", 7, "true or false", "true"},
        Mistake{kRole + "    triggers: [audit]\n", 7, "mapping", ""},
        Mistake{kRole + "    triggers: {audit: replya}\n", 7, "not 'replya'", "replay"},
        Mistake{"    role: data\n    plain: all\n", 5, "`plain: all`", "list the columns"},
        Mistake{"    role: {by: t, cases: {a: log}, default: config}\n    plain: all\n", 5,
                "`plain: all`", ""}));

INSTANTIATE_TEST_SUITE_P(
    Columns, LoadMistake,
    testing::Values(
        Mistake{kRole + "    columns: {a: plian}\n", 7, "'plian'", "'plain'"},
        Mistake{kRole + "    columns: {a: {personal: emial}}\n", 7, "'emial'", "'email'"},
        Mistake{kRole + "    columns: {a: {secrt: true}}\n", 7, "'secrt'", "'secret'"},
        Mistake{kRole + "    columns: {a: {merge: jsn}}\n", 7, "'jsn'", "'json'"},
        Mistake{kRole + "    columns: {a: {merge: {jsn: set}}}\n", 7, "'jsn'", "'json'"},
        Mistake{kRole + "    columns: {a: {merge: {json: text}}}\n", 7, "an array is no text",
                "whole, set or list"},
        Mistake{kRole + "    columns: {a: {merge: {json: {x: lst}}}}\n", 7, "'lst'", "'list'"},
        Mistake{kRole + "    columns: {a: {plain: true, secret: true}}\n", 7, "plain and secret",
                ""},
        Mistake{kRole + "    columns: {a: secret}\n    plain: [a]\n", 8, "says too", "one place"},
        Mistake{kRole + "    columns: {a: {ids: {pattern: '(', table: users}}}\n", 7, "no pattern",
                "RE2"},
        Mistake{kRole + "    columns: {a: {ids: {pattern: 'a', table: users}}}\n", 7,
                "0 capturing groups", "(?: )"},
        Mistake{kRole + "    columns: {a: {ids: {pattern: '(a)(b)', table: users}}}\n", 7,
                "2 capturing groups", "(?: )"},
        Mistake{kRole + "    columns: {a: {ids: {pattern: '(a)', table: usres}}}\n", 7, "'usres'",
                "'users'"},
        Mistake{kRole + "    columns: {a: {ids: {table: users}}}\n", 7, "lacks `pattern:`", "cf_"},
        Mistake{kRole + "    columns: {a: {ids: x}}\n", 7, "must be a list", "pattern"}));

INSTANTIATE_TEST_SUITE_P(
    References, LoadMistake,
    testing::Values(
        Mistake{kRole + "    references: {a_id: usrs}\n", 7, "'usrs'", "'users'"},
        Mistake{kRole + "    references: {a_id: {tabel: users, table: users}}\n", 7, "'tabel'",
                "'table'"},
        Mistake{kRole + "    references: {a_id: {none: 0}}\n", 7, "names no table", "cases"},
        Mistake{kRole + "    references: {a_id: {table: users, type: t, cases: {a: users}}}\n", 7,
                "both", "cases"},
        Mistake{kRole + "    references: {a_id: {cases: {a: users}}}\n", 7, "no `type:`", "COLUMN"},
        Mistake{kRole + "    references: {a_id: {table: users, via: b}}\n", 7, "no `cases:`", ""},
        Mistake{kRole + "    references: {a_id: {table: users, by: [a, b]}}\n", 7, "refers `by` 2",
                "as many"},
        Mistake{kRole + "    references: {'a, b': users, 'b,a': users}\n", 7, "two references",
                "cases"},
        Mistake{kRole + "    references: {'a, a': users}\n", 7, "names 'a' twice", "once"},
        Mistake{kRole + "    references: {'a,': users}\n", 7, "empty column", "a_id"}));

TEST(Load, ListsEveryMistakeInTheOrderOfTheFile) {
  const Loaded loaded = load(
      "doppel: 1\napplication: a\ncarier: file\ntables:\n  a: confg\n"
      "  b: {role: data, references: {x_id: c}}\n  d: {role: data, key: [i, i]}\n",
      "m.yaml");
  std::vector<std::string> places;
  for (const Problem& problem : loaded.problems) places.push_back(problem.place);
  EXPECT_EQ(places, (std::vector<std::string>{"m.yaml:3", "m.yaml:5", "m.yaml:6", "m.yaml:7"}));
}

TEST(Load, ThrowsTheWholeList) {
  try {
    load_or_throw("doppel: 1\napplication: a\ntables: {a: confg, b: dta}\n", "m.yaml");
    FAIL() << "a manifest with mistakes was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidManifest);
    EXPECT_NE(std::string(error.what()).find("confg"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("dta"), std::string::npos);
  }
  EXPECT_EQ(load_or_throw("doppel: 1\napplication: a\ntables: {a: config}\n", "m").tables.size(),
            1U);
}

TEST(Load, OfNothingIsOneProblem) {
  EXPECT_EQ(load({}, "m.yaml").problems.size(), 1U);
  EXPECT_EQ(load("# only this\n", "m.yaml").problems.size(), 1U);
}

TEST(Load, KeepsQuotedNumbersAndOddOnesAsText) {
  const Loaded loaded = load(
      "doppel: 1\napplication: a\nscope: {a: '5', b: 05, c: -7, d: 0.5, e: true}\ntables: {}\n",
      "m.yaml");
  std::vector<Value> values;
  for (const auto& [column, value] : loaded.manifest.scope) values.push_back(value);
  EXPECT_EQ(values, (std::vector<Value>{"5", "05", -7, 0.5, "true"}));
}

TEST(Load, LimitsAreNumbersThatMeanSomething) {
  constexpr std::string_view kText =
      "doppel: 1\napplication: a\nlimits: {connections: 0, statement_seconds: long, speed: 1}\n"
      "tables: {}\n";
  std::string said;
  for (const Problem& problem : load(kText, "m.yaml").problems) said += to_text(problem) + "\n";
  EXPECT_NE(said.find("limits.connections must be a number from 1 to 10000"), std::string::npos);
  EXPECT_NE(said.find("limits.statement_seconds must be a number"), std::string::npos);
  EXPECT_NE(said.find("'speed'"), std::string::npos) << said;
}

}  // namespace
}  // namespace doppel::manifest
