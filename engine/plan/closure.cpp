#include "plan/closure.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "manifest/pointed_at.hpp"

namespace doppel::plan {
namespace {

using changeset::ChangeSet;
using manifest::Model;
using manifest::PointedAt;
using manifest::TableModel;
using overlay::RowId;

std::string plain_text(const std::vector<Value>& values) {
  std::string text;
  for (const Value& value : values) {
    if (!text.empty()) text += ",";
    text += value.kind() == ValueKind::kText ? value.text() : display(value);
  }
  return text;
}

const Row& image_of(const RowChange& change) {
  return change.after ? *change.after : *change.before;
}

std::string title_of(const Model& model, const RowChange& change) {
  return change.table->name + " '" +
         manifest::label_of(model.require(change.table->name), image_of(change)) + "'";
}

/// The changes of rows that have certain values.
struct Holders {
  std::optional<std::size_t> before;  ///< the one whose row had them
  std::optional<std::size_t> after;   ///< the one whose row has them now
};

/// The changes by the values that others name them by.
class Index {
 public:
  Index(const Model& model, const ChangeSet& changes) : changes_(changes) {
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const RowChange& change = changes.changes[i];
      const TableModel& table = model.require(change.table->name);
      for (const manifest::UniqueKeyModel& unique : table.unique_keys) {
        if (!change.before || is_unclear(unique)) continue;
        freed_.emplace(value_of(table, unique, *change.before), i);
      }
    }
  }

  /// Whether a row of it can't be told to take another's place: the database alone knows which rows
  /// are in it.
  static bool is_unclear(const manifest::UniqueKeyModel& unique) {
    return unique.partial || unique.columns.empty();
  }

  /// Expressions mostly fold what they are made of; a row that is taken along without need costs
  /// less than a promotion that the database refuses.
  static std::pair<std::string, std::vector<Value>> value_of(const TableModel& table,
                                                             const manifest::UniqueKeyModel& unique,
                                                             const Row& row) {
    std::vector<Value> values = manifest::unique_values(unique, row);
    for (Value& value : values) {
      const bool folds = unique.computed && value.kind() == ValueKind::kText;
      if (folds) value = to_lower_ascii(value.text());
    }
    return {table.name() + "/" + unique.name, std::move(values)};
  }

  Holders at(const PointedAt& pointing) {
    auto [index, is_new] = by_values_.try_emplace({pointing.table, pointing.columns});
    if (is_new) fill(index->second, pointing);
    const auto found = index->second.find(pointing.values);
    return found == index->second.end() ? Holders{} : found->second;
  }
  std::optional<std::size_t> holder(const std::pair<std::string, std::vector<Value>>& value) const {
    const auto found = freed_.find(value);
    if (found == freed_.end()) return std::nullopt;
    return found->second;
  }

 private:
  using ByValues = std::map<std::vector<Value>, Holders>;

  void fill(ByValues& index, const PointedAt& pointing) const {
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const RowChange& change = changes_.changes[i];
      if (change.table->name != pointing.table->name()) continue;
      const auto at = [&](const Row& row) -> Holders& {
        return index[TableShape::project(row, pointing.columns)];
      };
      if (change.before) at(*change.before).before = i;
      if (change.after) at(*change.after).after = i;
    }
  }

  const ChangeSet& changes_;
  std::map<std::pair<const TableModel*, std::vector<std::size_t>>, ByValues> by_values_;
  std::map<std::pair<std::string, std::vector<Value>>, std::size_t> freed_;
};

/// What the references of a row point to, with the reference.
std::vector<std::pair<PointedAt, std::size_t>> targets_of(const Model& model,
                                                          const TableModel& table, const Row& row) {
  std::vector<std::pair<PointedAt, std::size_t>> targets;
  const manifest::RowLookup nowhere = [](const std::string&, const Key&) {
    return std::optional<Row>();
  };
  for (std::size_t i = 0; i < table.references.size(); ++i) {
    auto target = manifest::pointed_at(model, table, table.references[i], row, nowhere);
    if (target) targets.emplace_back(std::move(*target), i);
  }
  return targets;
}

class Closer {
 public:
  Closer(const Model& model, const ChangeSet& changes)
      : model_(model), changes_(changes), index_(model, changes), in_(changes.size(), false) {
    for (std::size_t i = 0; i < changes_.size(); ++i) note_links(i);
  }

  void take(std::size_t i, const std::string& reason) {
    if (in_[i]) return;
    in_[i] = true;
    reasons_[i] = reason;
    work_.push_back(i);
  }

  void run() {
    while (!work_.empty()) {
      const std::size_t i = work_.back();
      work_.pop_back();
      follow(i);
    }
  }

  Closure result() const {
    Closure closure;
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const RowChange& change = changes_.changes[i];
      const RowId row{change.table->name, change.key};
      if (!in_[i]) {
        closure.left_out.push_back(row);
        continue;
      }
      closure.changes.changes.push_back(change);
      if (!reasons_.at(i).empty()) closure.why.emplace(row, reasons_.at(i));
    }
    return closure;
  }

 private:
  /// Who must come along when this change's target is taken, by row of the target.
  void note_links(std::size_t i) {
    const RowChange& change = changes_.changes[i];
    const TableModel& table = model_.require(change.table->name);
    for (const auto& image : {change.before, change.after}) {
      if (!image) continue;
      for (const auto& [pointing, reference] : targets_of(model_, table, *image)) {
        const Holders target = index_.at(pointing);
        // Nobody has what it refers to any more: the row is gone, or is called otherwise.
        if (target.before && !target.after) referrers_[*target.before].push_back(i);
        if (table.part_of != reference) continue;
        if (target.before) children_[*target.before].push_back(i);
        if (target.after && target.after != target.before) children_[*target.after].push_back(i);
      }
    }
  }

  void follow(std::size_t i) {
    const RowChange& change = changes_.changes[i];
    const TableModel& table = model_.require(change.table->name);
    const std::string title = title_of(model_, change);
    if (change.after) {
      for (const auto& [pointing, reference] : targets_of(model_, table, *change.after)) {
        const Holders target = index_.at(pointing);
        if (target.after && !target.before) take(*target.after, title + " refers to it");
      }
      for (const manifest::UniqueKeyModel& unique : table.unique_keys) {
        if (Index::is_unclear(unique)) continue;
        const auto holder = index_.holder(Index::value_of(table, unique, *change.after));
        if (holder && *holder != i)
          take(*holder, title + " takes its " + unique_columns(table, unique));
      }
    }
    for (const std::size_t child : children_[i]) take(child, "it is part of " + title);
    const std::string what = change.after ? ", which is renamed" : ", which is deleted";
    for (const std::size_t referrer : referrers_[i]) {
      take(referrer, "it refers to " + title + what);
    }
  }

  static std::string unique_columns(const TableModel& table,
                                    const manifest::UniqueKeyModel& unique) {
    std::vector<std::string> names;
    for (const std::size_t column : unique.columns) names.push_back(table.shape->columns[column]);
    return join(names, ", ");
  }

  const Model& model_;
  const ChangeSet& changes_;
  Index index_;
  std::vector<bool> in_;
  std::map<std::size_t, std::string> reasons_;
  std::map<std::size_t, std::vector<std::size_t>> referrers_, children_;
  std::vector<std::size_t> work_;
};

}  // namespace

bool names_row(const TableModel& table, const Row& row, std::string_view text) {
  if (plain_text(table.shape->key_of(row)) == text) return true;
  std::vector<Value> natural;
  for (const manifest::NaturalPart& part : table.natural_key) natural.push_back(row[part.column]);
  if (!natural.empty() && plain_text(natural) == text) return true;
  return table.label && plain_text({row[*table.label]}) == text;
}

Closure close_over(const Model& model, const ChangeSet& changes,
                   const std::vector<Selector>& select) {
  if (select.empty()) return {.changes = changes, .why = {}, .left_out = {}};
  Closer closer(model, changes);
  for (const Selector& selector : select) {
    const TableModel& table = model.require(selector.table);
    bool any = false;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const RowChange& change = changes.changes[i];
      if (change.table->name != table.name()) continue;
      const bool named = !selector.row ||
                         (change.before && names_row(table, *change.before, *selector.row)) ||
                         (change.after && names_row(table, *change.after, *selector.row));
      if (!named) continue;
      any = true;
      closer.take(i, "");
    }
    if (!any) {
      throw Error(ErrorCode::kNotFound,
                  "the sandbox has no change of " + selector.table +
                      (selector.row ? ":" + *selector.row : ""),
                  {.place = "--select", .remedy = "`doppel diff` lists the changes"});
    }
  }
  closer.run();
  return closer.result();
}

}  // namespace doppel::plan
