#include "manifest/ids.hpp"

#include <algorithm>

#include <re2/re2.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::manifest {

struct IdSearch {
  struct One {
    std::unique_ptr<const RE2> pattern;
    std::unique_ptr<const RE2> within;  ///< null: the whole text
  };
  std::vector<One> searches;  ///< aligned with the column's ids
};

namespace {

std::unique_ptr<const RE2> compiled(const std::string& pattern, const Place& place) {
  RE2::Options options;
  options.set_log_errors(false);
  auto made = std::make_unique<const RE2>(pattern, options);
  if (!made->ok() || made->NumberOfCapturingGroups() != 1) {
    throw Error(ErrorCode::kInvalidManifest,
                "'" + printable(pattern, 200) + "' is no pattern with one group",
                {.place = place.text(), .remedy = {}});
  }
  return made;
}

struct Span {
  std::size_t begin = 0;
  std::size_t length = 0;
};

/// Where the group of every match of `pattern` stands in [from.begin, from.begin + from.length).
std::vector<Span> matches(const std::string& text, Span from, const RE2& pattern) {
  std::vector<Span> found;
  const re2::StringPiece whole(text);
  std::size_t at = from.begin;
  const std::size_t end = from.begin + from.length;
  re2::StringPiece groups[2];
  while (at <= end && pattern.Match(whole, at, end, RE2::UNANCHORED, groups, 2)) {
    if (groups[1].data() != nullptr && !groups[1].empty()) {
      found.push_back({static_cast<std::size_t>(groups[1].data() - text.data()), groups[1].size()});
    }
    const auto after = static_cast<std::size_t>(groups[0].data() - text.data()) + groups[0].size();
    at = std::max(after, at + 1);
  }
  return found;
}

bool applies(const TableModel& table, const EmbeddedIds& ids, const Row& row) {
  return std::ranges::all_of(ids.when, [&](const auto& condition) {
    const auto column = table.shape->column(condition.first);
    return column && row[*column] == condition.second;
  });
}

}  // namespace

std::shared_ptr<const IdSearch> compile_ids(const std::vector<EmbeddedIds>& ids) {
  if (ids.empty()) return nullptr;
  auto search = std::make_shared<IdSearch>();
  for (const EmbeddedIds& one : ids) {
    search->searches.push_back({compiled(one.pattern, one.place),
                                one.within.empty() ? nullptr : compiled(one.within, one.place)});
  }
  return search;
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): a shared_ptr holds it

std::vector<FoundId> find_ids(const TableModel& table, std::size_t column, const Row& row) {
  const ColumnModel& model = table.columns[column];
  if (model.ids.empty() || row[column].kind() != ValueKind::kText) return {};
  const auto search = model.id_search ? model.id_search : compile_ids(model.ids);
  const std::string& text = row[column].text();
  std::vector<FoundId> found;
  for (std::size_t i = 0; i < model.ids.size(); ++i) {
    if (!applies(table, model.ids[i], row)) continue;
    const IdSearch::One& one = search->searches[i];
    std::vector<Span> spans{{0, text.size()}};
    if (one.within) spans = matches(text, spans.front(), *one.within);
    for (const Span& span : spans) {
      for (const Span& id : matches(text, span, *one.pattern)) {
        found.push_back({id.begin, id.length, model.ids[i].table});
      }
    }
  }
  std::ranges::stable_sort(found, {}, &FoundId::begin);
  std::vector<FoundId> apart;
  for (FoundId& id : found) {
    if (!apart.empty() && id.begin < apart.back().begin + apart.back().length) continue;
    apart.push_back(std::move(id));
  }
  return apart;
}

}  // namespace doppel::manifest
