#include "desk/demo_configuration.hpp"

#include <array>

#include <fmt/core.h>

#include "base/error.hpp"

namespace doppel::desk {
namespace {

std::vector<std::string> ids_of(database::SqlRunner& sql, const std::string& query) {
  std::vector<std::string> ids;
  for (const Row& row : sql.query(query, {})) ids.push_back(row[0].text());
  if (ids.empty()) {
    throw Error(ErrorCode::kWrongState, "the desk has no starting configuration",
                {.place = query, .remedy = "make a new organisation first"});
  }
  return ids;
}

std::map<std::string, std::string> named(database::SqlRunner& sql, const std::string& query) {
  std::map<std::string, std::string> names;
  // In an order of positions: the first of a kind stays.
  for (const Row& row : sql.query(query, {})) names.emplace(row[0].text(), row[1].text());
  return names;
}

}  // namespace

DemoConfiguration read_demo_configuration(database::Connection& connection) {
  database::SqlRunner& sql = *connection.sql();
  DemoConfiguration config;
  config.teams = named(sql, "SELECT name, id FROM teams ORDER BY name");
  config.roles = named(sql, "SELECT code, id FROM roles ORDER BY code");
  config.statuses = named(sql, "SELECT kind, id FROM case_statuses ORDER BY position");
  config.queues = ids_of(sql, "SELECT id FROM queues ORDER BY name");
  config.categories = ids_of(sql, "SELECT id FROM case_categories ORDER BY name, id");
  config.skills = ids_of(sql, "SELECT id FROM skills ORDER BY name");
  config.industry_field = ids_of(
      sql, "SELECT id FROM custom_fields WHERE object = 'accounts' AND code = 'industry'")[0];
  config.order_field = ids_of(
      sql, "SELECT id FROM custom_fields WHERE object = 'cases' AND code = 'order_number'")[0];
  for (const Row& row :
       sql.query("SELECT id, code FROM custom_field_options WHERE field_id = $1 ORDER BY position",
                 {Value(config.industry_field)})) {
    config.industries.push_back(row[0].text());
    config.option_codes[row[0].text()] = row[1].text();
  }
  for (const Row& row :
       sql.query("SELECT p.id, t.id, r.unit_price, t.rate_per_million FROM products AS p "
                 "JOIN taxes AS t ON t.id = p.tax_id JOIN prices AS r ON r.product_id = p.id "
                 "JOIN price_lists AS l ON l.id = r.price_list_id AND l.is_default = 1 "
                 "WHERE r.from_quantity = 1 ORDER BY p.code",
                 {})) {
    config.products.push_back({row[0].text(), row[1].text(), row[2].integer(), row[3].integer()});
  }
  for (const Row& row : sql.query("SELECT id, pipeline_id, kind FROM pipeline_stages "
                                  "ORDER BY pipeline_id, position",
                                  {})) {
    config.stages.push_back({row[0].text(), row[1].text(), row[2].text()});
  }
  for (const char* kind : {"new", "open", "pending", "solved", "closed"}) {
    if (config.statuses.contains(kind)) continue;
    throw Error(ErrorCode::kWrongState, "the desk has no status of this kind",
                {.place = kind, .remedy = "make a new organisation first"});
  }
  return config;
}

void declare_configuration(DemoWriter& writer) {
  writer.table("case_categories", {"name", "queue_id"});
  writer.table("macros", {"name", "is_enabled"});
  writer.table("macro_actions", {"macro_id", "position", "action", "value"});
  writer.table("custom_fields", {"object", "code", "name", "kind", "is_required", "position"});
  writer.table("routing_rules", {"name", "position", "is_enabled", "conditions", "queue_id"});
  writer.table("saved_views", {"object", "name", "position", "filters", "sort", "fields"});
}

void add_large_configuration(DemoWriter& writer, DemoConfiguration& config, Random& random,
                             Instant at) {
  constexpr int kFields = 300;
  constexpr int kRules = 500;
  constexpr int kMacros = 300;
  constexpr int kCategories = 100;
  constexpr int kViews = 100;
  constexpr std::array<const char*, 4> kObjects{"accounts", "contacts", "opportunities", "cases"};
  constexpr std::array<const char*, 4> kKinds{"text", "integer", "date", "boolean"};
  const auto id = [&] { return demo_id(random, at); };
  for (int i = 0; i < kCategories; ++i) {
    const std::string category = id();
    writer.add("case_categories", category, at,
               {Value(fmt::format("Subject {}", i + 1)),
                Value(config.queues[static_cast<std::size_t>(i) % config.queues.size()])});
    config.categories.push_back(category);
  }
  for (int i = 0; i < kMacros; ++i) {
    const std::string macro = id();
    writer.add("macros", macro, at, {Value(fmt::format("Macro {}", i + 1)), Value(1)});
    for (int j = 1; j <= 2; ++j) {
      writer.add("macro_actions", id(), at,
                 {Value(macro), Value(j), Value(j == 1 ? "reply" : "set_priority"),
                  Value(j == 1 ? "Thank you, we will tell you more soon." : "high")});
    }
  }
  for (int i = 0; i < kFields; ++i) {
    const auto n = static_cast<std::size_t>(i);
    writer.add("custom_fields", id(), at,
               {Value(kObjects[n % 4]), Value(fmt::format("field_{}", i + 1)),
                Value(fmt::format("Field {}", i + 1)), Value(kKinds[n / 4 % 4]), Value(0),
                Value(10 + i / 4)});
  }
  for (int i = 0; i < kRules; ++i) {
    writer.add("routing_rules", id(), at,
               {Value(fmt::format("Rule {}", i + 1)), Value(10 + i), Value(1),
                Value(fmt::format(R"({{"subject_contains":["ref-{:04}"]}})", i)),
                Value(config.queues[static_cast<std::size_t>(i) % config.queues.size()])});
  }
  for (int i = 0; i < kViews; ++i) {
    writer.add("saved_views", id(), at,
               {Value("cases"), Value(fmt::format("View {}", i + 1)), Value(10 + i),
                Value(R"([{"field":"priority","operator":"equal","value":"high"}])"),
                Value("-created_at"), Value(R"(["number","subject"])")});
  }
}

}  // namespace doppel::desk
