#include "doppel/coding.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "overlay/apply.hpp"

namespace doppel {
namespace {

using database::Access;
using manifest::TableModel;

/// More mistakes than these are told by their number.
constexpr std::size_t kProblemsTold = 50;

std::vector<std::string> names_of(const TableModel& table,
                                  const std::vector<std::size_t>& columns) {
  std::vector<std::string> names;
  for (const std::size_t column : columns) names.push_back(table.shape->columns[column]);
  return names;
}

/// What the database makes of a number in the column, or of digits in a text, by its declared type.
code::ColumnFacts::Holds held_by(std::string_view type) {
  using Holds = code::ColumnFacts::Holds;
  const std::string lower = to_lower_ascii(type);
  if (lower.find("int") != std::string::npos && lower.find("interval") == std::string::npos) {
    return Holds::kInteger;
  }
  for (const std::string_view word : {"char", "text", "clob"}) {
    if (lower.find(word) != std::string::npos) return Holds::kText;
  }
  return Holds::kAnything;
}

/// The environment around its config, as the folder's names need it. Borrows all.
class Environs {
 public:
  Environs(const manifest::Model& model, const database::Schema& schema,
           database::Connection& connection)
      : model_(model), schema_(schema), connection_(connection) {}

  code::Surroundings surroundings() {
    code::Surroundings made;
    made.row = [this](const std::string& table, const Key& key) { return row(table, key); };
    made.find = [this](const TableModel& table, const std::vector<std::size_t>& columns,
                       const std::vector<Value>& values) { return find(table, columns, values); };
    made.new_keys = [this](const TableModel& table, std::size_t count) {
      database::Table declared;
      declared.name = table.name();
      declared.key_source = table.key_source;
      return connection_.propose_keys(declared, table.shape->columns[table.shape->key.front()],
                                      count);
    };
    made.column = [this](const TableModel& table, std::size_t column) -> code::ColumnFacts {
      return facts(table, column);
    };
    return made;
  }

 private:
  std::optional<Row> row(const std::string& table, const Key& key) {
    const auto [known, is_new] = rows_.try_emplace({table, key});
    if (is_new) {
      known->second = connection_.read_rows(*model_.require(table).shape, {&key, 1}).front();
    }
    return known->second;
  }

  std::vector<Row> find(const TableModel& table, const std::vector<std::size_t>& columns,
                        const std::vector<Value>& values) {
    // Two are enough to know that the name is nobody's.
    constexpr std::size_t kEnough = 2;
    if (std::ranges::any_of(values, &Value::is_null)) {
      std::vector<Row> rows;
      connection_.scan_rows(*table.shape, {names_of(table, columns), values},
                            [&](Row&& found) { rows.push_back(std::move(found)); });
      return rows;
    }
    return connection_.find_rows(*table.shape, names_of(table, columns), {&values, 1}, kEnough)
        .front();
  }

  const code::ColumnFacts& facts(const TableModel& table, std::size_t column) {
    const auto [known, is_new] = facts_.try_emplace({table.name(), column});
    const database::Table* declared = schema_.table(table.name());
    if (!is_new || declared == nullptr) return known->second;
    const database::Column* found = declared->column(table.shape->columns[column]);
    if (found == nullptr) return known->second;
    code::ColumnFacts& made = known->second;
    made.holds = held_by(found->type);
    made.needs_value = found->not_null && !found->default_sql;
    if (found->default_sql && connection_.sql() != nullptr) {
      // The text is the schema's own, as the database keeps it.
      made.initial = connection_.sql()->query("SELECT " + *found->default_sql, {}).at(0).at(0);
    }
    return made;
  }

  const manifest::Model& model_;
  const database::Schema& schema_;
  database::Connection& connection_;
  std::map<std::pair<std::string, Key>, std::optional<Row>> rows_;
  std::map<std::pair<std::string, std::size_t>, code::ColumnFacts> facts_;
};

[[noreturn]] void refuse(const std::vector<manifest::Problem>& problems) {
  std::vector<std::string> lines;
  for (const manifest::Problem& problem : problems) {
    if (lines.size() == kProblemsTold) {
      lines.push_back("and " + std::to_string(problems.size() - kProblemsTold) + " more");
      break;
    }
    lines.push_back(manifest::to_text(problem));
  }
  throw Error(ErrorCode::kInvalidInput, "the folder can't be applied:\n  " + join(lines, "\n  "),
              {.place = problems.front().place, .remedy = "nothing was changed"});
}

void refuse_other_schema(database::Overlay& sandbox, const database::Schema& live) {
  const std::vector<std::string> differences = sandbox.schema_differences(live);
  if (differences.empty()) return;
  throw Error(ErrorCode::kSchemaChanged,
              "live's schema changed since the sandbox was made: " + differences.front(),
              {.place = {}, .remedy = "`doppel sandbox refresh` takes the sandbox along"});
}

code::Files written(const Attached& attached, const EnvironmentName& name,
                    database::Connection& connection, code::Keys keys) {
  const auto moment = connection.begin(database::TransactionKind::kRead);
  Environs environs(attached.model, attached.schema, connection);
  return code::write(attached.model, plan::read_config(attached.model, connection),
                     environs.surroundings(), {.tenant = name.tenant, .keys = keys});
}

/// What the folder changes. The caller holds a transaction.
Applied compared(const Attached& attached, const EnvironmentName& name, const code::Files& files,
                 const ApplyOptions& options, database::Connection& connection,
                 overlay::Changes& changes) {
  Environs environs(attached.model, attached.schema, connection);
  code::Read read =
      code::read(attached.model, files, plan::read_config(attached.model, connection),
                 environs.surroundings(), {.tenant = name.tenant, .missing = options.missing});
  if (!read.problems.empty()) refuse(read.problems);
  Applied applied;
  applied.missing = std::move(read.missing);
  changes.config = std::move(read.changes);
  applied.diff = plan::make_diff(attached.model, name.text(), changes, connection);
  return applied;
}

}  // namespace

code::Files export_config(Workspace& workspace, const EnvironmentName& name, code::Keys keys) {
  Attached attached = workspace.attach(name.tenant);
  if (name.live()) {
    return written(attached, name, *attached.database->open(Access::kReadOnly), keys);
  }
  const environment::Environment environment = workspace.ready(name, attached);
  const auto sandbox = attached.database->overlays().open(
      workspace.spec(environment, attached.model), Access::kReadWrite);
  refuse_other_schema(*sandbox, attached.schema);
  return written(attached, name, sandbox->connection(), keys);
}

Applied apply_config(Workspace& workspace, const EnvironmentName& name, const code::Files& files,
                     const ApplyOptions& options) {
  Attached attached = workspace.attach(name.tenant);
  overlay::Changes changes;
  if (name.live()) {
    if (!options.check_only) {
      throw Error(ErrorCode::kLiveIsReadOnly, "a folder is applied to a sandbox, never to live",
                  {.place = name.text(),
                   .remedy = "`doppel sandbox create " + name.tenant +
                             "/NAME`, apply it there, and promote its plan; --check compares"});
    }
    const auto live = attached.database->open(Access::kReadOnly);
    const auto moment = live->begin(database::TransactionKind::kRead);
    return compared(attached, name, files, options, *live, changes);
  }
  const auto [held, environment] = workspace.hold(name, attached, "apply config");
  const auto sandbox = attached.database->overlays().open(
      workspace.spec(environment, attached.model), Access::kReadWrite);
  refuse_other_schema(*sandbox, attached.schema);
  sandbox->set_author(workspace.settings().author);
  database::Connection& connection = sandbox->connection();
  const auto transaction = connection.begin(options.check_only ? database::TransactionKind::kRead
                                                               : database::TransactionKind::kWrite);
  Applied applied = compared(attached, name, files, options, connection, changes);
  if (options.check_only || changes.config.empty()) return applied;
  overlay::apply_in_order(attached.model, changes.config, connection);
  transaction->commit();
  applied.written = true;
  return applied;
}

}  // namespace doppel
