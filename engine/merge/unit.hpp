#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/model.hpp"
#include "merge/parts.hpp"

/// Merging inside one value: JSON by member, sets, lists, text by line [M1]. Internal to the room.
namespace doppel::merge {

/// Whose part of the value it is where both changed it.
enum class Side { kLive, kSandbox };

struct UnitMerge {
  std::string merged;  ///< live's text with the sandbox's changes; untouched parts byte for byte
  /// Where both sides changed the same part, differently: paths (`mon`, `filters.queue`), lines of
  /// the base (`line 4`, `lines 4 to 6`). `merged` has there what `Side` says.
  std::vector<std::string> clashes;
};

/// Nothing where the value is only to be taken as a whole: no JSON, or too large. `base` may be
/// absent in JSON: two objects that both sides made are merged member by member.
std::optional<UnitMerge> merge_unit(const manifest::ColumnModel& column,
                                    std::optional<std::string_view> base, std::string_view live,
                                    std::string_view sandbox, Side side);

/// unit_text.cpp
std::optional<UnitMerge> merge_text(std::string_view base, std::string_view live,
                                    std::string_view sandbox, Side side);
/// unit_json.cpp
std::optional<UnitMerge> merge_json(const manifest::ColumnModel& column,
                                    std::optional<std::string_view> base, std::string_view live,
                                    std::string_view sandbox, Side side);

/// How an array at the end of a path merges, as the manifest declares it.
manifest::MergeUnit unit_of(const manifest::ColumnModel& column,
                            const std::vector<std::string>& path);
std::string path_in_words(const std::vector<std::string>& path);

/// Nothing where it is too much.
std::vector<PartChange> changed_lines(std::string_view before, std::string_view after);

}  // namespace doppel::merge
