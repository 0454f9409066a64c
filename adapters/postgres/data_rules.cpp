#include <algorithm>

#include <fmt/core.h>

#include "adapters/postgres/data_sql.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

/// Foreign keys between rows of a sandbox and live's: judged row by row at the end of a statement,
/// as the server's own are.
namespace doppel::postgres {
namespace {

using database::quote_name;
using Action = ForeignKey::Action;

std::string list(const std::vector<std::string>& columns, std::string_view record) {
  std::string text;
  for (const std::string& column : columns) {
    text += fmt::format("{}{}.{}", text.empty() ? "" : ", ", record, quote_name(column));
  }
  return text;
}

/// left.columns[i] = right.others[i]
std::string matches(const std::vector<std::string>& columns, std::string_view left,
                    const std::vector<std::string>& others, std::string_view right) {
  std::string text;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    text += fmt::format("{}{}.{} = {}.{}", i == 0 ? "" : " AND ", left, quote_name(columns[i]),
                        right, quote_name(others[i]));
  }
  return text;
}

std::string all_given(const std::vector<std::string>& columns, std::string_view record) {
  std::string text;
  for (const std::string& column : columns) {
    text +=
        fmt::format("{}{}.{} IS NOT NULL", text.empty() ? "" : " AND ", record, quote_name(column));
  }
  return text;
}

std::string raise(const ForeignKey& key, const std::string& message, const std::string& detail) {
  return fmt::format(
      "RAISE EXCEPTION USING ERRCODE = '23503', MESSAGE = {}, DETAIL = {}, CONSTRAINT = {}, TABLE "
      "= {};\n",
      quote_text(message), detail, quote_text(key.name), quote_text(key.child_name));
}

/// "Key (a)=(1) is ..." as an expression.
std::string detail_of(const std::vector<std::string>& columns, const std::string& row,
                      const std::string& end) {
  std::string values;
  for (const std::string& column : columns) {
    values += fmt::format("{}{}.{}::text", values.empty() ? "" : ", ", row, quote_name(column));
  }
  return fmt::format("{} || array_to_string(ARRAY[{}], ', ', 'null') || {}",
                     quote_text("Key (" + join(columns, ", ") + ")=("), values, quote_text(end));
}

/// A row that refers: to one that is there. `row` is a record of op, was and now.
std::string child_check(const ForeignKey& key, const std::string& row) {
  const std::string was = "(" + row + ".was)";
  const std::string now = "(" + row + ".now)";
  const std::string message =
      fmt::format("insert or update on table \"{}\" violates foreign key constraint \"{}\"",
                  key.child_name, key.name);
  std::string text = fmt::format(
      "IF {0}.op = 'INSERT' OR ({0}.op = 'UPDATE' AND ROW({1}) IS DISTINCT FROM ROW({2})) THEN\n",
      row, list(key.columns, was), list(key.columns, now));
  if (key.match_full && key.columns.size() > 1) {
    text += fmt::format(
        "IF num_nulls({0}) NOT IN (0, {1}) THEN\n{2}END IF;\n", list(key.columns, now),
        key.columns.size(),
        raise(key, message, "'MATCH FULL does not allow mixing of null and nonnull key values.'"));
  }
  // A row that something else has changed since isn't judged any more.
  text += fmt::format(
      "IF {0} AND EXISTS (SELECT FROM {1} AS c WHERE {2}) AND NOT EXISTS (SELECT FROM {3} AS p "
      "WHERE {4}) THEN\n{5}END IF;\nEND IF;\n",
      all_given(key.columns, now), key.child_sql, matches(key.columns, "c", key.columns, now),
      key.parent_sql, matches(key.target_columns, "p", key.columns, now),
      raise(key, message,
            detail_of(key.columns, now,
                      fmt::format(") is not present in table \"{}\".", key.parent_name))));
  return text;
}

std::string still_referenced(const ForeignKey& key, const std::string& was) {
  return raise(
      key,
      fmt::format(
          "update or delete on table \"{}\" violates foreign key constraint \"{}\" on table "
          "\"{}\"",
          key.parent_name, key.name, key.child_name),
      detail_of(key.target_columns, was,
                fmt::format(") is still referenced from table \"{}\".", key.child_name)));
}

/// What the disappearance of a key that is referred to does: `way` is the action.
std::string consequence(const ForeignKey& key, Action way, const std::string& row, bool is_update) {
  const std::string was = "(" + row + ".was)";
  const std::string now = "(" + row + ".now)";
  const std::string refers = matches(key.columns, "c", key.target_columns, was);
  std::string set;
  switch (way) {
    case Action::kCascade:
      if (!is_update) return fmt::format("DELETE FROM {} AS c WHERE {};\n", key.child_sql, refers);
      for (std::size_t i = 0; i < key.columns.size(); ++i) {
        set += fmt::format("{}{} = {}.{}", i == 0 ? "" : ", ", quote_name(key.columns[i]), now,
                           quote_name(key.target_columns[i]));
      }
      return fmt::format("UPDATE {} AS c SET {} WHERE {};\n", key.child_sql, set, refers);
    case Action::kSetNull:
    case Action::kSetDefault:
      for (const std::string& column : is_update ? key.columns : key.set_columns) {
        set += fmt::format("{}{} = {}", set.empty() ? "" : ", ", quote_name(column),
                           way == Action::kSetNull ? "NULL" : "DEFAULT");
      }
      set = fmt::format("UPDATE {} AS c SET {} WHERE {};\n", key.child_sql, set, refers);
      // A default that is the key which is gone leaves the row as it was, and nothing judges it.
      if (way == Action::kSetDefault) set += consequence(key, Action::kNone, row, is_update);
      return set;
    case Action::kNone:
    case Action::kRestrict:
      break;
  }
  // Somebody else may have the key by now, which satisfies all but RESTRICT.
  const std::string replaced =
      way == Action::kRestrict
          ? ""
          : fmt::format(" AND NOT EXISTS (SELECT FROM {} AS p WHERE {})", key.parent_sql,
                        matches(key.target_columns, "p", key.target_columns, was));
  return fmt::format("IF EXISTS (SELECT FROM {} AS c WHERE {}){} THEN\n{}END IF;\n", key.child_sql,
                     refers, replaced, still_referenced(key, was));
}

/// Of rows that can't be written: refused where there is one, and nothing where there is none.
std::string consequence_if_any(const ForeignKey& key, Action way, const std::string& row,
                               bool is_update) {
  std::string what = consequence(key, way, row, is_update);
  if (!key.child_refused) return what;
  return fmt::format("IF EXISTS (SELECT FROM {} AS c WHERE {}) THEN\n{}END IF;\n", key.child_sql,
                     matches(key.columns, "c", key.target_columns, "(" + row + ".was)"), what);
}

/// Both cases of a row that may be referred to. `waits`: only what the end of the transaction
/// judges, else only what the statement's end does.
enum class Moment { kStatement, kCommit };

std::string parent_side(const ForeignKey& key, const std::string& row, Moment moment) {
  const auto part = [&](Action way, bool is_update) {
    // An action is done at the end of the statement also where its key is deferred... which the
    // server does at the commit; what refers then is the same or refused.
    const bool at_commit = key.deferred && way == Action::kNone;
    if (at_commit != (moment == Moment::kCommit)) return std::string("NULL;\n");
    return consequence_if_any(key, way, row, is_update);
  };
  return fmt::format(
      "IF {0}.op = 'DELETE' AND {1} THEN\n{2}ELSIF {0}.op = 'UPDATE' AND {1} AND ROW({3}) IS "
      "DISTINCT FROM ROW({4}) THEN\n{5}END IF;\n",
      row, all_given(key.target_columns, "(" + row + ".was)"), part(key.on_delete, false),
      list(key.target_columns, "(" + row + ".was)"), list(key.target_columns, "(" + row + ".now)"),
      part(key.on_update, true));
}

}  // namespace

bool has_keys(const DataTables& data, std::int64_t table) {
  return std::ranges::any_of(
      data.keys, [&](const ForeignKey& key) { return key.child == table || key.parent == table; });
}

std::size_t log_number(const DataTables& data, const std::string& table) {
  for (const DataTable& known : data.tables) {
    if (known.live.name == table) return known.number;
  }
  // Copies come after the tables: theirs is only a name for the log.
  std::size_t number = 0;
  for (const DataTable& known : data.tables) number = std::max(number, known.number + 1);
  for (const CopiedTable& copy : data.neighbours) {
    if (copy.name == table) break;
    ++number;
  }
  return number;
}

std::string on_sandbox(const DataPlace& place) {
  return fmt::format("SECURITY DEFINER SET search_path = {}, {}, {}, pg_temp",
                     quote_name(place.names.schema), path_list(place.live_path),
                     quote_name(place.names.delta));
}

std::string running_statement(std::size_t number) {
  return fmt::format("current_setting('doppel.s' || pg_trigger_depth() || '_{}')::bigint", number);
}

std::string end_function(const DataTables& data, std::int64_t table, std::size_t number,
                         const std::string& statement, const std::string& settle,
                         const DataPlace& place) {
  std::string rules;
  for (const ForeignKey& key : data.keys) {
    if (key.parent == table) rules += parent_side(key, "doppel_row", Moment::kStatement);
  }
  for (const ForeignKey& key : data.keys) {
    if (key.child == table && !key.deferred) rules += child_check(key, "doppel_row");
  }
  std::string body;
  if (!rules.empty()) {
    body = fmt::format(
        "FOR doppel_row IN SELECT l.op, l.was, l.now FROM doppel_log_{0} AS l WHERE l.stmt = "
        "doppel_stmt ORDER BY l.ctid LOOP\n{1}END LOOP;\n",
        number, rules);
  }
  if (has_keys(data, table)) {
    body += fmt::format("DELETE FROM doppel_log_{} WHERE stmt = doppel_stmt;\n", number);
  }
  return fmt::format(
      "CREATE FUNCTION doppel_end_{0}() RETURNS trigger LANGUAGE plpgsql {1} AS $doppel$\n"
      "#variable_conflict use_column\n"
      "DECLARE doppel_stmt bigint := {4}; doppel_row record;\nBEGIN\n{2}{3}RETURN NULL;\n"
      "END $doppel$;\n",
      number, on_sandbox(place), body, settle, statement);
}

std::string deferred_checks(const DataTables& data, std::int64_t table, std::size_t number,
                            const DataPlace& place) {
  std::string sql;
  std::size_t count = 0;
  for (const ForeignKey& key : data.keys) {
    if (!key.deferred) continue;
    std::string body;
    if (key.child == table) body += child_check(key, "doppel_row");
    if (key.parent == table) body += parent_side(key, "doppel_row", Moment::kCommit);
    if (body.empty()) continue;
    sql += fmt::format(
        "CREATE FUNCTION doppel_later_{0}_{1}() RETURNS trigger LANGUAGE plpgsql {2} AS $doppel$\n"
        "#variable_conflict use_column\nDECLARE doppel_row record;\nBEGIN\nSELECT NEW.op, NEW.was, "
        "NEW.now INTO doppel_row;\n{3}RETURN NULL;\nEND $doppel$;\n"
        "CREATE CONSTRAINT TRIGGER {4} AFTER INSERT ON doppel_log_{0} DEFERRABLE INITIALLY "
        "DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION doppel_later_{0}_{1}();\n",
        number, count++, on_sandbox(place), body, quote_name(key.name));
  }
  return sql;
}

}  // namespace doppel::postgres
