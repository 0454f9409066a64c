#include <CLI/CLI.hpp>

#include "base/error.hpp"
#include "cli/context.hpp"
#include "cli/layout.hpp"
#include "cli/plan_options.hpp"
#include "plan/plan_json.hpp"

namespace doppel::cli {
namespace {

struct Arguments {
  std::string tenant, plan;
  std::int64_t promotion = 0, after = 0, wait_s = 0;
  bool keep = false, discard = false;
  PlanArguments options;
};

void history(const Arguments& arguments, Context& context) {
  json::array all;
  std::vector<std::vector<std::string>> rows;
  constexpr std::int64_t kMilliseconds = 1000;
  const std::vector<plan::Promotion> promotions =
      arguments.wait_s > 0 ? context.doppel().wait_for_promotion(arguments.tenant, arguments.after,
                                                                 arguments.wait_s * kMilliseconds)
                           : context.doppel().history(arguments.tenant);
  if (arguments.wait_s > 0 && promotions.empty()) context.exit_code = 1;
  for (const plan::Promotion& promotion : promotions) {
    if (promotion.number <= arguments.after) continue;
    all.emplace_back(plan::to_json(promotion));
    rows.push_back({std::to_string(promotion.number), std::string(to_text(promotion.kind)),
                    promotion.source, moment(promotion.at), promotion.by,
                    short_hash(promotion.plan)});
  }
  const std::string since =
      arguments.after > 0 ? " after " + std::to_string(arguments.after) : " yet";
  const std::string text =
      all.empty() ? "Nothing was promoted to " + arguments.tenant + since + ".\n"
                  : table_text({"no.", "kind", "of", "when (UTC)", "by", "plan"}, rows);
  context.result(json::object{{"tenant", arguments.tenant}, {"promotions", all}}, text);
}

void rollback(const Arguments& arguments, Context& context) {
  Doppel& doppel = context.doppel();
  if (arguments.promotion == 0) {
    const LaterEdits edits = arguments.keep      ? LaterEdits::kKeep
                             : arguments.discard ? LaterEdits::kDiscard
                                                 : LaterEdits::kRefuse;
    print_promoted(context, doppel.restore_previous(arguments.tenant, edits));
    return;
  }
  if (arguments.keep || arguments.discard) {
    throw Error(ErrorCode::kUsage, "--keep-edits and --discard-edits restore the previous config",
                {.place = "rollback " + arguments.tenant,
                 .remedy = "leave the promotion's number out, or answer its plan's conflicts"});
  }
  if (!arguments.plan.empty()) {
    print_promoted(context, doppel.rollback(arguments.tenant, arguments.promotion, arguments.plan));
    return;
  }
  const std::string number = std::to_string(arguments.promotion);
  print_plan(
      context, {arguments.tenant, ""},
      doppel.plan_rollback(arguments.tenant, arguments.promotion, plan_options(arguments.options)),
      {.promote = "doppel rollback " + arguments.tenant + " " + number,
       .resolve = "doppel resolve " + arguments.tenant,
       .options = " --rollback " + number + plan_words(arguments.options)});
}

}  // namespace

void add_history(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* list = app.add_subcommand("history", "The promotions and rollbacks of a tenant");
  list->add_option("TENANT", arguments->tenant, "The tenant")->required();
  list->add_option("--after", arguments->after, "Only those after this number");
  list->add_option("--wait", arguments->wait_s,
                   "Wait for one so many seconds at most; ends with 1 if none came")
      ->check(CLI::Range(1, 86400));
  list->footer(example("doppel history acme"));
  list->callback([arguments, &context] { history(*arguments, context); });

  CLI::App* back = app.add_subcommand(
      "rollback", "Restore the previous config, or plan to take back one promotion");
  back->add_option("TENANT", arguments->tenant, "The tenant")->required();
  back->add_option("PROMOTION", arguments->promotion,
                   "Its number: prints a plan (default: restores the previous config)");
  back->add_option("--plan", arguments->plan, "Do the plan with this hash");
  CLI::Option* keep =
      back->add_flag("--keep-edits", arguments->keep, "Keep what was edited in live since");
  back->add_flag("--discard-edits", arguments->discard, "Discard what was edited in live since")
      ->excludes(keep);
  add_plan_arguments(back, arguments->options);
  back->footer(example("doppel rollback acme"));
  back->callback([arguments, &context] { rollback(*arguments, context); });
}

}  // namespace doppel::cli
