#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"
#include "cli/plan_text.hpp"
#include "plan/promote.hpp"

namespace doppel::cli {

/// The options that every command with a plan has.
struct PlanArguments {
  std::vector<std::string> select, map;
  bool rehearse = true;
};

void add_plan_arguments(CLI::App* command, PlanArguments& arguments);
PlanOptions plan_options(const PlanArguments& arguments);

/// The options again, as a shell takes them, each with a blank before it.
std::string plan_words(const PlanArguments& arguments);

/// Prints it, with --quiet its hash alone; the exit code is 1 where it can't be promoted as it is.
void print_plan(Context& context, const EnvironmentName& name, const plan::Plan& plan,
                const NextCommands& next);
void print_promoted(Context& context, const plan::Promoted& promoted);

}  // namespace doppel::cli
