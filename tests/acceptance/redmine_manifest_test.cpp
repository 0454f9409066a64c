#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "adapters/sqlite/connection.hpp"
#include "manifest/draft.hpp"
#include "manifest/model.hpp"

namespace doppel::manifest {
namespace {

std::unique_ptr<sqlite::Connection> open_redmine() {
  return sqlite::open({.path = REDMINE_DATABASE, .access = database::Access::kReadOnly});
}

Manifest redmine() {
  std::ifstream file(REDMINE_MANIFEST);
  std::stringstream text;
  text << file.rdbuf();
  return load_or_throw(text.str(), REDMINE_MANIFEST);
}

TEST(RedmineManifest, ClassifiesTheWholeDatabase) {
  const auto connection = open_redmine();
  const database::Schema schema = connection->read_schema();
  for (const Problem& problem : check(redmine(), schema)) ADD_FAILURE() << to_text(problem);
  const Model model = bind(redmine(), schema);
  EXPECT_EQ(model.tables.size(), 53U) << "all but changeset_parents, which has no key";
  EXPECT_EQ(model.referrers.at("issue_statuses").size(), 4U);
}

TEST(RedmineManifest, NamesRowsThatAreThere) {
  const auto connection = open_redmine();
  const Model model = bind(redmine(), connection->read_schema());
  std::vector<std::string> found;
  for (const auto* name : {"queries", "settings"}) {
    const TableModel& table = model.require(name);
    connection->scan_rows(*table.shape, {}, [&](Row&& row) {
      for (std::size_t column = 0; column < row.size(); ++column) {
        for (const FoundId& id : find_ids(table, column, row)) {
          found.push_back(id.table + " " + row[column].text().substr(id.begin, id.length));
        }
      }
    });
  }
  EXPECT_EQ(found,
            (std::vector<std::string>{"custom_fields 1", "trackers 1", "trackers 2", "trackers 3"}))
      << "a project's status in a filter is no issue status";
}

TEST(RedmineManifest, EveryReferenceOfAConfigRowIsThere) {
  const auto connection = open_redmine();
  const Model model = bind(redmine(), connection->read_schema());
  const RowLookup lookup = [&](const std::string& table, const Key& key) {
    const std::vector<Key> keys{key};
    return connection->read_rows(*model.require(table).shape, keys).front();
  };
  std::size_t followed = 0;
  for (const TableModel& table : model.tables) {
    if (!table.may_hold_config()) continue;
    std::vector<Row> rows;
    connection->scan_rows(*table.shape, {}, [&](Row&& row) { rows.push_back(std::move(row)); });
    for (const Row& row : rows) {
      for (const Reference& reference : table.references) {
        const auto referred = referred_by(model, table, reference, row, lookup);
        if (!referred) continue;
        EXPECT_TRUE(lookup(referred->target->table, referred->values))
            << table.name() << " " << display(table.shape->key_of(row)) << " refers to "
            << referred->target->table << " " << display(referred->values);
        ++followed;
      }
    }
  }
  EXPECT_GT(followed, 500U);
}

TEST(RedmineManifest, TheDraftIsRightForNineTablesInTen) {
  const auto connection = open_redmine();
  const database::Schema schema = connection->read_schema();
  const Manifest drafted = load_or_throw(draft(schema, "redmine"), "draft");
  EXPECT_NO_THROW(bind(drafted, schema));
  const Manifest finished = redmine();
  std::size_t right = 0;
  for (const TableEntry& table : finished.tables) {
    if (drafted.table(table.name)->role.role == table.role.role) ++right;
  }
  EXPECT_GE(right * 10, finished.tables.size() * 9) << right << " of " << finished.tables.size();
}

}  // namespace
}  // namespace doppel::manifest
