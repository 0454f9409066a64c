#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// Three-way merge of sequences: lines of a text, members of a list. Internal to the room.
namespace doppel::merge {

/// More pieces than these, or more differences between two sides, are only taken as a whole: the
/// search for a shortest way between them costs the square of the differences.
inline constexpr std::size_t kPiecesLimit = 20'000;
inline constexpr std::size_t kDifferencesLimit = 1'000;

/// [begin, end) of a sequence.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size() const { return end - begin; }
  friend bool operator==(const Range&, const Range&) = default;
};

/// A stretch of the three, in order; the stretches together are each sequence once.
struct Stretch {
  enum class Who {
    kNobody,   ///< all three are equal
    kLive,     ///< live changed it
    kSandbox,  ///< the sandbox did
    kBoth,     ///< both did, in the same way
    kClash,    ///< both did, differently
  };
  Who who = Who::kNobody;
  Range base, live, sandbox;
};

using Pieces = std::span<const std::string_view>;

/// Nothing where it is too much. Changes that touch each other are one stretch: which of them comes
/// first nobody could say.
std::optional<std::vector<Stretch>> diff3(Pieces base, Pieces live, Pieces sandbox);

}  // namespace doppel::merge
