#pragma once

#include <string>

#include "plan/plan.hpp"
#include "plan/promote.hpp"

namespace doppel::cli {

/// A plan as a reviewer reads it. `promote` is the command line that would do it, without --plan.
std::string plan_text(const plan::Plan& plan, const std::string& promote,
                      const std::string& resolve);

std::string promoted_text(const plan::Promoted& promoted);

}  // namespace doppel::cli
