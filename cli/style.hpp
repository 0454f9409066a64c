#pragma once

#include <string>
#include <string_view>

namespace doppel::cli {

enum class Tone { kAdded, kRemoved, kChanged, kHeading, kFaint, kBad };

/// Coloured on a terminal that wants it (not NO_COLOR, not TERM=dumb), else as it is.
std::string styled(std::string_view text, Tone tone);

}  // namespace doppel::cli
