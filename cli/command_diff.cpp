#include <CLI/CLI.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/style.hpp"
#include "plan/plan_json.hpp"

namespace doppel::cli {
namespace {

std::string field_text(const plan::DiffRow& row, const plan::DiffField& field) {
  std::string text = "      " + field.column + ": ";
  if (!row.in_base) return text + display(field.sandbox) + "\n";
  if (!row.in_sandbox) return text + display(field.base) + "\n";
  text += display(field.base) + " -> " + display(field.sandbox);
  if (row.in_live && field.live != field.base) text += "   live: " + display(field.live);
  return text + "\n";
}

std::string row_text(const plan::DiffRow& row) {
  const bool added = row.kind == plan::DiffKind::kAdded;
  const bool removed = row.kind == plan::DiffKind::kRemoved;
  const Tone tone = added ? Tone::kAdded : (removed ? Tone::kRemoved : Tone::kChanged);
  std::string text = "  " +
                     styled((added     ? "+ "
                             : removed ? "- "
                                       : "~ ") +
                                row.label,
                            tone) +
                     "  " + std::string(to_text(row.kind)) +
                     styled("  key " + display(row.key), Tone::kFaint);
  if (!row.touch.at.empty()) {
    text += styled(
        "  " + (row.touch.by.empty() ? "the application" : row.touch.by) + ", " + row.touch.at,
        Tone::kFaint);
  }
  if (row.in_base && !row.in_live) text += styled("  deleted in live", Tone::kBad);
  text += "\n";
  for (const plan::DiffField& field : row.fields) text += field_text(row, field);
  return text;
}

std::string diff_text(const plan::Diff& diff, bool quiet) {
  std::string text;
  std::string table;
  for (const plan::DiffRow& row : diff.rows) {
    if (row.table != table) text += styled(row.table, Tone::kHeading) + "\n";
    table = row.table;
    text += row_text(row);
  }
  if (quiet) return text;
  if (diff.rows.empty()) text = diff.environment + " has no change of config.\n";
  if (diff.data_rows != 0) {
    text += counted(static_cast<std::int64_t>(diff.data_rows), "row") +
            " of data are the sandbox's own; they are never promoted.\n";
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
    context.result(plan::to_json(context.doppel().model(name.tenant), diff),
                   diff_text(diff, context.options.quiet));
    if (arguments->exit_code && !diff.rows.empty()) {
      context.exit_code = error_info(ErrorCode::kConflicts).exit_code;
    }
  });
}

}  // namespace doppel::cli
