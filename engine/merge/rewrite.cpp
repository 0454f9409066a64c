#include <algorithm>

#include "base/text.hpp"
#include "merge/work.hpp"

namespace doppel::merge {
namespace {

/// The case of a polymorphic reference; kNothing where no case fits.
Found find_case(Work& work, const manifest::TableModel& table, const manifest::Reference& reference,
                const Row& image, const manifest::Reference::Target*& found);

/// The discriminator that stands in the row that `via` refers to.
Found read_via(Work& work, const manifest::TableModel& table, const manifest::Reference& reference,
               const Row& image, Value& discriminator) {
  const auto through = std::ranges::find_if(table.references, [&](const auto& other) {
    return other.plain() && other.columns == std::vector<std::size_t>{*reference.via};
  });
  if (through == table.references.end()) return Found::kNothing;
  Pointing pointing;
  const Found found = find_pointing(work, table, *through, image, pointing);
  if (found != Found::kYes) return found;
  const auto column = pointing.table->shape->column(reference.via_column);
  if (!column) return Found::kNothing;
  if (pointing.columns == pointing.table->shape->key) {
    if (const Item* ours = work.at_sandbox(pointing.table->name(), pointing.values);
        ours != nullptr && ours->sandbox != nullptr) {
      discriminator = (*ours->sandbox)[*column];
      return Found::kYes;
    }
  }
  const auto* rows = work.ask(pointing.table->name(), pointing.columns, pointing.values);
  if (rows == nullptr) return Found::kUnknown;
  if (rows->empty()) return Found::kNothing;
  discriminator = rows->front()[*column];
  return Found::kYes;
}

Found find_case(Work& work, const manifest::TableModel& table, const manifest::Reference& reference,
                const Row& image, const manifest::Reference::Target*& found) {
  if (reference.plain()) {
    found = reference.targets.empty() ? nullptr : &reference.targets.front();
    return found == nullptr ? Found::kNothing : Found::kYes;
  }
  Value discriminator;
  if (reference.via) {
    const Found via = read_via(work, table, reference, image, discriminator);
    if (via != Found::kYes) return via;
  } else {
    discriminator = image[*reference.discriminator];
  }
  const auto fits = std::ranges::find_if(
      reference.targets, [&](const auto& target) { return target.discriminator == discriminator; });
  if (fits == reference.targets.end()) return Found::kNothing;
  found = &*fits;
  return Found::kYes;
}

/// Brings the columns of a key into the key's own order, so that one question serves all.
void sort_as_key(Pointing& pointing) {
  const auto& key = pointing.table->shape->key;
  if (pointing.columns == key || !std::ranges::is_permutation(pointing.columns, key)) return;
  std::vector<Value> values;
  for (const std::size_t column : key) {
    const auto at = std::ranges::find(pointing.columns, column) - pointing.columns.begin();
    values.push_back(pointing.values[static_cast<std::size_t>(at)]);
  }
  pointing.columns = key;
  pointing.values = std::move(values);
}

}  // namespace

Found find_pointing(Work& work, const manifest::TableModel& table,
                    const manifest::Reference& reference, const Row& image, Pointing& pointing) {
  pointing = {};
  for (const std::size_t column : reference.columns) {
    const Value& value = image[column];
    if (value.is_null() || std::ranges::find(reference.none, value) != reference.none.end()) {
      return Found::kNothing;
    }
    pointing.values.push_back(value);
  }
  const manifest::Reference::Target* target = nullptr;
  const Found found = find_case(work, table, reference, image, target);
  if (found != Found::kYes) return found;
  pointing.table = work.model.table(target->table);
  if (pointing.table == nullptr) return Found::kNothing;
  auto columns = columns_of(*pointing.table, target->columns);
  if (!columns || columns->size() != reference.columns.size()) return Found::kNothing;
  pointing.columns = std::move(*columns);
  pointing.own = pointing.columns.size();
  for (const auto& [here, there] : reference.scope) {
    const auto column = pointing.table->shape->column(there);
    if (!column) return Found::kNothing;
    pointing.columns.push_back(*column);
    pointing.values.push_back(image[here]);
  }
  sort_as_key(pointing);
  return Found::kYes;
}

const Rewriter::Index& Rewriter::index(const std::string& table,
                                       const std::vector<std::size_t>& columns) {
  auto [found, is_new] = index_.try_emplace({table, columns});
  if (is_new) {
    for (const Move& move : work_.moves[table]) {
      found->second.emplace(TableShape::project(*move.from, columns), move.to);
    }
  }
  return found->second;
}

std::optional<Row> Rewriter::rewritten(const manifest::TableModel& table, const Row& image) {
  if (work_.moves.empty()) return std::nullopt;
  Row changed = image;
  for (const manifest::Reference& reference : table.references) {
    const bool concerned = std::ranges::any_of(
        reference.targets, [&](const auto& target) { return work_.moves.contains(target.table); });
    if (!concerned) continue;
    Pointing pointing;
    if (find_pointing(work_, table, reference, image, pointing) != Found::kYes) continue;
    if (!work_.moves.contains(pointing.table->name())) continue;
    const Index& moved = index(pointing.table->name(), pointing.columns);
    const auto move = moved.find(pointing.values);
    if (move == moved.end()) continue;
    const manifest::Reference::Target* target = nullptr;
    find_case(work_, table, reference, image, target);
    const auto columns = columns_of(*pointing.table, target->columns);
    for (std::size_t i = 0; i < reference.columns.size(); ++i) {
      changed[reference.columns[i]] = (*move->second)[(*columns)[i]];
    }
  }
  rewrite_ids(table, changed);
  if (changed == image) return std::nullopt;
  return changed;
}

/// Ids inside text that name a moved row.
void Rewriter::rewrite_ids(const manifest::TableModel& table, Row& image) {
  for (std::size_t column = 0; column < image.size(); ++column) {
    const bool concerned = std::ranges::any_of(table.columns[column].ids, [&](const auto& ids) {
      return work_.moves.contains(ids.table);
    });
    if (!concerned) continue;
    auto found = manifest::find_ids(table, column, image);
    // From the back, so that what is found stays where it was.
    std::ranges::reverse(found);
    for (const manifest::FoundId& id : found) {
      if (!work_.moves.contains(id.table)) continue;
      const manifest::TableModel& target = work_.model.require(id.table);
      if (target.shape->key.size() != 1) continue;
      std::string text = image[column].text();
      if (const auto key = moved_id(target, text.substr(id.begin, id.length))) {
        text.replace(id.begin, id.length, *key);
        image[column] = std::move(text);
      }
    }
  }
}

std::optional<std::string> Rewriter::moved_id(const manifest::TableModel& target,
                                              const std::string& id) {
  const Index& moved = index(target.name(), target.shape->key);
  auto move = moved.find({Value(id)});
  if (const auto number = parse_integer(id); move == moved.end() && number) {
    move = moved.find({Value(*number)});
  }
  if (move == moved.end()) return std::nullopt;
  const Value& key = (*move->second)[target.shape->key.front()];
  return key.kind() == ValueKind::kText ? key.text() : display(key);
}

}  // namespace doppel::merge
