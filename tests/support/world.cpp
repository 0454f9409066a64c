#include "tests/support/world.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "tests/support/parts.hpp"

namespace doppel::testing {
namespace {

using changeset::State;
using manifest::Model;
using manifest::Reference;
using manifest::TableModel;

bool chance(Random& random, std::uint64_t percent) { return random.below(100) < percent; }

/// Builds one table after the other; earlier ones can be referred to.
class SchemaMaker {
 public:
  SchemaMaker(Random& random, const WorldOptions& options) : random_(random), options_(options) {}

  Model make() {
    const std::size_t count = 1 + random_.below(options_.tables);
    for (std::size_t i = 0; i < count; ++i) add_table("t" + std::to_string(i));
    if (options_.with_references && count > 1 && chance(random_, 40)) close_cycle();
    for (auto& [shape, table] : drafts_) {
      table.shape = std::make_shared<TableShape>(std::move(shape));
      table.columns.resize(table.shape->columns.size());
      if (volatile_columns_.contains(table.shape->name)) {
        table.columns[*table.shape->column("note")].is_volatile = true;
      }
      if (const auto unit = units_.find(table.shape->name); unit != units_.end()) {
        table.columns[*table.shape->column("parts")].merge = unit->second;
      }
      model_.tables.push_back(std::move(table));
    }
    for (const TableModel& table : model_.tables) {
      for (std::size_t i = 0; i < table.references.size(); ++i) {
        model_.referrers[table.references[i].targets.front().table].push_back({table.name(), i});
      }
    }
    return std::move(model_);
  }

 private:
  using Draft = std::pair<TableShape, TableModel>;

  static std::size_t add_column(TableShape& shape, const std::string& name) {
    shape.columns.push_back(name);
    return shape.columns.size() - 1;
  }

  void add_table(const std::string& name) {
    Draft draft;
    auto& [shape, table] = draft;
    shape.name = name;
    shape.key.push_back(add_column(shape, "id"));
    const std::uint64_t kind = random_.below(6);
    if (kind >= 4) shape.key.push_back(add_column(shape, "part"));
    if (kind == 5) shape.key.push_back(add_column(shape, "place"));
    if (options_.with_given_keys && (kind == 1 || kind == 2))
      table.key_source = database::KeySource::kReused;
    const std::size_t label = add_column(shape, "name");
    add_column(shape, "value");
    if (options_.with_unique_keys && chance(random_, 50))
      table.unique_keys.push_back({"by_name", {label}});
    if (options_.with_unique_keys && chance(random_, 40)) {
      const std::size_t code = add_column(shape, "code");
      table.unique_keys.push_back({"by_code", {code}});
    }
    if (options_.with_natural_keys && chance(random_, 40)) table.natural_key.push_back({label, {}});
    if (options_.with_volatile && chance(random_, 40)) {
      add_column(shape, "note");
      volatile_columns_.insert(name);
    }
    if (options_.with_parts && chance(random_, 60)) {
      using manifest::MergeUnit;
      constexpr std::array kUnits{MergeUnit::kJson, MergeUnit::kSet, MergeUnit::kList,
                                  MergeUnit::kText};
      add_column(shape, "parts");
      units_[name] = kUnits[random_.below(kUnits.size())];
    }
    if (options_.with_lists && chance(random_, 40)) {
      table.list = manifest::ListModel{.order = add_column(shape, "position"), .within = {}};
      if (chance(random_, 50)) table.list->within.push_back(add_column(shape, "board"));
    }
    if (options_.with_references && !drafts_.empty() && chance(random_, 60)) {
      refer(draft, "parent", drafts_[random_.below(drafts_.size())].first, "NO ACTION");
    }
    if (options_.with_references && options_.with_references_by_name && !drafts_.empty() &&
        chance(random_, 40)) {
      refer_by_name(draft, drafts_[random_.below(drafts_.size())]);
    }
    if (options_.with_references && chance(random_, 30)) {
      const TableShape self = shape;
      refer(draft, "above", self, "NO ACTION");
    }
    drafts_.push_back(std::move(draft));
  }

  void close_cycle() {
    const TableShape last = drafts_.back().first;
    refer(drafts_.front(), "favourite", last, "SET NULL");
  }

  static void refer(Draft& draft, const std::string& prefix, const TableShape& target,
                    const std::string& on_delete) {
    Reference reference;
    Reference::Target to{{}, target.name, {}};
    for (const std::size_t column : target.key) {
      to.columns.push_back(target.columns[column]);
      reference.columns.push_back(add_column(draft.first, prefix + "_" + target.columns[column]));
    }
    reference.targets.push_back(std::move(to));
    reference.on_delete = on_delete;
    draft.second.references.push_back(std::move(reference));
  }

  static void refer_by_name(Draft& draft, const Draft& target) {
    const auto& uniques = target.second.unique_keys;
    if (uniques.empty() || uniques.front().name != "by_name") return;
    Reference reference;
    reference.columns = {add_column(draft.first, "named")};
    reference.targets = {{{}, target.first.name, {"name"}}};
    draft.second.references.push_back(std::move(reference));
  }

  Random& random_;
  const WorldOptions& options_;
  Model model_;
  std::vector<Draft> drafts_;
  std::set<std::string> volatile_columns_;
  std::map<std::string, manifest::MergeUnit> units_;
};

std::vector<std::size_t> target_columns(const TableModel& target, const Reference& reference) {
  std::vector<std::size_t> columns;
  for (const std::string& name : reference.targets.front().columns) {
    columns.push_back(*target.shape->column(name));
  }
  return columns;
}

/// Changes one state, a step at a time; steps that a database would refuse are left out.
class Editor {
 public:
  Editor(const World& world, State state, Random& random, std::int64_t first_key)
      : model_(world.model),
        mixed_(world.options.with_mixed_values),
        state_(std::move(state)),
        random_(random),
        next_key_(first_key) {}

  void step() {
    const TableModel& table = model_.tables[random_.below(model_.tables.size())];
    State before = state_;
    switch (random_.below(8)) {
      case 0:
      case 1:
        insert(table);
        break;
      case 2:
        remove(table);
        break;
      case 3:
        swap_names(table);
        break;
      case 4:
        move(table);
        break;
      default:
        change(table);
    }
    if (!violations(model_, state_).empty()) state_ = std::move(before);
  }

  void insert(const TableModel& table) {
    Row row(table.shape->columns.size());
    for (std::size_t column = 0; column < row.size(); ++column) row[column] = value(table, column);
    for (const std::size_t column : table.shape->key) {
      row[column] = column == table.shape->key.front() ? Value(next_key_++) : small();
    }
    rows(table).emplace(table.shape->key_of(row), row);
  }

  State take() { return std::move(state_); }

 private:
  std::map<Key, Row>& rows(const TableModel& table) { return state_.tables[table.name()].rows; }

  Value small() { return static_cast<std::int64_t>(random_.below(3)); }

  Value value(const TableModel& table, std::size_t column) {
    for (const Reference& reference : table.references) {
      if (std::ranges::find(reference.columns, column) != reference.columns.end()) return {};
    }
    const manifest::MergeUnit unit = table.columns[column].merge;
    if (unit != manifest::MergeUnit::kWhole) return first_parts(unit, random_);
    const std::string& name = table.shape->columns[column];
    if (name == "name") return std::string(1, static_cast<char>('a' + random_.below(8)));
    if (name == "code") return static_cast<std::int64_t>(random_.below(8));
    if (name == "position") return static_cast<std::int64_t>(1 + random_.below(6));
    if (name == "board") return small();
    switch (random_.below(6)) {
      case 0:
        return {};
      case 1:
        if (!mixed_) return "x";
        return Blob{"x"};
      case 2:
        if (!mixed_) return "0.50";
        return 0.5;
      case 3:
        return "";
      default:
        return mixed_ ? small() : Value(std::to_string(random_.below(3)));
    }
  }

  Row* pick(const TableModel& table) {
    auto& all = rows(table);
    if (all.empty()) return nullptr;
    return &std::next(all.begin(), static_cast<std::ptrdiff_t>(random_.below(all.size())))->second;
  }

  void change(const TableModel& table) {
    Row* row = pick(table);
    if (row == nullptr) return;
    if (!table.references.empty() && chance(random_, 50)) return refer(table, *row);
    const std::size_t column = random_.below(row->size());
    const auto& key = table.shape->key;
    if (std::ranges::find(key, column) != key.end()) return;
    const Row before = *row;
    const manifest::MergeUnit unit = table.columns[column].merge;
    const bool has_parts = unit != manifest::MergeUnit::kWhole;
    (*row)[column] = has_parts ? edit_part(unit, before[column], random_) : value(table, column);
    const Row after = *row;
    if (chance(random_, 70)) let_go(table, before, &after);
  }

  /// What refers to a row follows it, or (no `after`) refers to nothing.
  void let_go(const TableModel& table, const Row& before, const Row* after) {
    for (const TableModel& other : model_.tables) {
      for (const Reference& reference : other.references) {
        if (reference.targets.front().table != table.name()) continue;
        const auto columns = target_columns(table, reference);
        const auto from = TableShape::project(before, columns);
        for (auto& [key, row] : rows(other)) {
          if (TableShape::project(row, reference.columns) != from) continue;
          for (std::size_t i = 0; i < columns.size(); ++i) {
            row[reference.columns[i]] = after == nullptr ? Value() : (*after)[columns[i]];
          }
        }
      }
    }
  }

  void refer(const TableModel& table, Row& row) {
    const Reference& reference = table.references[random_.below(table.references.size())];
    const TableModel& target = model_.require(reference.targets.front().table);
    const Row* to = chance(random_, 25) ? nullptr : pick(target);
    const auto columns = target_columns(target, reference);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      row[reference.columns[i]] = to == nullptr ? Value() : (*to)[columns[i]];
    }
  }

  void remove(const TableModel& table) {
    const Row* picked = pick(table);
    if (picked == nullptr) return;
    const Row row = *picked;
    rows(table).erase(table.shape->key_of(row));
    // Half of the time references are let go of, as SET NULL would.
    if (chance(random_, 50)) let_go(table, row, nullptr);
  }

  void swap_names(const TableModel& table) {
    Row* one = pick(table);
    Row* other = pick(table);
    if (one == nullptr || one == other) return;
    const auto code = table.shape->column("code");
    const std::size_t column = code && chance(random_, 50) ? *code : *table.shape->column("name");
    std::swap((*one)[column], (*other)[column]);
  }

  void move(const TableModel& table) {
    if (!table.list) return change(table);
    Row* one = pick(table);
    Row* other = pick(table);
    if (one == nullptr || one == other) return;
    std::swap((*one)[table.list->order], (*other)[table.list->order]);
  }

  const Model& model_;
  bool mixed_;
  State state_;
  Random& random_;
  std::int64_t next_key_;
};

}  // namespace

World make_world(Random& random, const WorldOptions& options) {
  World world;
  world.options = options;
  world.model = SchemaMaker(random, options).make();
  State empty;
  for (const TableModel& table : world.model.tables) empty.tables[table.name()].shape = table.shape;
  for (const TableModel& table : world.model.tables) {
    for (std::size_t i = random.below(options.rows + 1); i > 0; --i) {
      Editor attempt(world, empty, random, static_cast<std::int64_t>(i));
      attempt.insert(table);
      State tried = attempt.take();
      if (violations(world.model, tried).empty()) empty = std::move(tried);
    }
  }
  world.base = edit(world, std::move(empty), random, {.edits = 6, .first_key = 50});
  return world;
}

State edit(const World& world, State state, Random& random, const EditOptions& options) {
  Editor editor(world, std::move(state), random, options.first_key);
  for (std::size_t i = random.below(options.edits + 1); i > 0; --i) editor.step();
  return editor.take();
}

std::vector<std::string> violations(const Model& model, const State& state) {
  std::vector<std::string> found;
  for (const TableModel& table : model.tables) {
    const auto rows = state.tables.find(table.name());
    if (rows == state.tables.end()) continue;
    auto uniques = table.unique_keys;
    if (!table.natural_key.empty()) uniques.push_back({"natural", {}});
    for (const auto& part : table.natural_key) uniques.back().columns.push_back(part.column);
    for (const auto& unique : uniques) {
      std::set<std::vector<Value>> seen;
      for (const auto& [key, row] : rows->second.rows) {
        const auto values = TableShape::project(row, unique.columns);
        if (std::ranges::any_of(values, [](const Value& value) { return value.is_null(); })) {
          continue;
        }
        if (!seen.insert(values).second) {
          found.push_back(table.name() + "." + unique.name + " twice " + display(values));
        }
      }
    }
    for (const Reference& reference : table.references) {
      const TableModel& target = model.require(reference.targets.front().table);
      const auto columns = target_columns(target, reference);
      std::set<std::vector<Value>> there;
      if (const auto of = state.tables.find(target.name()); of != state.tables.end()) {
        for (const auto& [key, row] : of->second.rows) {
          there.insert(TableShape::project(row, columns));
        }
      }
      for (const auto& [key, row] : rows->second.rows) {
        const auto values = TableShape::project(row, reference.columns);
        if (values.front().is_null() || there.contains(values)) continue;
        found.push_back(table.name() + " " + display(key) + " refers to nothing " +
                        display(values));
      }
    }
  }
  return found;
}

changeset::OrderRules order_rules(const Model& model) {
  changeset::OrderRules rules;
  for (const TableModel& table : model.tables) {
    for (const Reference& reference : table.references) {
      const auto& target = reference.targets.front();
      rules.references.push_back(
          {table.name(), reference.columns, target.table, target.columns, true});
    }
    if (!table.natural_key.empty()) {
      rules.uniques.push_back({table.name(), {table.natural_key.front().column}});
    }
    for (const auto& unique : table.unique_keys) {
      rules.uniques.push_back({table.name(), unique.columns});
    }
  }
  return rules;
}

}  // namespace doppel::testing
