#include "expected.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/core.h>

#include "model.hpp"
#include "tests/support/parts.hpp"

namespace doppel::testing {
namespace {

using changeset::State;
using manifest::TableModel;
using merge::AnswerKind;
using merge::Conflict;
using merge::ConflictKind;

using RowName = std::pair<std::string, Key>;

/// What the three sides have of a row, the sandbox's under the key that it gets in live.
struct Three {
  const Row* base;
  const Row* live;
  const Row* own;
};

using Keys = std::map<RowName, Key>;

Keys keys_of(const std::vector<merge::Rekeyed>& given, const std::vector<merge::Rekeyed>& adopted) {
  Keys keys;
  for (const auto* moved : {&given, &adopted}) {
    for (const merge::Rekeyed& row : *moved) keys.emplace(RowName{row.table, row.from}, row.to);
  }
  return keys;
}

/// The row with its references to rows that have another key by now.
Row followed(const TableModel& table, const Keys& keys, const Row& row) {
  Row after = row;
  for (const auto& reference : table.references) {
    if (!reference.declared()) continue;
    const auto found =
        keys.find({reference.targets.front().table, TableShape::project(row, reference.columns)});
    if (found == keys.end()) continue;
    for (std::size_t i = 0; i < reference.columns.size(); ++i) {
      after[reference.columns[i]] = found->second[i];
    }
  }
  return after;
}

/// The sandbox's rows under the keys that live has or gives for them, with all that refers to them.
State with_new_keys(const manifest::Model& model, const State& shown, const Keys& keys) {
  State after;
  for (const auto& [name, of_table] : shown.tables) {
    const TableModel& table = model.require(name);
    auto& rows = after.tables[name];
    rows.shape = table.shape;
    for (const auto& [key, old] : of_table.rows) {
      Row row = followed(table, keys, old);
      if (const auto found = keys.find({name, key}); found != keys.end()) {
        for (std::size_t i = 0; i < found->second.size(); ++i) {
          row[table.shape->key[i]] = found->second[i];
        }
      }
      rows.rows.emplace(table.shape->key_of(row), row);
    }
  }
  return after;
}

std::optional<Row> copy(const Row* row) {
  return row == nullptr ? std::nullopt : std::optional<Row>(*row);
}

const Row* row_at(const State& state, const RowName& name) {
  return row_of(state, name.first, name.second);
}

void put(State& state, const RowName& name, const std::optional<Row>& row) {
  auto& rows = state.tables[name.first].rows;
  rows.erase(name.second);
  if (row) rows.emplace(name.second, *row);
}

void put(State& state, const RowName& name, const Row* row) { put(state, name, copy(row)); }

bool clashes(const Three& row, std::size_t i) {
  return (*row.own)[i] != (*row.base)[i] && (*row.live)[i] != (*row.base)[i] &&
         (*row.own)[i] != (*row.live)[i];
}

/// Own fields over live's, as rows with an open question are shown.
std::optional<Row> kept(const Three& row) {
  if (row.base == nullptr || row.own == nullptr || row.live == nullptr) return copy(row.own);
  Row shown = *row.live;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if ((*row.own)[i] != (*row.base)[i]) shown[i] = (*row.own)[i];
  }
  return shown;
}

/// The base of such a row: it keeps the question open.
std::optional<Row> kept_base(const Three& row) {
  if (row.base == nullptr || row.own == nullptr || row.live == nullptr) return copy(row.base);
  Row base = *row.live;
  for (std::size_t i = 0; i < base.size(); ++i) {
    if (clashes(row, i)) base[i] = (*row.base)[i];
  }
  return base;
}

std::set<std::pair<std::string, std::size_t>> volatile_columns(const manifest::Model& model) {
  std::set<std::pair<std::string, std::size_t>> columns;
  for (const TableModel& table : model.tables) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].is_volatile) columns.emplace(table.name(), i);
    }
  }
  return columns;
}

bool is_placed_anew(const TableModel& table, const State& from, const State& to) {
  const auto place = [&](const Row& row) {
    std::vector<std::size_t> columns = table.list->within;
    columns.push_back(table.list->order);
    return TableShape::project(row, columns);
  };
  bool anew = false;
  for_each_row(from, to, to,
               [&](const std::string& name, const Key&, const Row* was, const Row* is, const Row*) {
                 if (name != table.name()) return;
                 anew = anew || (was == nullptr) != (is == nullptr) ||
                        (was != nullptr && is != nullptr && place(*was) != place(*is));
               });
  return anew;
}

class Merging {
 public:
  explicit Merging(const ThreeStates& sides) : sides_(sides) {
    const Keys keys = keys_of(sides.told.rekeyed, sides.told.adopted);
    own_ = with_new_keys(sides.model, sides.shown, keys);
    const auto in_live = [&](const RowName& name) {
      const auto found = keys.find(name);
      return found == keys.end() ? name : RowName{name.first, found->second};
    };
    for (const merge::Warning& waits : sides.told.warnings) {
      waiting_.insert(in_live({waits.table, waits.key}));
    }
    for (const Conflict& conflict : sides.told.conflicts) {
      told_[in_live({conflict.table->name, conflict.key})].push_back(&conflict);
    }
    for (const TableModel& table : sides.model.tables) {
      if (!table.list) continue;
      const bool both =
          is_placed_anew(table, sides.base, sides.live) && is_placed_anew(table, sides.base, own_);
      if (both) crowded_.insert(table.name());
    }
  }

  Expected promoted() {
    return each([this](const TableModel& table, const RowName& name, const Three& row) {
      if (same(row.base, row.own)) return copy(row.live);
      return merged(table, name, row);
    });
  }

  Expected shown() {
    return each([this](const TableModel& table, const RowName& name, const Three& row) {
      if (same(row.base, row.own)) return copy(row.live);
      return is_open(name) ? kept(row) : merged(table, name, row);
    });
  }

  /// Where a question stays open the base does, too.
  Expected base() {
    return each([this](const TableModel&, const RowName& name, const Three& row) {
      const bool has_moved = !same(row.base, row.own) && !same(row.base, row.live);
      if (!has_moved || same(row.own, row.live) || !is_open(name)) return copy(row.live);
      return kept_base(row);
    });
  }

  std::string wrong_questions() {
    std::string wrong;
    for_each_row(sides_.base, sides_.live, own_,
                 [&](const std::string& table_name, const Key& key, const Row* base,
                     const Row* live, const Row* own) {
                   const TableModel& table = sides_.model.require(table_name);
                   const RowName name{table_name, key};
                   const Three row{base, live, own};
                   const bool asked = told_.contains(name);
                   const std::string place = table_name + " " + display(key);
                   if (base == nullptr || own == nullptr || live == nullptr) {
                     const bool deleted_and_edited =
                         base != nullptr && (own == nullptr) != (live == nullptr) &&
                         !same_but_volatile(table, base, own == nullptr ? live : own);
                     if (deleted_and_edited && !asked) wrong += "not asked: " + place + "\n";
                     return;
                   }
                   for (std::size_t i = 0; i < own->size(); ++i) {
                     if (!is_asked_about(table, i) || !clashes(row, i)) continue;
                     if (!asks(name, i))
                       wrong += "not asked: " + place + " " + table.shape->columns[i] + "\n";
                   }
                 });
    for (const auto& [name, conflicts] : told_) {
      for (const Conflict* conflict : conflicts) {
        if (!is_needed(name, *conflict)) {
          wrong += "asked without need: " + conflict->message + "\n";
        }
      }
    }
    return wrong;
  }

 private:
  static bool same_but_volatile(const TableModel& table, const Row* a, const Row* b) {
    for (std::size_t i = 0; i < a->size(); ++i) {
      if (!table.columns[i].is_volatile && (*a)[i] != (*b)[i]) return false;
    }
    return true;
  }

  /// Whether two values of the column that both sides made are always a question.
  static bool is_asked_about(const TableModel& table, std::size_t i) {
    const bool is_order = table.list && table.list->order == i;
    return !table.columns[i].is_volatile && !is_order &&
           table.columns[i].merge == manifest::MergeUnit::kWhole;
  }

  bool asks(const RowName& name, std::size_t column) const {
    const auto found = told_.find(name);
    return found != told_.end() &&
           std::ranges::any_of(found->second, [&](const Conflict* conflict) {
             return conflict->kind != ConflictKind::kBothChanged ||
                    std::ranges::count(conflict->columns, column) > 0;
           });
  }

  bool is_needed(const RowName& name, const Conflict& conflict) const {
    const Three row{row_of(sides_.base, name.first, name.second),
                    row_of(sides_.live, name.first, name.second),
                    row_of(own_, name.first, name.second)};
    const TableModel& table = sides_.model.require(name.first);
    switch (conflict.kind) {
      case ConflictKind::kBothChanged:
        if (row.own == nullptr || row.live == nullptr) return false;
        return std::ranges::any_of(conflict.columns, [&](std::size_t i) {
          const bool parts = conflict.columns.size() > 1;  // Of a reference of several columns.
          return parts || (row.base == nullptr ? (*row.own)[i] != (*row.live)[i] : clashes(row, i));
        });
      case ConflictKind::kDeletedInLive:
        return row.base != nullptr && row.own != nullptr && row.live == nullptr &&
               !same_but_volatile(table, row.base, row.own);
      case ConflictKind::kDeletedInSandbox:
        return row.base != nullptr && row.own == nullptr && row.live != nullptr &&
               !same_but_volatile(table, row.base, row.live);
      default:
        return true;
    }
  }

  bool is_open(const RowName& name) const {
    const auto found = told_.find(name);
    if (found == told_.end()) return waiting_.contains(name);
    return std::ranges::any_of(
        found->second, [](const Conflict* conflict) { return !conflict->answered.has_value(); });
  }

  /// The row as live has it afterwards, by the answers where there were questions.
  std::optional<Row> merged(const TableModel& table, const RowName& name, const Three& row) {
    std::optional<bool> takes_own;  // Of the whole row.
    const auto found = told_.find(name);
    if (found != told_.end()) {
      for (const Conflict* conflict : found->second) {
        switch (conflict->kind) {
          case ConflictKind::kBothChanged:
            break;
          case ConflictKind::kDeletedInLive:
            takes_own = conflict->answered != AnswerKind::kKeepDeleted;
            break;
          case ConflictKind::kDeletedInSandbox:
            takes_own = conflict->answered == AnswerKind::kKeepDeleted;
            break;
          default:
            open_rows_.insert(name);
        }
      }
    }
    if (takes_own) return copy(*takes_own ? row.own : row.live);
    if (row.own == nullptr || row.live == nullptr) {
      // Deleted here or there, or made here.
      return row.base != nullptr && row.live == nullptr ? std::nullopt : copy(row.own);
    }
    Row merged = *row.live;
    for (std::size_t i = 0; i < merged.size(); ++i) merged[i] = cell(table, name, row, i);
    return merged;
  }

  Value cell(const TableModel& table, const RowName& name, const Three& row, std::size_t i) const {
    const Value& live = (*row.live)[i];
    const Value& own = (*row.own)[i];
    if (live == own || table.columns[i].is_volatile) return live;
    const Value base = row.base == nullptr ? Value() : (*row.base)[i];
    if (own == base || own.is_null()) {
      if (row.base == nullptr || own == base) return live;
    }
    if (live == base) return own;
    const auto answer = answer_to(name, i);
    const bool take = answer == AnswerKind::kTakeSandbox;
    if (table.columns[i].merge != manifest::MergeUnit::kWhole) {
      return merged_parts(table.columns[i].merge, base, live, own,
                          take ? Wins::kSandbox : Wins::kLive);
    }
    return take ? own : live;
  }

  std::optional<AnswerKind> answer_to(const RowName& name, std::size_t column) const {
    const auto found = told_.find(name);
    if (found == told_.end()) return std::nullopt;
    for (const Conflict* conflict : found->second) {
      if (std::ranges::count(conflict->columns, column) > 0) return conflict->answered;
    }
    return std::nullopt;
  }

  template <class Decide>
  Expected each(const Decide& decide) {
    Expected expected{{}, {}, volatile_columns(sides_.model)};
    open_rows_.clear();
    for (const TableModel& table : sides_.model.tables) {
      expected.state.tables[table.name()].shape = table.shape;
      if (crowded_.contains(table.name())) {
        expected.open_columns.emplace(table.name(), table.list->order);
      }
    }
    for_each_row(sides_.base, sides_.live, own_,
                 [&](const std::string& table, const Key& key, const Row* base, const Row* live,
                     const Row* own) {
                   auto row = decide(sides_.model.require(table), RowName{table, key},
                                     Three{base, live, own});
                   if (row) expected.state.tables[table].rows.emplace(key, std::move(*row));
                 });
    expected.open_rows = open_rows_;
    return expected;
  }

  const ThreeStates& sides_;
  State own_;
  std::map<RowName, std::vector<const Conflict*>> told_;
  std::set<std::string> crowded_;  ///< tables with lists that both sides changed
  std::set<RowName> open_rows_;
  std::set<RowName> waiting_;  ///< for an answer to another row's question
};

}  // namespace

Expected expect_promoted(const ThreeStates& sides) { return Merging(sides).promoted(); }

ExpectedSandbox expect_refreshed(const ThreeStates& sides) {
  Merging merging(sides);
  return {merging.shown(), merging.base()};
}

State without(const State& base, const State& shown, const std::vector<overlay::RowId>& left_out) {
  State selected = shown;
  for (const auto& [table, key] : left_out) {
    const Row* was = row_of(base, table, key);
    auto& rows = selected.tables[table].rows;
    rows.erase(key);
    if (was != nullptr) rows.emplace(key, *was);
  }
  return selected;
}

ExpectedSandbox expect_left(const ThreeStates& sides, Settled settled) {
  const plan::Plan& plan = sides.told;
  const std::set<RowName> left_out(plan.left_out.begin(), plan.left_out.end());
  std::set<RowName> selected;
  for (const RowChange& change : changeset::diff(sides.base, sides.shown).changes) {
    const RowName name{change.table->name, change.key};
    if (!left_out.contains(name)) selected.insert(name);
  }
  ExpectedSandbox left{{sides.shown, {}, {}}, {sides.base, {}, volatile_columns(sides.model)}};
  if (settled == Settled::kBases) {
    for (const RowName& name : selected) put(left.base.state, name, row_at(sides.shown, name));
    return left;
  }
  std::set<RowName> touched = selected;
  for (const RowChange& change : plan.config().changes) {
    touched.emplace(change.table->name, change.key);
  }
  for (const RowName& name : touched) {
    const Three row{row_at(sides.base, name), row_at(sides.live, name), row_at(sides.shown, name)};
    const bool stays = left_out.contains(name) && !same(row.base, row.own);
    put(left.shown.state, name, stays ? kept(row) : copy(row.live));
    put(left.base.state, name, stays ? kept_base(row) : copy(row.live));
  }
  const Keys keys = keys_of(plan.rekeyed, plan.adopted);
  for (const RowName& name : left_out) {
    auto& rows = left.shown.state.tables[name.first].rows;
    const auto row = rows.find(name.second);
    if (row != rows.end())
      row->second = followed(sides.model.require(name.first), keys, row->second);
  }
  return left;
}

std::string wrong_questions(const ThreeStates& sides) { return Merging(sides).wrong_questions(); }

std::string differences(const manifest::Model& model, const Expected& expected, const State& seen) {
  std::string text;
  for_each_row(
      expected.state, seen, seen,
      [&](const std::string& name, const Key& key, const Row* wanted, const Row* is, const Row*) {
        if (expected.open_rows.contains({name, key})) return;
        const TableModel& table = model.require(name);
        if ((wanted == nullptr) != (is == nullptr)) {
          text += fmt::format("  {} {} {}\n", name, display(key),
                              is == nullptr ? "is gone" : "is there");
          return;
        }
        if (is == nullptr) return;
        for (std::size_t i = 0; i < is->size(); ++i) {
          if ((*is)[i] == (*wanted)[i] || expected.open_columns.contains({name, i})) continue;
          const auto unit = table.columns[i].merge;
          if (unit != manifest::MergeUnit::kWhole && same_parts(unit, (*is)[i], (*wanted)[i])) {
            continue;
          }
          text += fmt::format("  {} {} {}: expected {}, saw {}\n", name, display(key),
                              table.shape->columns[i], display((*wanted)[i]), display((*is)[i]));
        }
      });
  return text;
}

}  // namespace doppel::testing
