#include <CLI/CLI.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/layout.hpp"
#include "cli/row_text.hpp"
#include "cli/style.hpp"
#include "plan/plan_json.hpp"

namespace doppel::cli {
namespace {

std::string field_text(const manifest::Model& model, const plan::DiffRow& row,
                       const plan::DiffField& field) {
  const std::size_t column = row.shape->column(field.column).value_or(0);
  const auto value = [&](const Value& of) { return shown(model, *row.shape, column, of); };
  std::string text = "      " + field.column + ": ";
  if (!row.in_base) return text + value(field.sandbox) + "\n";
  if (!row.in_sandbox) return text + value(field.base) + "\n";
  text += value(field.base) + " -> " + value(field.sandbox);
  if (!row.in_live || field.live == field.base) return text + "\n";
  return text + (field.live == field.sandbox ? ", as in live by now\n"
                                             : ", in live " + value(field.live) + " by now\n");
}

std::string row_text(const manifest::Model& model, const plan::DiffRow& row) {
  const ChangeKind change = row.kind == plan::DiffKind::kAdded     ? ChangeKind::kInsert
                            : row.kind == plan::DiffKind::kRemoved ? ChangeKind::kDelete
                                                                   : ChangeKind::kUpdate;
  std::string text =
      row_heading(change, row.label, row.key) + "  " + std::string(to_text(row.kind));
  if (!row.touch.at.empty()) {
    text += styled(" by " + (row.touch.by.empty() ? "the application" : row.touch.by) + ", " +
                       moment(row.touch.at),
                   Tone::kFaint);
  }
  if (row.in_base && !row.in_live) text += styled("  deleted in live by now", Tone::kBad);
  text += "\n";
  for (const plan::DiffField& field : row.fields) {
    const auto column = row.shape->column(field.column);
    if (column && is_key(*row.shape, *column)) continue;
    text += field_text(model, row, field);
  }
  return text;
}

std::string diff_text(const manifest::Model& model, const plan::Diff& diff, bool quiet) {
  std::string text;
  std::string table;
  changeset::Counts total;
  for (const plan::DiffRow& row : diff.rows) {
    if (row.table != table) {
      const changeset::Counts& counts = diff.counts.at(row.table);
      text += table_heading(row.table, counts.added, counts.changed, counts.removed);
      total.added += counts.added;
      total.changed += counts.changed;
      total.removed += counts.removed;
    }
    table = row.table;
    text += row_text(model, row);
  }
  if (quiet) return text;
  text += diff.rows.empty()
              ? diff.environment + " has no change of config.\n"
              : "\n" + diff.environment + " differs in " +
                    counted(static_cast<std::int64_t>(diff.rows.size()), "row") +
                    " of config: " + counts_text(total.added, total.changed, total.removed) + ".\n";
  if (diff.data_rows != 0) {
    text += "Of its data " + counted(static_cast<std::int64_t>(diff.data_rows), "row") +
            (diff.data_rows == 1 ? " is its own, which is" : " are its own, which are") +
            " never promoted.\n";
  }
  return text;
}

}  // namespace

void add_diff(CLI::App& app, Context& context) {
  struct Arguments {
    std::string name;
    bool exit_code = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("diff", "What is different in a sandbox: base, live and its own");
  command->add_option("ENV", arguments->name, "TENANT/SANDBOX")->required();
  command->add_flag("--exit-code", arguments->exit_code, "Exit with 1 where there is a change");
  command->footer(example("doppel diff acme/qa"));
  command->callback([arguments, &context] {
    const EnvironmentName name = parse_environment(arguments->name);
    const plan::Diff diff = context.doppel().diff(name);
    const manifest::Model model = context.doppel().model(name.tenant);
    context.result(plan::to_json(model, diff), diff_text(model, diff, context.options.quiet));
    if (arguments->exit_code && !diff.rows.empty()) {
      context.exit_code = error_info(ErrorCode::kConflicts).exit_code;
    }
  });
}

}  // namespace doppel::cli
