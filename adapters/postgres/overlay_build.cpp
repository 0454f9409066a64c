#include "adapters/postgres/overlay_build.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "adapters/postgres/capture.hpp"
#include "adapters/postgres/copied_objects.hpp"
#include "adapters/postgres/copied_rules.hpp"
#include "adapters/postgres/copied_tables.hpp"
#include "adapters/postgres/data_sql.hpp"
#include "adapters/postgres/data_triggers.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/overlay_registry.hpp"
#include "adapters/postgres/overlay_rights.hpp"
#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

using database::Finding;
using database::OverlaySpec;
using database::quote_name;
using database::TrackedTable;

/// All that will stand in the sandbox's schema, as statements: read while live's search_path is
/// set, run while the sandbox's is.
struct Plan {
  std::vector<CopiedTable> tables;
  DataTables data;
  CopiedObjects objects;
  std::vector<std::string> before_capture;
  std::vector<std::string> after_capture;
  std::vector<Finding> findings;
};

template <typename T>
void append(std::vector<T>& list, std::vector<T> more) {
  list.insert(list.end(), std::make_move_iterator(more.begin()),
              std::make_move_iterator(more.end()));
}

std::string path_statement(const std::vector<std::string>& path) {
  return "SET LOCAL search_path = " + path_list(path);
}

/// Views of data that the sandbox writes, with what stands behind them.
void plan_data(database::SqlRunner& live, const DataPlace& place, Plan& plan) {
  const DataTables& data = plan.data;
  for (const RefusedTable& table : data.refused) {
    plan.findings.push_back({.kind = Finding::Kind::kTable,
                             .weight = Finding::Weight::kWarning,
                             .place = table.name,
                             .message = fmt::format("{} is for reading only: {} ({})", table.name,
                                                    table.reason, table.remedy),
                             .remedy = table.remedy});
  }
  for (const DataTable& table : data.tables) {
    if (table.because.empty()) continue;
    plan.findings.push_back(
        {.kind = Finding::Kind::kTable,
         .place = table.live.name,
         .message = fmt::format("{} is written, too: its rows refer to {}, which is",
                                table.live.name, table.because)});
  }
  if (data.tables.empty() && data.refused.empty()) return;
  std::vector<std::string> own{place.names.delta, place.names.schema};
  std::vector<std::string> sandbox{place.names.schema};
  for (std::vector<std::string>* path : {&own, &sandbox}) {
    path->insert(path->end(), place.live_path.begin(), place.live_path.end());
  }
  std::vector<std::string>& script = plan.before_capture;
  script.push_back("CREATE SCHEMA " + quote_name(place.names.delta));
  script.push_back(path_statement(own));
  append(script, delta_statements(live, data, place));
  script.push_back(path_statement(sandbox));
  append(script, view_statements(data, place));
  append(script, refusal_statements(data, place));
  std::vector<std::string>& after = plan.after_capture;
  after.push_back(path_statement(own));
  append(after, writing_statements(data, place));
  for (const DataTable& table : data.tables) append(after, table.triggers);
  after.push_back(path_statement(sandbox));
  for (const DataTable& table : data.tables) append(after, table.statement_triggers);
}

WrittenData written_of(const DataTables& data, Oids trigger_functions) {
  WrittenData written{
      .relations = {}, .names = {}, .trigger_functions = std::move(trigger_functions)};
  for (const DataTable& table : data.tables) {
    written.relations.push_back(table.live.oid);
    written.names.push_back(table.live.name);
  }
  return written;
}

Plan plan_copy(Connection& connection, const OverlaySpec& spec,
               const std::vector<TableShapePtr>& shapes, const SandboxNames& names) {
  using Kind = CopiedObject::Kind;
  database::SqlRunner& live = *connection.sql();
  std::vector<std::string> wanted;
  for (const TableShapePtr& shape : shapes) wanted.push_back(shape->name);
  Plan plan;
  plan.tables = read_copied_tables(live, wanted);
  const TriggerUses uses = trigger_uses(spec);
  plan.data = read_data_tables(live, spec, plan.tables, connection.path());
  const Oids trigger_functions = read_data_triggers(live, uses, plan.data, plan.findings);
  Oids relations;
  for (const CopiedTable& table : plan.tables) relations.push_back(table.oid);
  plan.objects = read_copied_objects(live, plan.tables, connection.path(), names.schema,
                                     shaping_functions(live, relations),
                                     written_of(plan.data, trigger_functions));
  append(plan.findings, plan.objects.findings);
  append(plan.findings, unsafe_functions(live, relations));
  std::vector<std::string>& script = plan.before_capture;
  append(script, table_statements(live, plan.tables));
  append(script, constraint_statements(live, relations));
  plan_data(live, {.names = names, .live_path = connection.path()}, plan);
  for (const CopiedObject& object : plan.objects.objects) script.push_back(object.sql);
  append(script, index_statements(live, plan.objects.oids(Kind::kMaterialisedView)));
  for (const CopiedObject& object : plan.objects.objects) {
    if (object.kind != Kind::kMaterialisedView) continue;
    if (object.filled) {
      script.push_back("REFRESH MATERIALIZED VIEW " + quote_name(object.name));
    }
    plan.findings.push_back(
        {.kind = Finding::Kind::kView,
         .place = object.name,
         .message = "materialised view " + object.name +
                    " is as it was when the sandbox was made: a refresh makes it anew"});
  }
  for (const std::int64_t view : plan.objects.oids(Kind::kView)) relations.push_back(view);
  const Oids functions = plan.objects.oids(Kind::kFunction);
  append(script, default_statements(live, relations, functions));
  append(script, view_default_statements(plan.data));
  CopiedRules rules = read_copied_rules(live, relations, names.role, uses);
  append(script, std::move(rules.statements));
  append(plan.findings, std::move(rules.findings));
  return plan;
}

std::string script_of(const std::vector<std::string>& statements) {
  std::string script;
  for (const std::string& statement : statements) script += statement + ";\n";
  return script;
}

/// What programs see that look for a table in all schemas and take the first by name.
std::string canary(Connection& connection, const std::vector<TableShapePtr>& shapes) {
  std::vector<std::string> names;
  for (const TableShapePtr& shape : shapes) names.push_back(shape->name);
  const auto rows = rows_of(
      connection
          .run("SELECT string_agg(f.seen, E'\\n' ORDER BY f.relname) FROM (SELECT DISTINCT ON "
               "(c.relname) c.relname, n.nspname || '.' || c.relname || ' ' || coalesce((SELECT "
               "string_agg(pg_get_expr(d.adbin, d.adrelid), ' ' ORDER BY d.adnum) FROM pg_attrdef "
               "AS d WHERE d.adrelid = c.oid), '') AS seen FROM pg_class AS c JOIN pg_namespace AS "
               "n ON n.oid = c.relnamespace WHERE c.relname = ANY ($1::text[]) AND c.relkind IN "
               "('r', 'p') ORDER BY c.relname, n.nspname) AS f",
               std::vector<Value>{Value(text_array(names))})
          .get());
  return rows.at(0).at(0).is_null() ? "" : rows[0][0].text();
}

void set_path(Connection& connection, const std::vector<std::string>& path) {
  connection.run_script(path_statement(path));
}

/// Tables that others inherit from, or that do.
std::set<std::string> families_of(const std::vector<CopiedTable>& tables) {
  std::set<std::string> families;
  for (const CopiedTable& table : tables) {
    if (!inherits(table)) continue;
    families.insert(table.name);
    families.insert(table.parents.begin(), table.parents.end());
  }
  return families;
}

/// For each shape the partitions that are copied with it, at any depth.
std::vector<std::vector<std::string>> heirs_of(const std::vector<TableShapePtr>& shapes,
                                               const std::vector<CopiedTable>& tables) {
  std::vector<std::vector<std::string>> heirs;
  for (const TableShapePtr& shape : shapes) {
    std::set<std::string> family{shape->name};
    std::vector<std::string> found;
    for (const CopiedTable& table : tables) {  // Parents come first.
      const bool heir =
          !inherits(table) && std::ranges::any_of(table.parents, [&](const std::string& parent) {
            return family.contains(parent);
          });
      if (!heir || !family.insert(table.name).second) continue;
      found.push_back(table.name);
    }
    heirs.push_back(std::move(found));
  }
  return heirs;
}

Granted rights_of(const Plan& plan, const SandboxNames& names) {
  using Kind = CopiedObject::Kind;
  Granted granted;
  granted.names = names;
  std::set<std::string> owners;
  for (const CopiedTable& table : plan.tables) {
    granted.config.push_back(table.oid);
    granted.tables.push_back(table.name);
    owners.insert(table.owner);
    if (table.row_security) granted.secured.emplace_back(table.name, table.owner);
  }
  for (const CopiedObject& object : plan.objects.objects) {
    if (object.kind == Kind::kFunction) continue;
    granted.config.push_back(object.oid);
    granted.views.push_back(object.name);
  }
  for (const DataTable& table : plan.data.tables) {
    granted.views.push_back(table.live.name);
    owners.insert(table.live.owner);
  }
  for (const RefusedTable& table : plan.data.refused) owners.insert(table.owner);
  for (const RefusedTable& table : plan.data.refused) {
    if (table.shown) granted.views.push_back(table.name);
  }
  granted.writes_data = !plan.data.tables.empty();
  granted.delta = granted.writes_data || !plan.data.refused.empty();
  std::ranges::sort(granted.config);
  granted.owners.assign(owners.begin(), owners.end());
  return granted;
}

std::vector<TableShapePtr> shapes_of(const DataTables& data) {
  std::vector<TableShapePtr> shapes;
  for (const DataTable& table : data.tables) shapes.push_back(table.shape);
  return shapes;
}

}  // namespace

std::vector<TableShapePtr> config_shapes(const OverlaySpec& spec) {
  std::vector<TableShapePtr> shapes;
  for (const TrackedTable& table : spec.tables) {
    if (table.kind == TrackedTable::Kind::kConfig) shapes.push_back(table.shape);
  }
  return shapes;
}

CopyExamination examine_copy(Connection& connection, const OverlaySpec& spec) {
  Plan plan = plan_copy(connection, spec, config_shapes(spec), names_of(spec));
  CopyExamination examined{.findings = std::move(plan.findings), .config = {}, .written = {}};
  const Granted granted = rights_of(plan, names_of(spec));
  examined.config = granted.config;
  for (const DataTable& table : plan.data.tables) examined.written.push_back(table.live.name);
  return examined;
}

void build_copy(Connection& connection, const OverlaySpec& spec, const std::string& password) {
  const SandboxNames names = names_of(spec);
  const std::vector<TableShapePtr> shapes = config_shapes(spec);
  const std::vector<std::string> live_path = connection.path();
  std::vector<std::string> path{names.schema};
  path.insert(path.end(), live_path.begin(), live_path.end());
  const std::string before = canary(connection, shapes);
  const Plan plan = plan_copy(connection, spec, shapes, names);
  database::require_none_refused(plan.findings);
  connection.run_script(fmt::format("CREATE SCHEMA {}", quote_name(names.schema)));
  set_path(connection, path);
  connection.run_script(script_of(plan.before_capture));
  if (!plan.tables.empty()) {
    std::vector<std::string> tables;
    for (const CopiedTable& table : plan.tables) tables.push_back(table.name);
    // A sample of 3,000 rows costs a tenth of the usual one, which is most of what a table of some
    // thousand rows has; the server takes its own when the tables have changed.
    connection.run_script("SET LOCAL default_statistics_target = 10; ANALYZE " +
                          database::quote_names(tables) +
                          "; SET LOCAL default_statistics_target TO DEFAULT");
  }
  install_capture(connection, shapes,
                  {.heirs = heirs_of(shapes, plan.tables), .families = families_of(plan.tables)},
                  shapes_of(plan.data), path);
  fix_trigger_paths(*connection.sql(), names.schema, path);
  connection.run_script(script_of(plan.after_capture));
  write_mark(connection, "mark", spec.mark);
  write_mark(connection, "changed_rows", std::to_string(spec.limits.changed_rows));
  connection.run_script(
      fmt::format("COMMENT ON SCHEMA {} IS {}", quote_name(names.schema), quote_text(spec.mark)));

  make_registry(connection);
  const Granted granted = rights_of(plan, names);
  const std::string reader = make_reader(connection, granted);
  std::vector<std::string> remarks;
  if (!names.passing) remarks = make_role(connection, names, reader, password, spec.limits);
  if (granted.writes_data) make_writer(connection, names, reader);
  append(remarks, grant_rights(connection, granted));
  const std::vector<std::string> found = database::texts_of(plan.findings);
  remarks.insert(remarks.begin(), found.begin(), found.end());
  json::array kept;
  for (const std::string& remark : remarks) kept.emplace_back(remark);
  write_mark(connection, "remarks", write_json(kept, JsonStyle::kCompact));
  add_registered(connection,
                 {.schema = names.schema, .role = names.role, .reader = reader, .mark = spec.mark});
  set_path(connection, live_path);
  if (canary(connection, shapes) != before) {
    throw Error(
        ErrorCode::kUnsupported,
        "programs that look for a table in all schemas would find the sandbox's first",
        {.place = names.schema, .remedy = "live's schema must have a name that sorts before it"});
  }
  set_path(connection, path);
}

std::vector<database::RowCount> count_copies(Connection& connection,
                                             const std::vector<TableShapePtr>& shapes) {
  constexpr std::int64_t kExactLimit = 100'000;
  std::vector<std::string> names;
  for (const TableShapePtr& shape : shapes) names.push_back(shape->name);
  const auto estimates =
      rows_of(connection
                  .run("SELECT c.reltuples::bigint FROM unnest($1::text[]) WITH ORDINALITY AS n "
                       "(name, i) JOIN pg_class AS c ON c.oid = to_regclass(quote_ident(n.name)) "
                       "ORDER BY n.i",
                       std::vector<Value>{Value(text_array(names))})
                  .get());
  std::vector<database::RowCount> counts;
  std::string exactly;
  std::vector<std::size_t> counted;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::int64_t estimate = estimates.at(i).at(0).integer();
    counts.push_back({names[i], estimate, estimate > kExactLimit});
    if (estimate > kExactLimit) continue;
    exactly += fmt::format("{}(SELECT count(*) FROM {})", counted.empty() ? "SELECT " : ", ",
                           connection.facts(names[i]).own);
    counted.push_back(i);
  }
  if (counted.empty()) return counts;
  const Row row = rows_of(connection.run(exactly).get()).at(0);
  for (std::size_t i = 0; i < counted.size(); ++i) counts[counted[i]].rows = row[i].integer();
  return counts;
}

}  // namespace doppel::postgres
