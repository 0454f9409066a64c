#pragma once

#include <string>
#include <vector>

#include "desk/resource.hpp"

/// A macro does several things to a case at once.
namespace doppel::desk {

/// What it does: the case's change first, then its messages. Throws Error(kNotFound) where there is
/// no such macro in this environment, Error(kWrongState) where it is off.
std::vector<Write> writes_of_macro(Workplace& place, const std::string& macro_id,
                                   const std::string& case_id,
                                   std::optional<std::string> if_match = {});

/// All of it or nothing, judged as if done by hand; the first outcome is the case's.
std::vector<Outcome> apply_macro(Workplace& place, const std::string& macro_id,
                                 const std::string& case_id,
                                 std::optional<std::string> if_match = {},
                                 Mode mode = Mode::kCommit);

}  // namespace doppel::desk
