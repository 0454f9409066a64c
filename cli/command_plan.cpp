#include <CLI/CLI.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/layout.hpp"
#include "cli/plan_options.hpp"
#include "cli/plan_text.hpp"
#include "plan/plan_json.hpp"

namespace doppel::cli {
namespace {

struct ResolveArguments {
  std::string name, conflict, answer;
  std::vector<std::string> values;
  std::int64_t rollback = 0;
  PlanArguments plan;
};

Resolution resolution_of(const ResolveArguments& arguments) {
  Resolution resolution{.conflict = arguments.conflict, .values = arguments.values};
  if (arguments.answer == "default") {
    resolution.use_default = true;
    return resolution;
  }
  const auto kind = merge::parse_answer_kind(arguments.answer);
  if (!kind) {
    throw Error(ErrorCode::kUsage, "'" + arguments.answer + "' is no answer",
                {.place = arguments.conflict,
                 .remedy = "`doppel plan` lists the answers of each conflict, or say default"});
  }
  resolution.kind = *kind;
  return resolution;
}

void resolve(const ResolveArguments& arguments, Context& context) {
  const EnvironmentName name = parse_environment(arguments.name);
  const std::vector<Resolution> resolutions{resolution_of(arguments)};
  const PlanOptions options = plan_options(arguments.plan);
  if (arguments.rollback != 0) {
    const std::string number = std::to_string(arguments.rollback);
    print_plan(
        context, name,
        context.doppel().resolve_rollback(name.tenant, arguments.rollback, resolutions, options),
        {.promote = "doppel rollback " + name.tenant + " " + number,
         .resolve = "doppel resolve " + name.tenant,
         .options = " --rollback " + number + plan_words(arguments.plan)});
    return;
  }
  print_plan(context, name, context.doppel().resolve(name, resolutions, options),
             {.promote = "doppel promote " + name.text(),
              .resolve = "doppel resolve " + name.text(),
              .options = plan_words(arguments.plan)});
}

}  // namespace

void add_plan_arguments(CLI::App* command, PlanArguments& arguments) {
  command->add_option("--select", arguments.select,
                      "Only TABLE, or TABLE:ROW by key or name, and what it needs");
  command->add_option("--map", arguments.map,
                      "Where data of a deleted row goes: TABLE:ROW=ROW, or =null");
  command->add_flag("--no-rehearsal{false}", arguments.rehearse,
                    "Don't try plan and rollback on a copy");
}

PlanOptions plan_options(const PlanArguments& arguments) {
  PlanOptions options;
  options.rehearse = arguments.rehearse;
  for (const std::string& text : arguments.select) {
    options.select.push_back(plan::parse_selector(text));
  }
  for (const std::string& text : arguments.map) {
    options.mappings.push_back(plan::parse_mapping(text));
  }
  return options;
}

std::string plan_words(const PlanArguments& arguments) {
  std::string words;
  for (const std::string& text : arguments.select) words += " --select " + quoted(text);
  for (const std::string& text : arguments.map) words += " --map " + quoted(text);
  return words;
}

void print_plan(Context& context, const EnvironmentName& name, const plan::Plan& plan,
                const NextCommands& next) {
  const manifest::Model model = context.doppel().model(name.tenant);
  context.result(plan::to_json(model, plan),
                 context.options.quiet ? plan.hash.text + "\n" : plan_text(model, plan, next));
  if (!plan.promotable()) context.exit_code = error_info(ErrorCode::kConflicts).exit_code;
}

void print_promoted(Context& context, const plan::Promoted& promoted) {
  json::object document;
  document["promotion"] = plan::to_json(promoted.promotion);
  document["config_rows"] = promoted.promotion.config.size();
  document["data_rows"] = promoted.promotion.data.size();
  document["snapshot"] = plan::to_json(promoted.snapshot);
  context.result(document, promoted_text(promoted));
}

void add_plan(CLI::App& app, Context& context) {
  auto planned = std::make_shared<ResolveArguments>();
  CLI::App* plan = app.add_subcommand("plan", "What promoting a sandbox would do to live");
  plan->add_option("ENV", planned->name, "TENANT/SANDBOX")->required();
  add_plan_arguments(plan, planned->plan);
  plan->footer(example("doppel plan acme/qa --select queues"));
  plan->callback([planned, &context] {
    const EnvironmentName name = parse_environment(planned->name);
    print_plan(context, name, context.doppel().plan(name, plan_options(planned->plan)),
               {.promote = "doppel promote " + name.text(),
                .resolve = "doppel resolve " + name.text(),
                .options = plan_words(planned->plan)});
  });

  auto resolved = std::make_shared<ResolveArguments>();
  CLI::App* answer = app.add_subcommand("resolve", "Answer a conflict of a plan");
  answer->add_option("ENV", resolved->name, "TENANT/SANDBOX")->required();
  answer->add_option("CONFLICT", resolved->conflict, "Its id or a beginning of it, or all")
      ->required();
  answer->add_option("ANSWER", resolved->answer, "One of the plan's answers, or default")
      ->required();
  answer->add_option("--value", resolved->values, "For edit and rename: one for each column");
  answer->add_option("--rollback", resolved->rollback,
                     "Of the plan to take back this promotion; ENV is the tenant");
  add_plan_arguments(answer, resolved->plan);
  answer->footer(example("doppel resolve acme/qa c_eedb0b916a take_sandbox"));
  answer->callback([resolved, &context] { resolve(*resolved, context); });

  struct PromoteArguments {
    std::string name, plan;
  };
  auto promoted = std::make_shared<PromoteArguments>();
  CLI::App* promote = app.add_subcommand("promote", "Put a reviewed plan live, all or nothing");
  promote->add_option("ENV", promoted->name, "TENANT/SANDBOX")->required();
  promote->add_option("--plan", promoted->plan, "Its hash, or the first 8 digits or more")
      ->required();
  promote->footer(example("doppel promote acme/qa --plan $(doppel plan acme/qa --quiet)"));
  promote->callback([promoted, &context] {
    print_promoted(context,
                   context.doppel().promote(parse_environment(promoted->name), promoted->plan));
  });
}

}  // namespace doppel::cli
