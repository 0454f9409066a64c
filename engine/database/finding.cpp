#include "database/finding.hpp"

#include <array>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::database {

std::string_view word_of(Finding::Kind kind) {
  constexpr std::array<std::string_view, 9> kWords{
      "function", "trigger", "rule", "view", "table", "reach", "key", "statement", "slow_lookup"};
  return kWords.at(static_cast<std::size_t>(kind));
}

std::string_view word_of(Finding::Weight weight) {
  constexpr std::array<std::string_view, 3> kWords{"note", "warning", "refused"};
  return kWords.at(static_cast<std::size_t>(weight));
}

std::vector<std::string> texts_of(std::span<const Finding> findings) {
  std::vector<std::string> texts;
  for (const Finding& finding : findings) texts.push_back(finding.message);
  return texts;
}

void require_none_refused(std::span<const Finding> findings) {
  std::vector<std::string> messages;
  const Finding* first = nullptr;
  for (const Finding& finding : findings) {
    if (finding.weight != Finding::Weight::kRefused) continue;
    if (first == nullptr) first = &finding;
    messages.push_back(finding.message);
  }
  if (first == nullptr) return;
  throw Error(ErrorCode::kUnsupported, join(messages, "; "),
              {.place = first->place, .remedy = first->remedy});
}

Finding slow_lookup(const Lookup& lookup) {
  const std::string columns = join(lookup.columns, ", ");
  return {.kind = Finding::Kind::kSlowLookup,
          .weight = Finding::Weight::kWarning,
          .place = lookup.table + "." + columns,
          .message = lookup.table + " has no index on " + columns + ", which refers to " +
                     lookup.target + ": where a row of " + lookup.target +
                     " is deleted or gets another key, a promotion reads all of " + lookup.table +
                     ", with live's rows locked meanwhile",
          .remedy = "CREATE INDEX ON " + lookup.table + " (" + columns + ")"};
}

}  // namespace doppel::database
