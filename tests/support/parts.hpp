#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/random.hpp"
#include "base/value.hpp"
#include "manifest/manifest.hpp"

/// Values that merge inside, as random worlds have them, and a merge of them part by part: members
/// of a flat object, elements of a set, six lines of a text, six elements of a list.
namespace doppel::testing {

Value first_parts(manifest::MergeUnit unit, Random& random);
/// The value with one part changed.
Value edit_part(manifest::MergeUnit unit, const Value& value, Random& random);

bool same_parts(manifest::MergeUnit unit, const Value& a, const Value& b);

/// Who wins where both changed one part.
enum class Wins { kLive, kSandbox };
Value merged_parts(manifest::MergeUnit unit, const Value& base, const Value& live,
                   const Value& sandbox, Wins wins);

}  // namespace doppel::testing
