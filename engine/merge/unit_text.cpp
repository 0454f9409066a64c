#include "merge/diff3.hpp"
#include "merge/unit.hpp"

namespace doppel::merge {
namespace {

/// Longer texts are no templates or notes that people edit in two places.
constexpr std::size_t kBytesLimit = 4'000'000;

/// Lines with what ends them: a last line without an end differs from one with it.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t length = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

void append(std::string& text, Pieces lines, Range range) {
  for (const std::string_view line : lines.subspan(range.begin, range.size())) text += line;
}

std::string in_words(Range base) {
  if (base.size() == 0) {
    return base.begin == 0 ? "before line 1" : "after line " + std::to_string(base.begin);
  }
  if (base.size() == 1) return "line " + std::to_string(base.end);
  return "lines " + std::to_string(base.begin + 1) + " to " + std::to_string(base.end);
}

}  // namespace

std::optional<UnitMerge> merge_text(std::string_view base, std::string_view live,
                                    std::string_view sandbox, Side side) {
  if (base.size() + live.size() + sandbox.size() > kBytesLimit) return std::nullopt;
  const auto base_lines = lines_of(base);
  const auto live_lines = lines_of(live);
  const auto sandbox_lines = lines_of(sandbox);
  const auto stretches = diff3(base_lines, live_lines, sandbox_lines);
  if (!stretches) return std::nullopt;
  UnitMerge made;
  for (const Stretch& stretch : *stretches) {
    const bool clashes = stretch.who == Stretch::Who::kClash;
    if (clashes) made.clashes.push_back(in_words(stretch.base));
    if (stretch.who == Stretch::Who::kSandbox || (clashes && side == Side::kSandbox)) {
      append(made.merged, sandbox_lines, stretch.sandbox);
    } else {
      append(made.merged, live_lines, stretch.live);
    }
  }
  return made;
}

std::vector<PartChange> changed_lines(std::string_view before, std::string_view after) {
  if (before.size() + after.size() > kBytesLimit) return {};
  const auto old_lines = lines_of(before);
  const auto new_lines = lines_of(after);
  const auto stretches = diff3(old_lines, new_lines, new_lines);
  std::vector<PartChange> parts;
  for (const Stretch& stretch : stretches.value_or(std::vector<Stretch>())) {
    if (stretch.who == Stretch::Who::kNobody) continue;
    PartChange part{in_words(stretch.base), std::nullopt, std::nullopt};
    if (stretch.base.size() != 0) append(part.before.emplace(), old_lines, stretch.base);
    if (stretch.live.size() != 0) append(part.after.emplace(), new_lines, stretch.live);
    parts.push_back(std::move(part));
  }
  return parts;
}

std::optional<UnitMerge> merge_unit(const manifest::ColumnModel& column,
                                    std::optional<std::string_view> base, std::string_view live,
                                    std::string_view sandbox, Side side) {
  switch (column.merge) {
    case manifest::MergeUnit::kWhole:
      return std::nullopt;
    case manifest::MergeUnit::kText:
      return base ? merge_text(*base, live, sandbox, side) : std::nullopt;
    case manifest::MergeUnit::kJson:
    case manifest::MergeUnit::kSet:
    case manifest::MergeUnit::kList:
      return merge_json(column, base, live, sandbox, side);
  }
  return std::nullopt;
}

}  // namespace doppel::merge
