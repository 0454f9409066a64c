#include <algorithm>

#include <fmt/core.h>

#include "adapters/postgres/data_sql.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"

/// What INSTEAD OF triggers do with a row.
namespace doppel::postgres {
namespace {

using database::quote_name;

/// Where texts don't depend on who writes.
constexpr std::string_view kExactTexts =
    " SET DateStyle = 'ISO' SET IntervalStyle = 'postgres' SET TimeZone = 'UTC' "
    "SET extra_float_digits = 1 SET bytea_output = 'hex' SET lc_monetary = 'C'";

std::string row_of(const std::vector<std::string>& columns, std::string_view record) {
  std::string list;
  for (const std::string& column : columns) {
    list += fmt::format("{}{}.{}", list.empty() ? "" : ", ", record, column);
  }
  return list;
}

std::string texts_of(const std::vector<std::string>& columns, const std::string& record) {
  std::string list;
  for (const std::string& column : columns) {
    list += fmt::format("{}({}).{}::text", list.empty() ? "" : ", ", record, column);
  }
  return fmt::format("ARRAY[{}]", list);
}

std::vector<std::string> quoted(const std::vector<std::string>& names) {
  std::vector<std::string> all;
  for (const std::string& name : names) all.push_back(quote_name(name));
  return all;
}

std::string live_table(const DataTable& table) {
  return quote_name(table.live.schema) + "." + quote_name(table.live.name);
}

/// The row is kept as hidden, captured with its first image and logged; one that is as at its
/// first touch is settled: it leaves the sandbox at the end of the statement.
std::string keep_function(const DataTable& table, bool logs, const DataPlace& place) {
  const std::vector<std::string> key = table.key();
  const std::string key_list = join(key, ", ");
  const auto image = [&](const char* row) { return texts_of(quoted(table.shape->columns), row); };
  const auto hide = [&](const char* row) {
    return fmt::format(
        "INSERT INTO doppel_hidden_{0} ({1}, stmt) VALUES ({2}, doppel_stmt) ON CONFLICT ({1}) DO "
        "UPDATE SET stmt = excluded.stmt, settled = false;\n",
        table.number, key_list, row_of(key, fmt::format("({})", row)));
  };
  const auto capture = [&](const char* row, const std::string& first) {
    return fmt::format(
        "INSERT INTO doppel_capture AS c (tbl, key, image, by, at) VALUES ({}, {}, {}, "
        "coalesce(current_setting('doppel.author', true), ''), clock_timestamp()) ON CONFLICT "
        "(tbl, key) DO UPDATE SET by = excluded.by, at = excluded.at RETURNING c.image INTO "
        "doppel_base;\n",
        table.number, texts_of(key, row), first);
  };
  const auto settle = [&](const char* row) {
    return fmt::format("UPDATE doppel_hidden_{} AS h SET settled = true WHERE {};\n", table.number,
                       equal_columns(key, "h", fmt::format("({})", row)));
  };
  const std::string same_key = fmt::format("ROW({}) IS NOT DISTINCT FROM ROW({})",
                                           row_of(key, "(doppel_was)"), row_of(key, "(doppel_is)"));
  std::string body;
  body += "IF doppel_op <> 'INSERT' THEN\n" + hide("doppel_was") +
          capture("doppel_was", image("doppel_was"));
  body += "IF doppel_op = 'DELETE' THEN\nIF doppel_base IS NULL THEN " + settle("doppel_was") +
          "END IF;\n";
  body += fmt::format("ELSIF {} THEN\nIF doppel_base = {} THEN {}END IF;\n", same_key,
                      image("doppel_is"), settle("doppel_is"));
  body += "ELSIF doppel_base IS NULL THEN " + settle("doppel_was") + "END IF;\nEND IF;\n";
  body +=
      fmt::format("IF doppel_op = 'INSERT' OR (doppel_op = 'UPDATE' AND NOT {}) THEN\n", same_key) +
      hide("doppel_is") + capture("doppel_is", "NULL") +
      fmt::format("IF doppel_base = {} THEN {}END IF;\nEND IF;\n", image("doppel_is"),
                  settle("doppel_is"));
  if (logs) {
    body += fmt::format(
        "INSERT INTO doppel_log_{} (stmt, op, was, now) VALUES (doppel_stmt, doppel_op, "
        "doppel_was, doppel_is);\n",
        table.number);
  }
  const std::string name = quote_name(table.live.name);
  return fmt::format(
      "CREATE FUNCTION doppel_keep_{0}(doppel_op text, doppel_was {5}.{1}, doppel_is {5}.{1}, "
      "doppel_stmt "
      "bigint) RETURNS void LANGUAGE plpgsql SET search_path = {2}, pg_temp{3} AS $doppel$\n"
      "#variable_conflict use_column\nDECLARE doppel_base text[];\nBEGIN\n{4}END $doppel$;\n",
      table.number, name,
      path_list({place.names.delta, place.names.schema}) + ", " + path_list(place.live_path),
      kExactTexts, body, quote_name(place.names.delta));
}

/// What was settled leaves the sandbox: live's row shows again.
std::string settle_function(const DataTable& table, const DataPlace& place) {
  const std::vector<std::string> key = table.key();
  std::vector<std::string> texts;
  for (const std::string& column : key) texts.push_back("h." + column + "::text");
  return fmt::format(
      "CREATE FUNCTION doppel_settle_{0}() RETURNS void LANGUAGE plpgsql SET search_path = {1}, "
      "pg_temp{2} AS $doppel$ BEGIN\n"
      "DELETE FROM {3} AS t USING doppel_hidden_{0} AS h WHERE h.settled AND {4};\n"
      "DELETE FROM doppel_capture AS c USING doppel_hidden_{0} AS h WHERE h.settled AND c.tbl = "
      "{0} AND c.key = ARRAY[{5}];\n"
      "DELETE FROM doppel_hidden_{0} WHERE settled;\nEND $doppel$;\n",
      table.number,
      path_list({place.names.delta, place.names.schema}) + ", " + path_list(place.live_path),
      kExactTexts, quote_name(table.live.name), equal_columns(key, "t", "h"), join(texts, ", "));
}

std::string not_hidden(const DataTable& table, const std::string& live) {
  return fmt::format("NOT EXISTS (SELECT FROM doppel_hidden_{} AS h WHERE {})", table.number,
                     equal_columns(table.key(), "h", live));
}

/// The application's triggers that run after rows run when the statement has written them all.
std::string flush_function(const DataTable& table, const DataPlace& place) {
  std::vector<std::string> names;
  for (const std::string& name : table.late_triggers) names.push_back(quote_name(name));
  const std::string list = join(names, ", ");
  return fmt::format(
      "CREATE FUNCTION doppel_flush_{0}() RETURNS void LANGUAGE plpgsql {1} AS $doppel$ BEGIN\n"
      "SET CONSTRAINTS {2} IMMEDIATE;\nSET CONSTRAINTS {2} DEFERRED;\nEND $doppel$;\n",
      table.number, on_own_rows(place), list);
}

/// A row of live that collides, as SQL that is true for one.
std::string collides(const DataTable& table, const UniqueRule& rule) {
  const char* equal = rule.nulls_collide ? " IS NOT DISTINCT FROM " : " ";
  if (!rule.exclusion && rule.condition.empty() && !rule.columns.empty()) {
    std::string same;
    for (const std::string& part : rule.parts) {
      same += fmt::format("{}l.{}{}doppel_new.{}", same.empty() ? "" : " AND ", part,
                          rule.nulls_collide ? equal : " = ", part);
    }
    return fmt::format("EXISTS (SELECT FROM {} AS l WHERE {} AND {})", live_table(table), same,
                       not_hidden(table, "l"));
  }
  std::string parts;
  std::string same;
  for (std::size_t i = 0; i < rule.parts.size(); ++i) {
    parts += fmt::format("{}{} AS doppel_{}", i == 0 ? "" : ", ", rule.parts[i], i);
    same += fmt::format("{}l.doppel_{} {} w.doppel_{}", i == 0 ? "" : " AND ", i,
                        rule.nulls_collide ? "IS NOT DISTINCT FROM" : rule.operators[i], i);
  }
  const std::string where = rule.condition.empty() ? "" : " WHERE " + rule.condition;
  return fmt::format(
      "EXISTS (SELECT FROM (SELECT {0}, {1} FROM {2}{3}) AS l, (SELECT {1} FROM (SELECT "
      "doppel_new.*) AS {4}{3}) AS w WHERE {5} AND {6})",
      join(table.key(), ", "), parts, live_table(table), where, quote_name(table.live.name), same,
      not_hidden(table, "l"));
}

std::string rule_check(const DataTable& table, const UniqueRule& rule) {
  std::string moved;
  for (const std::string& column : rule.columns) {
    const std::string name = quote_name(column);
    moved += fmt::format("{}doppel_new.{} IS DISTINCT FROM OLD.{}", moved.empty() ? "" : " OR ",
                         name, name);
  }
  const std::string applies = moved.empty() || rule.exclusion
                                  ? std::string("true")
                                  : fmt::format("TG_OP = 'INSERT' OR {}", moved);
  std::string values;
  for (const std::string& part : rule.parts) {
    values += fmt::format("{}{}::text", values.empty() ? "" : ", ", part);
  }
  return fmt::format(
      "IF {0} THEN IF {1} THEN\nRAISE EXCEPTION USING ERRCODE = '{2}', MESSAGE = {3}, DETAIL = "
      "(SELECT {4} || array_to_string(ARRAY[{5}], ', ', 'null') || {6} FROM (SELECT doppel_new.*) "
      "AS "
      "{7}), CONSTRAINT = {8}, TABLE = {9}, SCHEMA = {10};\nEND IF; END IF;\n",
      applies, collides(table, rule), rule.exclusion ? "23P01" : "23505",
      quote_text(fmt::format("{} violates {} constraint \"{}\"",
                             rule.exclusion ? "conflicting key value" : "duplicate key value",
                             rule.exclusion ? "exclusion" : "unique", rule.name)),
      quote_text("Key (" + join(rule.parts, ", ") + ")=("), values,
      quote_text(rule.exclusion ? ") conflicts with a row of live." : ") already exists."),
      quote_name(table.live.name), quote_text(rule.name), quote_text(table.live.name),
      quote_text(table.live.schema));
}

std::string generated_checks(const DataTable& table) {
  std::string checks;
  for (const DataColumn& column : table.columns) {
    if (!column.generated) continue;
    const std::string name = quote_name(column.name);
    checks += fmt::format(
        "IF NEW.{0} IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.{0}::text IS DISTINCT FROM "
        "OLD.{0}::text) THEN RAISE EXCEPTION USING ERRCODE = '428C9', MESSAGE = CASE TG_OP WHEN "
        "'INSERT' THEN {1} ELSE {2} END, DETAIL = {3};\nEND IF;\n",
        name,
        quote_text(
            fmt::format("cannot insert a non-DEFAULT value into column \"{}\"", column.name)),
        quote_text(fmt::format("column \"{}\" can only be updated to DEFAULT", column.name)),
        quote_text(fmt::format("Column \"{}\" is a generated column.", column.name)));
  }
  if (checks.empty()) return checks;
  return "IF TG_OP <> 'DELETE' THEN\n" + checks + "END IF;\n";
}

/// The statement's own second look at a row that it has written already does nothing, as in a
/// table; a row that somebody else has written since the statement began ends the statement.
std::string compare(const DataTable& table) {
  const std::vector<std::string> key = table.key();
  std::vector<std::string> all;
  for (const DataColumn& column : table.columns) all.push_back(quote_name(column.name));
  return fmt::format(
      "IF TG_OP <> 'INSERT' THEN\n"
      "SELECT h.stmt INTO doppel_seen FROM doppel_hidden_{0} AS h WHERE {1};\n"
      "IF doppel_seen = doppel_stmt THEN RETURN NULL; END IF;\n"
      "SELECT u.* INTO doppel_now FROM (SELECT {2} FROM {3} AS t WHERE {4} UNION ALL "
      "SELECT {2} FROM {5} AS l WHERE {6} AND {7}) AS u;\n"
      "IF NOT FOUND OR NOT (doppel_now *= OLD) THEN RAISE EXCEPTION USING ERRCODE = '40001', "
      "MESSAGE = 'could not serialize access due to concurrent update', DETAIL = {8}, HINT = "
      "'Try the transaction again.';\n"
      "END IF;\nEND IF;\n",
      table.number, equal_columns(key, "h", "OLD"), join(all, ", "), quote_name(table.live.name),
      equal_columns(key, "t", "OLD"), live_table(table), equal_columns(key, "l", "OLD"),
      not_hidden(table, "l"),
      quote_text("A row of \"" + table.live.name + "\" changed since the statement began."));
}

/// Triggers `UPDATE OF` columns see what a statement names; here that is what it changes, and where
/// it changes nothing a column that nobody watches.
std::string update_statement(const DataTable& table) {
  const std::string name = quote_name(table.live.name);
  const std::vector<std::string> key = table.key();
  const std::vector<std::string> columns = quoted(table.live.columns);
  std::string assignments;
  std::string changes;
  for (const std::string& column : columns) {
    assignments += fmt::format("{}{} = NEW.{}", assignments.empty() ? "" : ", ", column, column);
    changes += fmt::format(", CASE WHEN NEW.{0}::text IS DISTINCT FROM OLD.{0}::text THEN {1} END",
                           column, quote_text(fmt::format("{} = ($1).{}", column, column)));
  }
  if (table.watched_columns.empty()) {
    return fmt::format("UPDATE {} AS t SET {} WHERE {} RETURNING t.* INTO doppel_new;\n", name,
                       assignments, equal_columns(key, "t", "OLD"));
  }
  std::string spare = key.front();
  for (const std::string& column : table.live.columns) {
    if (std::ranges::find(table.watched_columns, column) != table.watched_columns.end()) continue;
    spare = quote_name(column);
    break;
  }
  return fmt::format(
      "EXECUTE {0} || coalesce(nullif(concat_ws(', '{1}), ''), {2}) || {3} INTO doppel_new USING "
      "NEW, OLD;\n",
      quote_text("UPDATE " + name + " AS t SET "), changes,
      quote_text(fmt::format("{} = ($1).{}", spare, spare)),
      quote_text(" WHERE " + equal_columns(key, "t", "($2)") + " RETURNING t.*"));
}

std::string row_function(const DataTable& table, const DataPlace& place) {
  const std::string name = quote_name(table.live.name);
  const std::vector<std::string> key = table.key();
  const std::vector<std::string> stored = quoted(table.live.columns);
  const std::string columns = join(stored, ", ");
  const std::string by_key = equal_columns(key, "t", "OLD");
  const std::string insert = fmt::format(
      "INSERT INTO {} AS t ({}) VALUES ({}) RETURNING t.* INTO "
      "doppel_new;\n",
      name, columns, row_of(stored, "NEW"));
  // The old row stands among the own ones first, so that the table's own triggers see what they
  // would see in live. They keep quiet about its coming.
  const std::string bring = fmt::format(
      "PERFORM set_config('doppel.quiet', 'on', true);\n"
      "INSERT INTO {0} AS t ({1}) SELECT {2} WHERE NOT EXISTS (SELECT FROM {0} AS t WHERE {3});\n"
      "GET DIAGNOSTICS doppel_brought = ROW_COUNT;\n"
      "PERFORM set_config('doppel.quiet', 'off', true);\n",
      name, columns, row_of(stored, "OLD"), by_key);
  // What a trigger of the application kept from being written stays live's.
  const std::string take_back = fmt::format(
      "IF doppel_written = 0 THEN IF doppel_brought > 0 THEN PERFORM set_config('doppel.quiet', "
      "'on', "
      "true); DELETE FROM {} AS t WHERE {}; PERFORM set_config('doppel.quiet', 'off', true); END "
      "IF; RETURN NULL; END IF;\n",
      name, by_key);
  const std::string hide_old = fmt::format(
      "INSERT INTO doppel_hidden_{0} ({1}, stmt) VALUES ({2}, doppel_stmt) ON CONFLICT ({1}) DO "
      "NOTHING;\n",
      table.number, join(key, ", "), row_of(key, "OLD"));
  std::string rules;
  for (const UniqueRule& rule : table.rules) rules += rule_check(table, rule);
  std::string body = generated_checks(table) + compare(table);
  const std::string counted = "GET DIAGNOSTICS doppel_written = ROW_COUNT;\n";
  const bool watched = !table.triggers.empty();
  body += "IF TG_OP = 'DELETE' THEN\n" + (watched ? bring : "") +
          fmt::format("DELETE FROM {} AS t WHERE {};\n", name, by_key) + counted +
          (watched ? take_back : "") +
          fmt::format(
              "PERFORM doppel_keep_{}('DELETE', doppel_now, NULL, doppel_stmt);\n"
              "RETURN OLD;\nEND IF;\n",
              table.number);
  body += "IF TG_OP = 'INSERT' THEN\n" + insert + "IF NOT FOUND THEN RETURN NULL; END IF;\nELSE\n" +
          (watched ? bring : "") + update_statement(table) + counted +
          (watched ? take_back : "IF doppel_written = 0 THEN " + insert + "END IF;\n") + hide_old +
          "END IF;\n";
  body += rules;
  body += fmt::format(
      "PERFORM doppel_keep_{}(TG_OP, doppel_now, doppel_new, doppel_stmt);\n"
      "RETURN doppel_new;\n",
      table.number);
  return fmt::format(
      "CREATE FUNCTION doppel_row_{0}() RETURNS trigger LANGUAGE plpgsql {1} AS $doppel$\n"
      "#variable_conflict use_column\n"
      "DECLARE doppel_stmt bigint := {4}; doppel_seen bigint; doppel_brought bigint := 0; "
      "doppel_written bigint; "
      "doppel_now {2}%ROWTYPE; "
      "doppel_new {2}%ROWTYPE;\nBEGIN\n{3}END $doppel$;\n",
      table.number, on_own_rows(place), name, body, running_statement(table.number));
}

std::string triggers_on(const std::string& relation, std::size_t number) {
  return fmt::format(
      "CREATE TRIGGER doppel_begin BEFORE INSERT OR UPDATE OR DELETE ON {0} FOR EACH STATEMENT "
      "EXECUTE FUNCTION doppel_begin({1});\n"
      "CREATE TRIGGER doppel_row INSTEAD OF INSERT OR UPDATE OR DELETE ON {0} FOR EACH ROW EXECUTE "
      "FUNCTION doppel_row_{1}();\n"
      "CREATE TRIGGER doppel_end AFTER INSERT OR UPDATE OR DELETE ON {0} FOR EACH STATEMENT "
      "EXECUTE FUNCTION doppel_end_{1}();\n",
      relation, number);
}

/// What a copy's own foreign keys cascade runs its BEFORE triggers one level deeper than its AFTER
/// triggers, which wait for the statement that set it off. So there a statement has no number: its
/// rows are those that no earlier end has taken from the log.
constexpr const char* kCopysStatement = "0";

/// A copy of config beside such tables keeps its foreign keys with them, too.
std::string note_function(const CopiedTable& copy, std::size_t number, const DataPlace& place) {
  const std::string relation = quote_name(place.names.schema) + "." + quote_name(copy.name);
  return fmt::format(
      "CREATE FUNCTION doppel_note_{0}() RETURNS trigger LANGUAGE plpgsql {1} AS $doppel$ BEGIN\n"
      "INSERT INTO doppel_log_{0} (stmt, op, was, now) VALUES ({3}, TG_OP, CASE WHEN TG_OP <> "
      "'INSERT' THEN OLD END, "
      "CASE WHEN TG_OP <> 'DELETE' THEN NEW END);\nRETURN NULL;\nEND $doppel$;\n"
      "CREATE TRIGGER doppel_begin BEFORE INSERT OR UPDATE OR DELETE ON {2} FOR EACH STATEMENT "
      "EXECUTE FUNCTION doppel_begin({0});\n"
      "CREATE TRIGGER doppel_note AFTER INSERT OR UPDATE OR DELETE ON {2} FOR EACH ROW EXECUTE "
      "FUNCTION doppel_note_{0}();\n"
      // After the capture's.
      "CREATE TRIGGER doppel_rules AFTER INSERT OR UPDATE OR DELETE ON {2} FOR EACH STATEMENT "
      "EXECUTE FUNCTION doppel_end_{0}();\n",
      number, on_own_rows(place), relation, kCopysStatement);
}

}  // namespace

std::string on_own_rows(const DataPlace& place) {
  return fmt::format("SECURITY DEFINER SET search_path = {}, {}, pg_temp",
                     path_list({place.names.delta, place.names.schema}),
                     path_list(place.live_path));
}

std::string equal_columns(const std::vector<std::string>& columns, const std::string& left,
                          const std::string& right) {
  std::string text;
  for (const std::string& column : columns) {
    text +=
        fmt::format("{}{}.{} = {}.{}", text.empty() ? "" : " AND ", left, column, right, column);
  }
  return text;
}

std::vector<std::string> writing_statements(const DataTables& data, const DataPlace& place) {
  std::vector<std::string> statements;
  statements.push_back(fmt::format(
      "CREATE FUNCTION doppel_begin() RETURNS trigger LANGUAGE plpgsql {} AS $doppel$ DECLARE n "
      "bigint;\nBEGIN\nUPDATE doppel_writer SET writes = writes + 1 RETURNING writes INTO n;\n"
      "PERFORM set_config('doppel.s' || pg_trigger_depth() || '_' || TG_ARGV[0], n::text, true);\n"
      "RETURN NULL;\nEND $doppel$",
      on_own_rows(place)));
  for (const DataTable& table : data.tables) {
    const bool keys = has_keys(data, table.live.oid);
    statements.push_back(keep_function(table, keys, place));
    statements.push_back(settle_function(table, place));
    statements.push_back(row_function(table, place));
    std::string settle;
    if (!table.late_triggers.empty()) {
      statements.push_back(flush_function(table, place));
      settle += fmt::format("PERFORM doppel_flush_{}();\n", table.number);
    }
    settle += fmt::format(
        "IF EXISTS (SELECT FROM doppel_hidden_{0} WHERE settled) THEN PERFORM doppel_settle_{0}(); "
        "END IF;\n",
        table.number);
    settle += "PERFORM doppel_limit();\n";
    statements.push_back(end_function(data, table.live.oid, table.number,
                                      running_statement(table.number), settle, place));
    statements.push_back(deferred_checks(data, table.live.oid, table.number, place));
    const std::string view = quote_name(place.names.schema) + "." + quote_name(table.live.name);
    statements.push_back(triggers_on(view, table.number));
  }
  for (const CopiedTable& copy : data.neighbours) {
    const std::size_t number = log_number(data, copy.name);
    statements.push_back(end_function(data, copy.oid, number, kCopysStatement, "", place));
    statements.push_back(deferred_checks(data, copy.oid, number, place));
    statements.push_back(note_function(copy, number, place));
  }
  return statements;
}

}  // namespace doppel::postgres
