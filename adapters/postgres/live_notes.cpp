#include "adapters/postgres/live_notes.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/facts.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::LiveTouch;
using database::quote_name;

std::vector<Row> ask(Connection& live, const std::string& sql,
                     const std::vector<Value>& parameters = {}) {
  return rows_of(live.run(sql, parameters).get());
}

/// Whoever writes a table waits behind who waits to put triggers on it.
constexpr int kPatienceMs = 500;

bool has_notes(Connection& live) {
  return ask(live, "SELECT to_regclass('doppel.live_note') IS NOT NULL")[0][0] == Value(1);
}

/// What the owners of live's tables may read, their pg_dump reads.
constexpr std::string_view kNotes = R"(
CREATE TABLE doppel.live_note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tbl text NOT NULL, key text[] NOT NULL, by text NOT NULL, at timestamptz NOT NULL);
CREATE INDEX live_note_row ON doppel.live_note (tbl, key, id);
)";

/// What is older is forgotten when the triggers are put on anew.
constexpr std::string_view kForget =
    "DELETE FROM doppel.live_note WHERE at < now() - interval '90 days'";

/// A statement's keys: all that there are then, and those that are gone. The author is who logged
/// in, whatever runs as somebody else in between.
std::string note_function(const TableShape& table, std::int64_t relation) {
  std::string key;
  for (const std::size_t index : table.key) {
    key += fmt::format("{}{}::text", key.empty() ? "" : ", ", quote_name(table.columns[index]));
  }
  const auto insert = [&](const std::string& from) {
    return fmt::format(
        "INSERT INTO doppel.live_note (tbl, key, by, at) SELECT {}, k.key, concat_ws(', ', "
        "session_user, nullif(current_setting('application_name'), '')), clock_timestamp() "
        "FROM ({}) AS k;\n",
        quote_text(table.name), from);
  };
  const std::string now = fmt::format("SELECT ARRAY[{}] AS key FROM new_rows", key);
  const std::string before = fmt::format("SELECT ARRAY[{}] AS key FROM old_rows", key);
  return fmt::format(
      "CREATE OR REPLACE FUNCTION doppel.note_{}() RETURNS trigger LANGUAGE plpgsql SECURITY "
      "DEFINER SET search_path = pg_catalog, pg_temp AS $doppel$ BEGIN\nBEGIN\n"
      "IF TG_OP = 'INSERT' THEN {}ELSIF TG_OP = 'DELETE' THEN {}ELSE {}END IF;\n"
      "EXCEPTION WHEN OTHERS THEN NULL;\nEND;\nRETURN NULL;\nEND $doppel$;\n",
      relation, insert(now), insert(before), insert(now + " UNION " + before));
}

constexpr std::string_view kTriggers = R"(
CREATE TRIGGER doppel_note_insert AFTER INSERT ON {0} REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION doppel.note_{1}();
CREATE TRIGGER doppel_note_update AFTER UPDATE ON {0} REFERENCING OLD TABLE AS old_rows
  NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION doppel.note_{1}();
CREATE TRIGGER doppel_note_delete AFTER DELETE ON {0} REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION doppel.note_{1}();
)";

/// The note triggers that stand, by relation.
constexpr std::string_view kStanding = R"(
SELECT DISTINCT c.oid, CASE WHEN pg_table_is_visible(c.oid) THEN c.relname
  ELSE n.nspname || '.' || c.relname END, format('%I.%I', n.nspname, c.relname)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = t.tgfoid
WHERE t.tgname IN ('doppel_note_insert', 'doppel_note_update', 'doppel_note_delete')
  AND p.pronamespace = to_regnamespace('doppel') AND t.tgparentid = 0 ORDER BY 2)";

std::string removal_of(const std::string& relation) {
  std::string script;
  for (const char* verb : {"insert", "update", "delete"}) {
    script += fmt::format("DROP TRIGGER IF EXISTS doppel_note_{} ON {};\n", verb, relation);
  }
  return script;
}

class LiveNotes final : public database::LiveTracking {
 public:
  explicit LiveNotes(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}

  void track(std::span<const TableShapePtr> tables) override {
    const auto live =
        open({.dsn = {}, .access = database::Access::kReadWrite, .lock_timeout_ms = kPatienceMs},
             *pool_);
    live->run_script("BEGIN");
    try {
      for (const Row& row : ask(*live, std::string(kStanding))) {
        live->run_script(
            removal_of(row[2].text()) +
            fmt::format("DROP FUNCTION IF EXISTS doppel.note_{}();\n", row[0].integer()));
      }
      if (tables.empty()) {
        live->run_script("DROP TABLE IF EXISTS doppel.live_note");
      } else {
        make_notes(*live);
        for (const TableShapePtr& table : tables) put_on(*live, *table);
      }
      live->run_script("COMMIT");
    } catch (...) {
      live->run_script("ROLLBACK");
      throw;
    }
  }

  std::vector<std::string> tracked() override {
    const auto live = open({.dsn = {}}, *pool_);
    std::vector<std::string> tables;
    for (const Row& row : ask(*live, std::string(kStanding))) tables.push_back(row[1].text());
    return tables;
  }

  std::vector<std::optional<LiveTouch>> last_touches(const TableShape& table,
                                                     std::span<const Key> keys) override {
    std::vector<std::optional<LiveTouch>> touches(keys.size());
    if (keys.empty()) return touches;
    if (reader_ == nullptr) reader_ = open({.dsn = {}}, *pool_);
    if (!has_notes(*reader_)) return touches;
    json::array wanted;
    for (const Key& key : keys) {
      json::array texts;
      for (const Value& value : key) texts.emplace_back(text_of(value).value_or(""));
      wanted.emplace_back(std::move(texts));
    }
    for (const Row& row :
         ask(*reader_, R"(
SELECT k.place, n.by, to_char(n.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS k (key, place) CROSS JOIN LATERAL (
  SELECT by, at FROM doppel.live_note WHERE tbl = $1 AND key = ARRAY(
    SELECT t.part FROM jsonb_array_elements_text(k.key) WITH ORDINALITY AS t (part, i) ORDER BY t.i)
  ORDER BY id DESC LIMIT 1) AS n)",
             {Value(table.name), Value(write_json(wanted, JsonStyle::kCompact))})) {
      touches.at(static_cast<std::size_t>(row[0].integer()) - 1) = {.by = row[1].text(),
                                                                    .at = row[2].text()};
    }
    return touches;
  }

 private:
  static void make_notes(Connection& live) {
    if (has_notes(live)) {
      live.run_script(std::string(kForget));
      return;
    }
    if (ask(live, "SELECT to_regnamespace('doppel') IS NULL")[0][0] == Value(1)) {
      live.run_script("CREATE SCHEMA doppel");
    }
    live.run_script(std::string(kNotes));
  }

  static void put_on(Connection& live, const TableShape& table) {
    const KnownFacts known = read_facts(live, {table.name}, AlsoAsked::kNone);
    const auto found = known.find(table.name);
    if (found == known.end() || !found->second.lockable) {
      throw Error(ErrorCode::kSchemaChanged, "live no longer has the table", {.place = table.name});
    }
    const std::int64_t number = found->second.oid;
    live.run_script(note_function(table, number) +
                    fmt::format(fmt::runtime(kTriggers), found->second.text, number));
    const auto owner = ask(live,
                           "SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class WHERE oid "
                           "= $1::oid",
                           {Value(number)});
    live.run_script(fmt::format(
        "GRANT USAGE ON SCHEMA doppel TO {0};\nGRANT SELECT ON doppel.live_note TO {0};\n"
        "GRANT SELECT ON SEQUENCE doppel.live_note_id_seq TO {0}",
        owner.at(0).at(0).text()));
  }

  std::shared_ptr<Pool> pool_;
  std::unique_ptr<Connection> reader_;  ///< of one table's rows after the other's
};

}  // namespace

std::unique_ptr<database::LiveTracking> track_live(std::shared_ptr<Pool> pool) {
  return std::make_unique<LiveNotes>(std::move(pool));
}

}  // namespace doppel::postgres
