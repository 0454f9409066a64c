#include <CLI/CLI.hpp>

#include "base/error.hpp"
#include "cli/context.hpp"
#include "cli/diff_text.hpp"
#include "plan/plan_json.hpp"

namespace doppel::cli {
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
    context.result(
        plan::to_json(model, diff),
        diff_text(model, diff, context.options.quiet ? DiffEnd::kNone : DiffEnd::kTotals));
    if (arguments->exit_code && !diff.rows.empty()) {
      context.exit_code = error_info(ErrorCode::kConflicts).exit_code;
    }
  });
}

}  // namespace doppel::cli
