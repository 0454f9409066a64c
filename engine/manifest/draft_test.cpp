#include "manifest/draft.hpp"

#include <gtest/gtest.h>

#include "manifest/model.hpp"
#include "manifest/test_schema.hpp"

namespace doppel::manifest {
namespace {

using test::table;

/// The draft of a schema, which must load and bind.
Manifest drafted(const database::Schema& schema, const DatabaseFacts& facts = {}) {
  const std::string text = draft(schema, "an application", facts);
  Loaded loaded = load(text, "draft.yaml");
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << to_text(problem);
  for (const Problem& problem : check(loaded.manifest, schema)) {
    if (problem.severity == Problem::Severity::kError) ADD_FAILURE() << to_text(problem);
  }
  EXPECT_FALSE(testing::Test::HasFailure()) << text;
  return loaded.manifest;
}

database::Schema names_only(const std::vector<std::string>& names) {
  database::Schema schema;
  for (const std::string& name : names) {
    schema.tables.push_back(table(name, {"id integer!", "name text"}));
  }
  return schema;
}

struct Named {
  Role role;
  std::vector<std::string> names;
};

TEST(Draft, GuessesRolesFromNames) {
  const std::vector<Named> expected{
      {Role::kConfig,
       {"roles", "ticket_statuses", "email_templates", "Macros", "sla_policies", "customFields",
        "business_hours", "auth_group", "settings", "issue_categories", "pipelines"}},
      {Role::kData,
       {"tickets", "crm_lead", "messages", "invoices", "companies", "news", "wikis",
        "custom_values"}},
      {Role::kIdentity, {"users", "agents", "auth_user", "team_members"}},
      {Role::kSecret, {"api_keys", "access_tokens"}},
      {Role::kTransient, {"django_session", "delayed_jobs", "imports"}},
      {Role::kLog, {"audit_logs", "login_history", "webhook_deliveries"}},
      {Role::kReference, {"countries", "currencies", "schema_migrations"}},
      {Role::kDerived, {"ticket_stats", "search_index"}}};
  std::vector<std::string> names;
  for (const Named& named : expected) {
    names.insert(names.end(), named.names.begin(), named.names.end());
  }
  const Manifest manifest = drafted(names_only(names));
  for (const Named& named : expected) {
    for (const std::string& name : named.names) {
      ASSERT_NE(manifest.table(name), nullptr) << name;
      EXPECT_EQ(to_text(manifest.table(name)->role.role), to_text(named.role)) << name;
    }
  }
}

database::Schema helpdesk() {
  database::Schema schema;
  database::Table rules = table("rule_actions", {"id integer!", "rule_id integer!", "kind text!",
                                                 "sort_order integer", "created_at datetime"});
  rules.unique_keys = {{"rule_actions_once", {"rule_id", "kind"}, true}};
  database::Table tags = table("tickets_tags", {"ticket_id integer!", "tag_id integer!"}, {});
  tags.unique_keys = {{"tickets_tags_once", {"ticket_id", "tag_id"}, true}};
  database::Table rights =
      table("group_permissions", {"id integer!", "group_id integer!", "permission_id integer!"});
  rights.foreign_keys = {{{"group_id"}, "groups", {"id"}, "CASCADE"},
                         {{"permission_id"}, "permissions", {"id"}, "CASCADE"}};
  schema.tables = {
      table("groups", {"id integer!", "name text!"}),
      rights,
      table("permissions", {"id integer!", "name text!"}),
      rules,
      table("rules", {"id integer!", "title varchar", "owner_id integer", "updated_at datetime",
                      "runs_count integer"}),
      table("tags", {"id integer!", "name text"}),
      table("tickets", {"id integer!", "subject text", "status text", "assigned_to_id integer",
                        "parent_id integer", "default_tag_id integer", "item_type text",
                        "item_id integer", "contact_email text", "rule_id text"}),
      tags,
      table("user_preferences", {"id integer!", "user_id integer", "others text"}),
      table("users", {"id integer!", "login text", "hashed_password text", "phone text"})};
  return schema;
}

TEST(Draft, GuessesReferencesOnlyWhereNameAndTypeFit) {
  const Manifest manifest = drafted(helpdesk());
  const auto target = [&](const std::string& name, const std::string& column) -> std::string {
    for (const ReferenceEntry& reference : manifest.table(name)->references) {
      if (reference.columns == std::vector{column}) return reference.cases.at(0).table;
    }
    return "";
  };
  EXPECT_EQ(target("rules", "owner_id"), "users");
  EXPECT_EQ(target("rule_actions", "rule_id"), "rules");
  EXPECT_EQ(target("tickets", "assigned_to_id"), "users");
  EXPECT_EQ(target("tickets", "parent_id"), "tickets");
  EXPECT_EQ(target("tickets", "default_tag_id"), "tags");
  EXPECT_EQ(target("tickets", "item_id"), "") << "item_type says which, somebody must say how";
  EXPECT_EQ(target("tickets", "rule_id"), "") << "a text can't equal a number";
  EXPECT_EQ(target("group_permissions", "group_id"), "") << "declared by the database already";
}

TEST(Draft, TakesJoinsAsWhatTheyJoin) {
  const Manifest manifest = drafted(helpdesk());
  EXPECT_EQ(manifest.table("tickets_tags")->role.role, Role::kData);
  EXPECT_EQ(manifest.table("tickets_tags")->key, (std::vector<std::string>{"ticket_id", "tag_id"}));
  EXPECT_EQ(manifest.table("group_permissions")->role.role, Role::kConfig);
  EXPECT_EQ(manifest.table("user_preferences")->role.role, Role::kIdentity);
}

TEST(Draft, ReadsWhatKeysAndColumnsSay) {
  const Manifest manifest = drafted(helpdesk());
  const TableEntry& actions = *manifest.table("rule_actions");
  EXPECT_EQ(actions.natural_key.size(), 2U);
  EXPECT_EQ(actions.part_of, "rule_id");
  EXPECT_EQ(actions.list->order, "sort_order");
  EXPECT_EQ(actions.list->within, std::vector<std::string>{"rule_id"});
  EXPECT_EQ(actions.born, "created_at");
  EXPECT_TRUE(manifest.table("rules")->column("updated_at")->is_volatile);
  EXPECT_TRUE(manifest.table("rules")->column("runs_count")->is_volatile);
  EXPECT_EQ(manifest.table("rules")->label, "title");
}

TEST(Draft, HidesTextThatItDoesNotKnow) {
  const Manifest manifest = drafted(helpdesk());
  EXPECT_TRUE(manifest.table("users")->column("hashed_password")->secret);
  EXPECT_EQ(manifest.table("users")->column("phone")->personal, "phone");
  EXPECT_EQ(manifest.table("tickets")->column("contact_email")->personal, "email");
  EXPECT_EQ(manifest.table("tickets")->column("subject")->personal, "free_text");
  EXPECT_TRUE(manifest.table("tickets")->column("status")->plain);
}

TEST(Draft, FollowsTheFirstWordOfAnApplicationsTables) {
  database::Schema schema;
  schema.tables = {table("auth_user", {"id integer!", "username varchar!"}),
                   table("helpdesk_queue", {"id integer!", "title varchar!", "slug varchar!"}),
                   table("helpdesk_ticket", {"id integer!", "title varchar!", "queue_id integer!",
                                             "assigned_to_id integer"}),
                   table("shop_queue", {"id integer!"})};
  const Manifest manifest = drafted(schema);
  const TableEntry& ticket = *manifest.table("helpdesk_ticket");
  ASSERT_EQ(ticket.references.size(), 2U);
  EXPECT_EQ(ticket.references[0].cases.at(0).table, "helpdesk_queue");
  EXPECT_EQ(ticket.references[1].cases.at(0).table, "auth_user");
}

TEST(Draft, BindsWhateverTheNamesAre) {
  database::Schema schema;
  database::Table odd =
      table("odd, \"table\": {x}\n#", {"id integer!", "a, b text", "null text", "no text",
                                       "all text", "12 text", "x' text", "[y] integer"});
  odd.columns[1].name = "a, b";
  odd.columns[1].type = "text";
  odd.unique_keys = {{"odd # key\n", {"a, b", "12"}, true}};
  schema.tables = {odd, table("true", {"id integer!", "sum text="}),
                   table("settings", {"key text", "shout text="}, {}),
                   table("~", {"id integer!", "parent_id integer", "name", "position integer"})};
  const Manifest manifest = drafted(schema);
  EXPECT_EQ(manifest.tables.size(), 4U);
  EXPECT_EQ(manifest.table("settings")->role.role, Role::kData) << "config needs a key";
}

TEST(Draft, OfAnEmptyDatabaseIsAManifestToo) { EXPECT_TRUE(drafted({}).tables.empty()); }

TEST(Draft, SaysHowManyRowsThereAre) {
  const std::string text = draft(names_only({"tags"}), "a", {{"tags", {7}}});
  EXPECT_NE(text.find("tags:  # 7 rows"), std::string::npos) << text;
}

}  // namespace
}  // namespace doppel::manifest
