#include "manifest/model.hpp"

#include <map>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace doppel::manifest {
namespace {

TableModel table_of(const std::string& name, const std::vector<std::string>& columns) {
  TableModel table;
  auto shape = std::make_shared<TableShape>();
  shape->name = name;
  shape->columns = columns;
  shape->key = {0};
  table.shape = shape;
  table.columns.resize(columns.size());
  return table;
}

Reference plain_reference(std::size_t column, const std::string& target) {
  Reference reference;
  reference.columns = {column};
  reference.targets = {{Value(), target, {"id"}}};
  return reference;
}

/// groups by domain; members take the role of their group; notes of members.
Model chain() {
  Model model;
  model.application = "chain";
  TableModel groups = table_of("groups", {"id", "domain", "name"});
  groups.role = {
      .role = Role::kData, .by = "domain", .cases = {{"Queue", Role::kConfig}}, .of = {}};
  groups.natural_key = {{2, NaturalKeyPart::Fold::kLower}};
  groups.label = 2;
  TableModel members = table_of("members", {"id", "group_id"});
  members.role = {.role = Role::kIdentity, .by = {}, .cases = {}, .of = "group_id"};
  members.references = {plain_reference(1, "groups")};
  members.references[0].none = {Value(0)};
  TableModel notes = table_of("notes", {"id", "member_id"});
  notes.role = {.role = Role::kLog, .by = {}, .cases = {}, .of = "member_id"};
  notes.references = {plain_reference(1, "members")};
  model.tables = {groups, members, notes};
  return model;
}

RowLookup lookup_in(std::map<std::pair<std::string, Key>, Row> rows) {
  return [rows = std::move(rows)](const std::string& table, const Key& key) -> std::optional<Row> {
    const auto found = rows.find({table, key});
    if (found == rows.end()) return {};
    return found->second;
  };
}

TEST(Model, FindsTablesByName) {
  const Model model = chain();
  EXPECT_EQ(model.table("members"), &model.tables[1]);
  EXPECT_EQ(model.table("member"), nullptr);
  EXPECT_THROW(model.require("zebra"), Error);
}

TEST(Model, DecidesTheRoleByRow) {
  const Model model = chain();
  const TableModel& groups = model.require("groups");
  const auto nothing = lookup_in({});
  EXPECT_EQ(role_of(model, groups, {1, "Queue", "a"}, nothing), Role::kConfig);
  EXPECT_EQ(role_of(model, groups, {1, "Ticket", "a"}, nothing), Role::kData);
  EXPECT_EQ(role_of(model, groups, {1, Value(), "a"}, nothing), Role::kData);
  EXPECT_TRUE(groups.may_hold_config());
}

TEST(Model, TakesTheRoleOfTheRowReferredToOverSeveralSteps) {
  const Model model = chain();
  const auto lookup = lookup_in({{{"groups", {7}}, {7, "Queue", "a"}},
                                 {{"groups", {8}}, {8, "Ticket", "b"}},
                                 {{"members", {1}}, {1, 7}},
                                 {{"members", {2}}, {2, 8}},
                                 {{"members", {3}}, {3, 0}}});
  const TableModel& notes = model.require("notes");
  EXPECT_EQ(role_of(model, notes, {1, 1}, lookup), Role::kConfig);
  EXPECT_EQ(role_of(model, notes, {2, 2}, lookup), Role::kData);
  EXPECT_EQ(role_of(model, notes, {3, 3}, lookup), Role::kIdentity) << "0 means no group";
  EXPECT_EQ(role_of(model, notes, {4, 99}, lookup), Role::kLog) << "no such member";
  EXPECT_TRUE(notes.may_hold_config());
}

TEST(Model, EndsWhenRowsReferInACircle) {
  Model model;
  TableModel nodes = table_of("nodes", {"id", "parent_id"});
  nodes.role = {.role = Role::kData, .by = {}, .cases = {}, .of = "parent_id"};
  nodes.references = {plain_reference(1, "nodes")};
  model.tables = {nodes};
  const auto lookup = lookup_in({{{"nodes", {1}}, {1, 2}}, {{"nodes", {2}}, {2, 1}}});
  EXPECT_EQ(role_of(model, model.tables[0], {1, 2}, lookup), Role::kData);
}

TEST(Model, ChoosesTheTargetByADiscriminatorOneJoinAway) {
  Model model;
  TableModel fields = table_of("fields", {"id", "kind"});
  TableModel values = table_of("values", {"id", "field_id", "object_id"});
  values.references = {plain_reference(1, "fields")};
  Reference object;
  object.columns = {2};
  object.targets = {{"Queue", "queues", {"id"}}, {"User", "users", {"id"}}};
  object.via = 1;
  object.via_column = "kind";
  values.references.push_back(object);
  model.tables = {fields, values};
  const auto lookup = lookup_in({{{"fields", {1}}, {1, "User"}}, {{"fields", {2}}, {2, "Asset"}}});
  const Reference& reference = model.tables[1].references[1];
  const auto found = referred_by(model, model.tables[1], reference, {5, 1, 44}, lookup);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->target->table, "users");
  EXPECT_EQ(found->values, std::vector<Value>{44});
  EXPECT_FALSE(referred_by(model, model.tables[1], reference, {5, 2, 44}, lookup));
  EXPECT_FALSE(referred_by(model, model.tables[1], reference, {5, 3, 44}, lookup));
  EXPECT_FALSE(referred_by(model, model.tables[1], reference, {5, 1, Value()}, lookup));
}

TEST(Model, FoldsNaturalKeysButNotLabels) {
  const Model model = chain();
  const TableModel& groups = model.require("groups");
  EXPECT_EQ(natural_key_of(groups, {1, "x", "SuppORT"}), std::vector<Value>{"support"});
  EXPECT_EQ(label_of(groups, {1, "x", "SuppORT"}), "SuppORT");
  EXPECT_EQ(label_of(groups, {1, "x", ""}), "1") << "an empty label says nothing";
  EXPECT_EQ(label_of(model.require("members"), {12, 3}), "12");
  EXPECT_TRUE(natural_key_of(model.require("members"), {12, 3}).empty());
}

}  // namespace
}  // namespace doppel::manifest
