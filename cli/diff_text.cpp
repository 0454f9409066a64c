#include "cli/diff_text.hpp"

#include "base/text.hpp"
#include "cli/layout.hpp"
#include "cli/row_text.hpp"
#include "cli/style.hpp"

namespace doppel::cli {
namespace {

/// What differs inside a value: its lines, or its members with what they were.
std::string parts_text(const std::vector<merge::PartChange>& parts) {
  constexpr std::size_t kTold = 20;
  constexpr std::size_t kWidth = 80;
  std::string text;
  for (std::size_t i = 0; i < parts.size() && i < kTold; ++i) {
    const merge::PartChange& part = parts[i];
    text += "        " + printable(part.at, kWidth) + "\n";
    for (const auto& [mark, written] : {std::pair("-", part.before), std::pair("+", part.after)}) {
      if (!written) continue;
      const Tone tone = *mark == '-' ? Tone::kRemoved : Tone::kAdded;
      std::vector<std::string> lines = split(*written, '\n');
      if (lines.size() > 1 && lines.back().empty()) lines.pop_back();
      for (const std::string& line : lines) {
        text += "          " + styled(mark + (" " + printable(line, kWidth)), tone) + "\n";
      }
    }
  }
  return parts.size() > kTold ? text + "        ...\n" : text;
}

std::string field_text(const manifest::Model& model, const plan::DiffRow& row,
                       const plan::DiffField& field) {
  const std::size_t column = row.shape->column(field.column).value_or(0);
  const auto value = [&](const Value& of) { return shown(model, *row.shape, column, of); };
  std::string text = "      " + field.column + ": ";
  if (!row.in_base) return text + value(field.sandbox) + "\n";
  if (!row.in_sandbox) return text + value(field.base) + "\n";
  text += field.parts.empty() ? value(field.base) + " -> " + value(field.sandbox) : "changed";
  const std::string parts = "\n" + parts_text(field.parts);
  if (!row.in_live || field.live == field.base) return text + parts;
  return text +
         (field.live == field.sandbox ? ", as in live by now"
                                      : ", in live " + value(field.live) + " by now") +
         parts;
}

std::string row_text(const manifest::Model& model, const plan::DiffRow& row) {
  const ChangeKind change = row.kind == plan::DiffKind::kAdded     ? ChangeKind::kInsert
                            : row.kind == plan::DiffKind::kRemoved ? ChangeKind::kDelete
                                                                   : ChangeKind::kUpdate;
  std::string text =
      row_heading(change, row.label, row.key) + "  " + std::string(to_text(row.kind));
  if (!row.touch.at.empty()) {
    text += styled(" by " + (row.touch.by.empty() ? "the application" : row.touch.by) + ", " +
                       moment(row.touch.at),
                   Tone::kFaint);
  }
  if (!row.live_touch.at.empty()) {
    text +=
        styled("; live by " + row.live_touch.by + ", " + moment(row.live_touch.at), Tone::kFaint);
  }
  if (row.in_base && !row.in_live) text += styled("  deleted in live by now", Tone::kBad);
  text += "\n";
  for (const plan::DiffField& field : row.fields) {
    const auto column = row.shape->column(field.column);
    if (column && is_key(*row.shape, *column)) continue;
    text += field_text(model, row, field);
  }
  return text;
}

}  // namespace

std::string diff_text(const manifest::Model& model, const plan::Diff& diff, DiffEnd end) {
  std::string text;
  std::string table;
  changeset::Counts total;
  for (const plan::DiffRow& row : diff.rows) {
    if (row.table != table) {
      const changeset::Counts& counts = diff.counts.at(row.table);
      text += table_heading(row.table, counts.added, counts.changed, counts.removed);
      total.added += counts.added;
      total.changed += counts.changed;
      total.removed += counts.removed;
    }
    table = row.table;
    text += row_text(model, row);
  }
  if (end == DiffEnd::kNone) return text;
  text += diff.rows.empty()
              ? diff.environment + " has no change of config.\n"
              : "\n" + diff.environment + " differs in " +
                    counted(static_cast<std::int64_t>(diff.rows.size()), "row") +
                    " of config: " + counts_text(total.added, total.changed, total.removed) + ".\n";
  if (diff.data_rows != 0) {
    text += "Of its data " + counted(static_cast<std::int64_t>(diff.data_rows), "row") +
            (diff.data_rows == 1 ? " is its own, which is" : " are its own, which are") +
            " never promoted.\n";
  }
  return text;
}

}  // namespace doppel::cli
