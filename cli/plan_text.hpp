#pragma once

#include <string>

#include "manifest/model.hpp"
#include "plan/plan.hpp"
#include "plan/promote.hpp"

namespace doppel::cli {

/// The command lines that go on with a plan, without what each adds.
struct NextCommands {
  std::string promote;  ///< `doppel promote acme/qa`
  std::string resolve;  ///< `doppel resolve acme/qa`
  std::string options;  ///< ` --select queues`: what the plan was made with and resolve needs again
};

/// A plan as a reviewer reads it.
std::string plan_text(const manifest::Model& model, const plan::Plan& plan,
                      const NextCommands& next);

std::string promoted_text(const plan::Promoted& promoted);

/// What stands for a hash on the command line: enough of it.
std::string short_hash(const std::string& hash);

}  // namespace doppel::cli
