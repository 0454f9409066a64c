#include "plan/diff.hpp"

#include <algorithm>
#include <array>

#include "overlay/apply.hpp"

namespace doppel::plan {
namespace {

using manifest::Model;
using manifest::TableModel;

constexpr std::array<std::string_view, 5> kKinds{"added", "removed", "changed", "moved", "renamed"};

bool is_name(const TableModel& table, std::size_t column) {
  return table.label == column ||
         std::ranges::find(table.natural_key, column, &manifest::NaturalPart::column) !=
             table.natural_key.end();
}

DiffKind kind_of(const TableModel& table, const RowChange& change,
                 const std::vector<std::size_t>& differing) {
  if (change.kind() == ChangeKind::kInsert) return DiffKind::kAdded;
  if (change.kind() == ChangeKind::kDelete) return DiffKind::kRemoved;
  if (std::ranges::any_of(differing, [&](std::size_t i) { return is_name(table, i); })) {
    return DiffKind::kRenamed;
  }
  const bool only_place = table.list && std::ranges::all_of(differing, [&](std::size_t i) {
                            return i == table.list->order;
                          });
  return only_place ? DiffKind::kMoved : DiffKind::kChanged;
}

std::vector<std::size_t> differing_columns(const TableModel& table, const RowChange& change) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < table.shape->columns.size(); ++i) {
    if (table.columns[i].is_volatile) continue;
    const Value before = change.before ? (*change.before)[i] : Value();
    const Value after = change.after ? (*change.after)[i] : Value();
    if (before != after) columns.push_back(i);
  }
  return columns;
}

}  // namespace

std::string_view to_text(DiffKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

bool DiffRow::moved_in_live() const {
  if (in_base != in_live) return true;
  return in_base && std::ranges::any_of(
                        fields, [](const DiffField& field) { return field.live != field.base; });
}

bool changes_only_volatile(const Model& model, const RowChange& change) {
  return change.kind() == ChangeKind::kUpdate &&
         differing_columns(model.require(change.table->name), change).empty();
}

Diff make_diff(const Model& model, const std::string& environment, const overlay::Changes& changes,
               database::Connection& live) {
  Diff diff;
  diff.environment = environment;
  diff.data_rows = changes.data.size();
  for (const TableModel& table : model.tables) {
    if (table.may_hold_config()) diff.counts[table.name()];
  }
  const std::vector<std::optional<Row>> in_live = overlay::rows_now(changes.config, live);
  for (std::size_t i = 0; i < changes.config.size(); ++i) {
    const RowChange& change = changes.config.changes[i];
    const TableModel& table = model.require(change.table->name);
    const std::vector<std::size_t> columns = differing_columns(table, change);
    if (change.kind() == ChangeKind::kUpdate && columns.empty()) continue;
    const std::optional<Row>& now = in_live[i];
    DiffRow row{.table = table.name(),
                .shape = table.shape,
                .key = change.key,
                .label = manifest::label_of(table, change.after ? *change.after : *change.before),
                .kind = kind_of(table, change, columns),
                .fields = {},
                .in_base = change.before.has_value(),
                .in_live = now.has_value(),
                .in_sandbox = change.after.has_value(),
                .touch = {}};
    const auto value = [](const std::optional<Row>& image, std::size_t column) {
      return image ? (*image)[column] : Value();
    };
    for (const std::size_t column : columns) {
      DiffField field{table.shape->columns[column], value(change.before, column),
                      value(now, column), value(change.after, column)};
      if (!table.columns[column].secret) {
        field.parts = merge::changed_parts(table.columns[column], field.base, field.sandbox);
      }
      row.fields.push_back(std::move(field));
    }
    if (const auto touch = changes.touches.find({row.table, row.key});
        touch != changes.touches.end()) {
      row.touch = touch->second;
    }
    changeset::Counts& counts = diff.counts[row.table];
    if (row.kind == DiffKind::kAdded) {
      ++counts.added;
    } else if (row.kind == DiffKind::kRemoved) {
      ++counts.removed;
    } else {
      ++counts.changed;
    }
    diff.rows.push_back(std::move(row));
  }
  return diff;
}

}  // namespace doppel::plan
