#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/test_file.hpp"
#include "examples/helpdesk/data.hpp"
#include "manifest/model.hpp"

namespace helpdesk {
namespace {

std::string generated(const Options& options) {
  std::string sql;
  generate(options, [&sql](std::string_view piece) { sql += piece; });
  return sql;
}

/// A database in memory.
class Desk {
 public:
  explicit Desk(const std::string& sql) {
    sqlite3* raw = nullptr;
    EXPECT_EQ(sqlite3_open(":memory:", &raw), SQLITE_OK);
    handle_.reset(raw);
    EXPECT_EQ(lines("PRAGMA foreign_keys = ON"), "");
    EXPECT_EQ(lines(sql), "");
  }

  /// The values of all rows, or the error.
  std::string lines(const std::string& sql) {
    std::string result;
    const auto add_row = [](void* to, int count, char** values, char**) {
      auto& text = *static_cast<std::string*>(to);
      for (int i = 0; i < count; ++i) {
        text += values[i] == nullptr ? "NULL" : values[i];
        text += i + 1 < count ? "|" : "\n";
      }
      return 0;
    };
    char* error = nullptr;
    if (sqlite3_exec(handle_.get(), sql.c_str(), add_row, &result, &error) == SQLITE_OK) {
      return result;
    }
    result = error;
    sqlite3_free(error);
    return result;
  }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

TEST(Helpdesk, IsASoundDatabase) {
  Desk desk{generated({.seed = 1, .tickets = 200})};
  EXPECT_EQ(desk.lines("PRAGMA foreign_key_check"), "");
  EXPECT_EQ(desk.lines("PRAGMA integrity_check"), "ok\n");
  EXPECT_EQ(desk.lines("SELECT count(*), max(id) FROM tickets"), "200|200\n");
}

TEST(Helpdesk, KeepsReferencesThatTheDatabaseDoesNotKnow) {
  Desk desk{generated({.seed = 2, .tickets = 200})};
  EXPECT_EQ(desk.lines("SELECT id FROM queues WHERE owner_id <> 0 AND owner_id NOT IN "
                       "(SELECT id FROM users) OR fallback_queue_id <> 0 AND fallback_queue_id "
                       "NOT IN (SELECT id FROM queues)"),
            "");
  EXPECT_EQ(desk.lines("SELECT id FROM messages m WHERE author_id NOT IN (SELECT id FROM users "
                       "WHERE m.author_type = 'User' UNION ALL SELECT id FROM customers "
                       "WHERE m.author_type = 'Customer')"),
            "");
  EXPECT_EQ(desk.lines("SELECT f.id FROM custom_fields f JOIN custom_field_options o "
                       "ON o.id = f.default_option_id WHERE o.field_id <> f.id"),
            "");
}

TEST(Helpdesk, HasDatesInOrder) {
  Desk desk{generated({.seed = 3, .tickets = 200})};
  EXPECT_EQ(desk.lines("SELECT id FROM tickets WHERE first_response_at < created_at OR "
                       "closed_at < first_response_at OR updated_at < created_at"),
            "");
  EXPECT_EQ(desk.lines("SELECT b.id FROM tickets a JOIN tickets b ON b.id = a.id + 1 "
                       "WHERE b.created_at < a.created_at"),
            "");
  EXPECT_EQ(desk.lines("SELECT t.id FROM tickets t JOIN customers c ON c.id = t.customer_id "
                       "WHERE c.created_at > t.created_at"),
            "");
}

TEST(Helpdesk, SameSeedSameBytes) {
  const Options options{.seed = 7, .tickets = 200};
  EXPECT_EQ(generated(options), generated(options));
  EXPECT_NE(generated(options), generated({.seed = 8, .tickets = 200}));
}

TEST(Helpdesk, MayHaveNoTickets) {
  Desk desk{generated({.seed = 1, .tickets = 0})};
  EXPECT_EQ(desk.lines("SELECT count(*) FROM tickets"), "0\n");
  EXPECT_EQ(desk.lines("SELECT sum(open_tickets) FROM queue_stats"), "0\n");
}

TEST(Helpdesk, TouchesAndLogsByItsOwnTriggers) {
  Desk desk{generated({.seed = 1, .tickets = 20})};
  EXPECT_EQ(desk.lines("PRAGMA recursive_triggers = ON;"
                       "UPDATE queues SET max_open = 5 WHERE id = 1;"
                       "SELECT updated_at > '2025' FROM queues WHERE id = 1"),
            "1\n");
  EXPECT_EQ(desk.lines("UPDATE tickets SET queue_id = 7 WHERE id = 3;"
                       "SELECT action, object_id FROM audit_log ORDER BY id DESC LIMIT 1"),
            "ticket moved|3\n");
}

TEST(HelpdeskManifest, FitsTheDatabaseWithoutGaps) {
  std::ostringstream text;
  text << std::ifstream(HELPDESK_MANIFEST).rdbuf();
  const auto loaded = doppel::manifest::load(text.str(), "manifest.yaml");
  for (const auto& problem : loaded.problems) ADD_FAILURE() << to_text(problem);

  const doppel::sqlite::TestFile file;
  file.run(generated({.seed = 1, .tickets = 20}));
  const auto connection = doppel::sqlite::open({.path = file.path()});
  const auto schema = connection->read_schema();
  for (const auto& problem : check(loaded.manifest, schema)) ADD_FAILURE() << to_text(problem);
  EXPECT_EQ(bind(loaded.manifest, schema).tables.size(), 35U);
}

TEST(HelpdeskManifest, RebuildsAndTouchesWithItsOwnStatements) {
  std::ostringstream text;
  text << std::ifstream(HELPDESK_MANIFEST).rdbuf();
  const auto manifest = doppel::manifest::load_or_throw(text.str(), "manifest.yaml");
  Desk desk{generated({.seed = 1, .tickets = 50})};
  const std::string before = desk.lines("SELECT * FROM queue_stats");
  EXPECT_EQ(desk.lines("UPDATE queue_stats SET open_tickets = -1"), "");
  for (const std::string& sql : manifest.table("queue_stats")->rebuild) {
    EXPECT_EQ(desk.lines(sql), "");
  }
  EXPECT_EQ(desk.lines("SELECT * FROM queue_stats"), before);
  for (const std::string& sql : manifest.after_promote) EXPECT_EQ(desk.lines(sql), "");
  EXPECT_EQ(desk.lines("SELECT version FROM cache_marks"), "2\n");
}

}  // namespace
}  // namespace helpdesk
