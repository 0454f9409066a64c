#include <CLI/CLI.hpp>

#include "cli/context.hpp"
#include "cli/layout.hpp"
#include "cli/plan_options.hpp"
#include "plan/plan_json.hpp"

namespace doppel::cli {

void add_snapshot(CLI::App& app, Context& context) {
  struct Arguments {
    std::string tenant, snapshot, plan;
    PlanArguments options;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("snapshot", "The config of live as it was before each promotion");
  command->require_subcommand(1);
  command->footer(example("doppel snapshot list acme"));

  CLI::App* list = command->add_subcommand("list", "The snapshots of a tenant, newest first");
  list->add_option("TENANT", arguments->tenant, "The tenant")->required();
  list->footer(example("doppel snapshot list acme"));
  list->callback([arguments, &context] {
    json::array all;
    std::vector<std::vector<std::string>> rows;
    for (const plan::SnapshotInfo& info : context.doppel().snapshots(arguments->tenant)) {
      all.emplace_back(plan::to_json(info));
      rows.push_back({info.name,
                      info.promoted ? std::to_string(info.promotion) : "none was recorded",
                      moment(info.at), std::to_string(info.rows)});
    }
    const std::string text =
        all.empty() ? "There are no snapshots of " + arguments->tenant + ".\n"
                    : table_text({"snapshot", "before no.", "when (UTC)", "rows"}, rows);
    context.result(json::object{{"tenant", arguments->tenant}, {"snapshots", all}}, text);
  });

  CLI::App* restore =
      command->add_subcommand("restore", "Plan to bring a snapshot's config back, or do it");
  restore->add_option("TENANT", arguments->tenant, "The tenant")->required();
  restore->add_option("SNAPSHOT", arguments->snapshot, "Its name, or the promotion's number")
      ->required();
  restore->add_option("--plan", arguments->plan, "Do the plan with this hash");
  add_plan_arguments(restore, arguments->options);
  restore->footer(example("doppel snapshot restore acme 1"));
  restore->callback([arguments, &context] {
    Doppel& doppel = context.doppel();
    if (!arguments->plan.empty()) {
      print_promoted(context,
                     doppel.restore(arguments->tenant, arguments->snapshot, arguments->plan));
      return;
    }
    const std::string again =
        "doppel snapshot restore " + arguments->tenant + " " + arguments->snapshot;
    print_plan(context, {arguments->tenant, ""},
               doppel.plan_restore(arguments->tenant, arguments->snapshot,
                                   plan_options(arguments->options)),
               {.promote = again, .resolve = again, .options = {}});
  });
}

}  // namespace doppel::cli
