#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "manifest/model.hpp"
#include "manifest/test_schema.hpp"

namespace doppel::manifest {
namespace {

using test::table;

database::Schema small_schema() {
  database::Schema schema;
  database::Table queues =
      table("queues", {"id integer!", "name varchar(30)!", "email text", "parent_id integer",
                       "position integer", "created_at datetime", "shout text=", "code text"});
  queues.unique_keys = {{"queues_name", {"name"}, true},
                        {"queues_code", {"code"}, true},
                        {"queues_low", {}, false},
                        {"queues_shout", {"shout"}, true}};
  database::Table links = table("links", {"a_id integer!", "b_id integer!", "c integer"}, {});
  links.unique_keys = {{"links_c", {"c"}, true}, {"links_ab", {"a_id", "b_id"}, true}};
  database::Table notes = table("notes", {"id integer!", "queue_id integer", "body text",
                                          "item_type varchar", "item_id integer", "flag boolean",
                                          "field_id integer", "object_id integer", "login text"});
  notes.foreign_keys = {{{"queue_id"}, "queues", {"id"}, "CASCADE"}};
  database::Table pairs = table("pairs", {"a integer!", "b integer!", "name text"}, {"a", "b"});
  database::Table uses = table("uses", {"id integer!", "x integer", "y integer"});
  uses.foreign_keys = {{{"y", "x"}, "pairs", {"b", "a"}, "NO ACTION"}};
  schema.tables = {table("fields", {"id integer!", "kind text"}),
                   links,
                   notes,
                   pairs,
                   queues,
                   table("sqlite_sequence", {"name", "seq"}, {}),
                   uses,
                   table("users", {"id integer!", "login varchar!"})};
  return schema;
}

using Bodies = std::map<std::string, std::string>;

const Bodies kGood{
    {"fields", "{role: config, plain: all}"},
    {"links", "{role: config, key: [a_id, b_id]}"},
    {"notes",
     "{role: data, columns: {body: {personal: free_text}, login: secret}, "
     "plain: [item_type]}"},
    {"pairs", "{role: config, plain: all}"},
    {"queues", "{role: config, plain: [name, code], columns: {email: {personal: email}}}"},
    {"uses", "config"},
    {"users", "{role: identity, columns: {login: {personal: login}}}"}};

/// The good manifest with some tables written otherwise; an empty body leaves the table out.
Manifest manifest_with(const Bodies& changed, const std::string& head = "") {
  Bodies bodies = kGood;
  for (const auto& [name, body] : changed) bodies[name] = body;
  std::string text = "doppel: 1\napplication: small\n" + head + "tables:\n";
  for (const auto& [name, body] : bodies) {
    if (!body.empty()) text += "  " + name + ": " + body + "\n";
  }
  return load_or_throw(text, "m.yaml");
}

TEST(Bind, TakesTheKeysOfTheDatabase) {
  const Model model = bind(manifest_with({}), small_schema());
  ASSERT_EQ(model.tables.size(), 7U);
  EXPECT_EQ(model.table("sqlite_sequence"), nullptr);
  const TableModel& queues = model.require("queues");
  EXPECT_EQ(queues.shape->columns.size(), 7U) << "computed columns are no part of a row";
  EXPECT_EQ(queues.key_source, database::KeySource::kReused);
  ASSERT_EQ(queues.unique_keys.size(), 4U);
  EXPECT_EQ(std::ranges::count_if(queues.unique_keys,
                                  [](const UniqueKeyModel& key) { return key.judged(); }),
            2)
      << "conditions, expressions and computed columns are the database's to judge";
  EXPECT_EQ(queues.unique_keys[0].columns, std::vector<std::size_t>{1});
  EXPECT_EQ(model.require("pairs").shape->key, (std::vector<std::size_t>{0, 1}));
  const TableModel& links = model.require("links");
  EXPECT_EQ(links.shape->key, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(links.key_source, database::KeySource::kApplication);
  ASSERT_EQ(links.unique_keys.size(), 1U) << "the key is not among the unique keys";
  EXPECT_EQ(links.unique_keys[0].name, "links_c");
}

TEST(Bind, KeepsThePrimaryKeyUniqueWhereAnotherKeyIsChosen) {
  const Model model = bind(manifest_with({{"queues",
                                           "{role: config, key: name, plain: all, "
                                           "columns: {email: {personal: email}}}"}}),
                           small_schema());
  const TableModel& queues = model.require("queues");
  EXPECT_EQ(queues.shape->key, std::vector<std::size_t>{1});
  ASSERT_FALSE(queues.unique_keys.empty());
  EXPECT_EQ(queues.unique_keys[0].columns, std::vector<std::size_t>{0});
  EXPECT_EQ(queues.key_source, database::KeySource::kApplication);
}

TEST(Bind, PutsDeclaredAndAddedReferencesSideBySide) {
  const Model model = bind(
      manifest_with({{"notes",
                      "{role: {by: flag, cases: {true: config}, default: data}, part_of: queue_id, "
                      "references: {queue_id: {table: queues, none: 0}, field_id: fields, "
                      "item_id: {type: item_type, cases: {Queue: queues, 7: users}}, "
                      "object_id: {type: kind, via: field_id, cases: {U: users}}, "
                      "login: {table: users, by: [login]}}, plain: [body], "
                      "columns: {login: {personal: login}}}"}}),
      small_schema());
  const TableModel& notes = model.require("notes");
  ASSERT_EQ(notes.references.size(), 5U) << "the declared one is merged with the manifest's";
  EXPECT_EQ(notes.references[0].on_delete, "CASCADE");
  EXPECT_EQ(notes.references[0].none, std::vector<Value>{0});
  EXPECT_FALSE(notes.references[1].declared());
  EXPECT_EQ(notes.references[2].discriminator, 3U);
  EXPECT_EQ(notes.references[2].targets[1].discriminator, Value("7")) << "as the column stores it";
  EXPECT_EQ(notes.references[3].via, 6U);
  EXPECT_EQ(notes.references[3].via_column, "kind");
  EXPECT_EQ(notes.references[4].targets[0].columns, std::vector<std::string>{"login"});
  EXPECT_EQ(notes.part_of, 0U);
  EXPECT_EQ(notes.role.cases[0].first, Value(1)) << "true as the column stores it";
  EXPECT_TRUE(notes.may_hold_config());

  const auto& referrers = model.referrers.at("users");
  ASSERT_EQ(referrers.size(), 3U);
  EXPECT_EQ(referrers[0].table, "notes");
  EXPECT_EQ(model.referrers.at("queues").size(), 2U);
}

TEST(Bind, AlignsCompositeReferencesWithTheirTargets) {
  const Model declared = bind(manifest_with({}), small_schema());
  const Reference& reference = declared.require("uses").references.at(0);
  EXPECT_EQ(reference.columns, (std::vector<std::size_t>{2, 1}));
  EXPECT_EQ(reference.targets[0].columns, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(reference.on_delete, "NO ACTION");

  const Model both = bind(manifest_with({{"uses", "{role: config, references: {'x, y': pairs}}"}}),
                          small_schema());
  ASSERT_EQ(both.require("uses").references.size(), 1U);
  const Reference& merged = both.require("uses").references[0];
  EXPECT_EQ(merged.columns, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(merged.targets[0].columns, (std::vector<std::string>{"a", "b"}));
}

TEST(Bind, ReadsSelfReferencesListsAndColumns) {
  const Model model = bind(
      manifest_with({{"queues",
                      "{role: config, natural_key: [{lower: name}, parent_id], label: name, "
                      "born: created_at, part_of: parent_id, references: {parent_id: queues}, "
                      "list: {order: position, within: [parent_id]}, plain: [name], columns: "
                      "{email: {personal: email, merge: set, volatile: true}, code: {plain: true, "
                      "ids: {pattern: 'u(\\d+)', table: users}}}}"}}),
      small_schema());
  const TableModel& queues = model.require("queues");
  EXPECT_EQ(queues.references.at(0).targets.at(0).table, "queues");
  EXPECT_EQ(queues.part_of, 0U);
  EXPECT_EQ(queues.list->order, 4U);
  EXPECT_EQ(queues.list->within, std::vector<std::size_t>{3});
  EXPECT_EQ(queues.label, 1U);
  EXPECT_EQ(queues.born, 5U);
  EXPECT_EQ(queues.natural_key.at(0).fold, NaturalKeyPart::Fold::kLower);
  EXPECT_EQ(queues.columns[2].merge, MergeUnit::kSet);
  EXPECT_TRUE(queues.columns[2].is_volatile);
  EXPECT_EQ(queues.columns[6].ids.size(), 1U);
}

TEST(Bind, LeavesDataWithoutAKeyOutOfTheModel) {
  const Manifest manifest = manifest_with({{"links", "{role: data, references: {a_id: queues}}"}});
  EXPECT_EQ(bind(manifest, small_schema()).table("links"), nullptr);
  const auto problems = check(manifest, small_schema());
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].severity, Problem::Severity::kWarning);
}

TEST(Bind, TakesTextThatRefersToPlainTextAsPlain) {
  database::Schema schema = small_schema();
  schema.tables.push_back(table("zones", {"code text!", "next text"}, {"code"}));
  const Manifest manifest =
      manifest_with({{"zones", "{role: data, plain: [code], references: {next: zones}}"}});
  EXPECT_TRUE(check(manifest, schema).empty());
}

TEST(Bind, SaysWhetherSomethingIsMissingOrWrong) {
  const auto code_of = [](const Bodies& changed) {
    try {
      bind(manifest_with(changed), small_schema());
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code_of({{"users", ""}}), ErrorCode::kUnclassified);
  EXPECT_EQ(code_of({{"users", "identity"}}), ErrorCode::kUnclassified);
  EXPECT_EQ(code_of({{"links", "config"}}), ErrorCode::kInvalidManifest);
}

struct Gap {
  Bodies changed;
  std::string place;
  std::string message;
  std::string remedy;
};
void PrintTo(const Gap& gap, std::ostream* out) { *out << gap.message; }

class CheckFinds : public testing::TestWithParam<Gap> {};

TEST_P(CheckFinds, OneErrorWithPlaceAndRemedy) {
  const Gap& gap = GetParam();
  std::vector<Problem> errors;
  for (Problem& problem : check(manifest_with(gap.changed), small_schema())) {
    if (problem.severity == Problem::Severity::kError) errors.push_back(problem);
  }
  ASSERT_EQ(errors.size(), 1U) << (errors.empty() ? "" : to_text(errors.back()));
  EXPECT_EQ(errors[0].place, gap.place);
  EXPECT_NE(errors[0].message.find(gap.message), std::string::npos) << errors[0].message;
  EXPECT_NE(errors[0].remedy.find(gap.remedy), std::string::npos) << errors[0].remedy;
}

INSTANTIATE_TEST_SUITE_P(
    Unclassified, CheckFinds,
    testing::Values(
        Gap{{{"users", ""}}, "users", "nothing of table users", "ROLE"},
        Gap{{{"users", "identity"}}, "users.login", "what text users.login holds", "`plain:`"},
        Gap{{{"users", "{role: identity, columns: {login: volatile}}"}},
            "users.login",
            "what text",
            ""},
        Gap{{{"notes",
              "{role: data, plain: [body, item_type], "
              "references: {login: {table: users, by: login}}}"}},
            "notes.login",
            "repeats a column",
            "like the column"}));

const std::string kNotes = "{role: data, plain: [body, item_type, login], ";
const std::string kQueues = "{role: config, plain: all, ";

INSTANTIATE_TEST_SUITE_P(
    Names, CheckFinds,
    testing::Values(
        Gap{{{"pair", "config"}}, "m.yaml:7", "no table pair", "'pairs'"},
        Gap{{{"queues", kQueues + "label: nmae}"}}, "m.yaml:8", "label of queues", "'name'"},
        Gap{{{"queues", kQueues + "label: shout}"}}, "m.yaml:8", "computes", "stored"},
        Gap{{{"queues", kQueues + "born: x}"}}, "m.yaml:8", "`born` of queues", ""},
        Gap{{{"queues", kQueues + "natural_key: nam}"}}, "m.yaml:8", "natural key", "'name'"},
        Gap{{{"queues", kQueues + "list: positoin}"}}, "m.yaml:8", "the list", "'position'"},
        Gap{{{"queues", kQueues + "list: name}"}}, "m.yaml:8", "no number", "position"},
        Gap{{{"queues", kQueues + "columns: {nam: plain}}"}}, "m.yaml:8", "column entry", "'name'"},
        Gap{{{"queues", kQueues + "columns: {id: volatile}}"}}, "m.yaml:8", "part of the key", ""},
        Gap{{{"queues", kQueues + "columns: {position: {ids: {pattern: '(1)', table: users}}}}"}},
            "m.yaml:8",
            "holds no text",
            "reference"},
        Gap{{{"queues",
              kQueues + "columns: {code: {ids: {pattern: '(1)', table: users, when: {x: 1}}}}}"}},
            "m.yaml:8",
            "`when` of queues",
            ""},
        Gap{{{"notes",
              "{role: {by: typ, cases: {1: config}, default: data}, "
              "plain: [body, item_type, login]}"}},
            "m.yaml:6",
            "the role of notes",
            ""}));

INSTANTIATE_TEST_SUITE_P(
    Keys, CheckFinds,
    testing::Values(
        Gap{{{"links", "config"}}, "m.yaml:5", "has no key", "say key: [a_id, b_id]"},
        Gap{{{"links", "{role: {of: a_id, default: data}, references: {a_id: queues}}"}},
            "m.yaml:5",
            "has no key",
            "key: [a_id, b_id]"},
        Gap{{{"links", "{role: config, key: [a_id]}"}},
            "m.yaml:5",
            "neither its primary key",
            "key: [a_id, b_id]"},
        Gap{{{"links", "{role: config, key: [c]}"}}, "m.yaml:5", "may be NULL", "NOT NULL"},
        Gap{{{"links", "{role: config, key: [a_id, d_id]}"}},
            "m.yaml:5",
            "no column of it",
            "'a_id'"},
        Gap{{{"queues", kQueues + "key: shout}"}}, "m.yaml:8", "computes", ""}));

INSTANTIATE_TEST_SUITE_P(
    References, CheckFinds,
    testing::Values(
        Gap{{{"notes", kNotes + "references: {feld_id: fields}}"}},
            "m.yaml:6",
            "a reference of",
            "'field_id'"},
        Gap{{{"notes", kNotes + "references: {queue_id: users}}"}},
            "m.yaml:6",
            "database declares",
            "queues"},
        Gap{{{"notes", kNotes + "references: {field_id: pairs}}"}},
            "m.yaml:6",
            "the key of pairs",
            "`by:`"},
        Gap{{{"notes", kNotes + "references: {field_id: {table: fields, by: kin}}}"}},
            "m.yaml:6",
            "no column of fields",
            ""},
        Gap{{{"notes", kNotes + "references: {body: fields}}"}},
            "m.yaml:6",
            "can't equal",
            "leave"},
        Gap{{{"notes", kNotes + "references: {field_id: {table: fields, scope: {x: kind}}}}"}},
            "m.yaml:6",
            "a scope of",
            ""},
        Gap{{{"notes", kNotes + "references: {field_id: {table: fields, scope: {body: x}}}}"}},
            "m.yaml:6",
            "the scope of notes.field_id",
            "THERE"},
        Gap{{{"notes", kNotes + "references: {item_id: {type: typ, cases: {Q: queues}}}}"}},
            "m.yaml:6",
            "`type` of",
            ""},
        Gap{{{"notes",
              kNotes + "references: {object_id: {type: kind, via: item_id, cases: {Q: queues}}}}"}},
            "m.yaml:6",
            "no plain reference",
            "`references:`"},
        Gap{{{"notes", kNotes + "references: {field_id: fields, object_id: "
                                "{type: knd, via: field_id, cases: {Q: queues}}}}"}},
            "m.yaml:6",
            "no column of fields",
            "`via:`"},
        Gap{{{"notes", kNotes + "part_of: queu_id}"}},
            "m.yaml:6",
            "no reference of it",
            "'queue_id'"},
        Gap{{{"notes", "{role: {of: item_id, default: data}, plain: [body, item_type, login]}"}},
            "m.yaml:6",
            "the role of notes",
            ""}));

INSTANTIATE_TEST_SUITE_P(
    Cycles, CheckFinds,
    testing::Values(Gap{{{"queues",
                          "{role: {of: parent_id, default: config}, references: "
                          "{parent_id: queues}, plain: all}"}},
                        "m.yaml:8",
                        "in a circle: queues -> queues",
                        "role of its own"},
                    Gap{{{"queues",
                          kQueues + "part_of: parent_id, references: {parent_id: notes}}"},
                         {"notes", kNotes + "part_of: queue_id}"}},
                        "m.yaml:6",
                        "part of each other: notes -> queues -> notes",
                        "part_of"}));

TEST(Check, WarnsOfADeclaredReferenceToNowhere) {
  database::Schema schema = small_schema();
  schema.tables[6].foreign_keys.push_back({{"x"}, "gone", {"id"}, "NO ACTION"});
  const auto problems = check(manifest_with({}), schema);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].severity, Problem::Severity::kWarning);
  EXPECT_NE(problems[0].message.find("gone"), std::string::npos);
}

TEST(Check, ListsEverythingAtOnce) {
  const auto problems = check(
      manifest_with({{"users", ""}, {"links", "config"}, {"queues", "config"}}), small_schema());
  EXPECT_EQ(problems.size(), 5U) << "a table, a key and three text columns";
}

}  // namespace
}  // namespace doppel::manifest
