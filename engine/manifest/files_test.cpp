#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "manifest/model.hpp"

namespace doppel::manifest {
namespace {

std::string read(const std::string& path) {
  const auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  std::ifstream file(root / path);
  EXPECT_TRUE(file.good()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Manifest loaded(const std::string& text, const std::string& name) {
  Loaded made = load(text, name);
  for (const Problem& problem : made.problems) ADD_FAILURE() << to_text(problem);
  return std::move(made.manifest);
}

TEST(Files, TheExampleOfTheReferenceIsRight) {
  const std::string page = read("docs/reference/manifest.md");
  const std::size_t begin = page.find("```yaml\n") + 8;
  const std::string example = page.substr(begin, page.find("```", begin) - begin);
  EXPECT_EQ(loaded(example, "example").tables.size(), 12U);
}

/// One column of a manifest's table as a model without a database.
TableModel column_of(const Manifest& manifest, const std::string& table,
                     const std::string& column) {
  const ColumnEntry* entry = manifest.table(table)->column(column);
  auto shape = std::make_shared<TableShape>();
  shape->name = table;
  shape->columns = {"name", column};
  shape->key = {0};
  TableModel model;
  model.shape = shape;
  model.columns.resize(2);
  model.columns[1].ids = entry->ids;
  return model;
}

std::vector<std::string> ids_in(const TableModel& table, const std::string& name,
                                const std::string& text) {
  std::vector<std::string> found;
  for (const FoundId& id : find_ids(table, 1, {name, text})) {
    found.push_back(id.table + " " + text.substr(id.begin, id.length));
  }
  return found;
}

TEST(Files, RedmineFiltersNameTheirRows) {
  const Manifest manifest = loaded(read("apps/redmine/manifest.yaml"), "redmine");
  const std::string filters =
      "---\nstatus_id:\n  :operator: \"=\"\n  :values:\n  - '1'\n  - '5'\n"
      "cf_12:\n  :operator: \"=\"\n  :values:\n  - '7'\n"
      "author_id:\n  :operator: \"=\"\n  :values:\n  - '3'\n"
      "tracker_id:\n  :operator: \"!\"\n  :values:\n  - '2'\n";
  EXPECT_EQ(ids_in(column_of(manifest, "queries", "filters"), "", filters),
            (std::vector<std::string>{"issue_statuses 1", "issue_statuses 5", "custom_fields 12",
                                      "trackers 2"}))
      << "values of custom fields and authors are no config";
}

TEST(Files, RedmineSettingsNameTheirRowsByTheSettingsName) {
  const Manifest manifest = loaded(read("apps/redmine/manifest.yaml"), "redmine");
  const TableModel settings = column_of(manifest, "settings", "value");
  const std::string list = "---\n- '1'\n- '23'\n";
  EXPECT_EQ(ids_in(settings, "default_projects_tracker_ids", list),
            (std::vector<std::string>{"trackers 1", "trackers 23"}));
  EXPECT_TRUE(ids_in(settings, "non_working_week_days", list).empty());
  EXPECT_EQ(ids_in(settings, "commit_update_keywords",
                   "- keywords: fixes\n  status_id: '3'\n  if_tracker_id: '2'\n"),
            (std::vector<std::string>{"issue_statuses 3", "trackers 2"}));
}

}  // namespace
}  // namespace doppel::manifest
