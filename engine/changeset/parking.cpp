#include "changeset/parking.hpp"

#include <algorithm>

namespace doppel::changeset {
namespace {

using Kind = Dependency::Kind;

bool holds(const std::vector<std::size_t>* columns, std::size_t column) {
  return std::ranges::find(*columns, column) != columns->end();
}

bool is_referring(const OrderRules& rules, const std::string& table, std::size_t column) {
  return std::ranges::any_of(rules.references, [&](const OrderRules::Reference& reference) {
    return reference.table == table && holds(&reference.columns, column);
  });
}

/// Whether a column only refers, and every reference that it is part of may be NULL.
bool may_be_null(const OrderRules& rules, const std::string& table, std::size_t column) {
  return is_referring(rules, table, column) &&
         std::ranges::all_of(rules.references, [&](const OrderRules::Reference& reference) {
           return reference.nullable || reference.table != table ||
                  !holds(&reference.columns, column);
         });
}

bool is_key(const RowChange& change, std::size_t column) {
  return std::ranges::find(change.table->key, column) != change.table->key.end();
}

/// The column of a unique key that takes a parked value best: text before bytes before numbers,
/// never one of the row's key or of a reference (it would refer to nothing).
std::optional<std::size_t> parkable(const RowChange& change, const OrderRules& rules,
                                    const std::vector<std::size_t>& columns) {
  const Row& image = change.before ? *change.before : *change.after;
  std::optional<std::size_t> best;
  const auto rank = [&](std::size_t column) {
    switch (image[column].kind()) {
      case ValueKind::kText:
        return 3;
      case ValueKind::kBlob:
        return 2;
      case ValueKind::kInteger:
      case ValueKind::kReal:
        return 1;
      case ValueKind::kNull:
        return 0;
    }
    return 0;
  };
  for (const std::size_t column : columns) {
    if (is_key(change, column) || is_referring(rules, change.table->name, column)) continue;
    if (rank(column) > (best ? rank(*best) : 0)) best = column;
  }
  return best;
}

std::optional<std::size_t> nullable_column(const RowChange& change,
                                           const std::vector<std::size_t>& columns) {
  for (const std::size_t column : columns) {
    if (!is_key(change, column)) return column;
  }
  return std::nullopt;
}

/// The column that would be parked to loosen `dependency` on this step's side.
std::optional<Cut> loosen(const RowChange& change, const Dependency& dependency,
                          const std::vector<std::size_t>& columns, const OrderRules& rules) {
  if (dependency.kind == Kind::kFree) {
    if (const auto column = parkable(change, rules, columns)) return Cut{*column, false};
    // NULL meets nobody, either.
    for (const std::size_t column : columns) {
      if (!is_key(change, column) && may_be_null(rules, change.table->name, column)) {
        return Cut{column, true};
      }
    }
    return std::nullopt;
  }
  if (!dependency.nullable) return std::nullopt;
  if (const auto column = nullable_column(change, columns)) return Cut{*column, true};
  return std::nullopt;
}

}  // namespace

bool binds_second_half_in(const Step& step, const Dependency& in, std::size_t column) {
  if (in.kind == Kind::kChild) return !holds(in.to_columns, column);
  return step.kind != ChangeKind::kInsert || holds(in.to_columns, column);
}

bool met_by_first_half(const Step& step, const Dependency& out, std::size_t column) {
  if (out.kind == Kind::kParent) {
    return step.kind == ChangeKind::kInsert && !holds(out.from_columns, column);
  }
  return holds(out.from_columns, column);
}

std::optional<Cut> find_cut(const RowChange& change, const Step& step, const Dependency& in,
                            const Dependency& out, const OrderRules& rules) {
  const auto cuts = [&](const std::optional<Cut>& cut) {
    return cut && binds_second_half_in(step, in, cut->column) &&
           met_by_first_half(step, out, cut->column);
  };
  // What exists already lets go early; what is new is made without the value and gets it later.
  if (out.kind != Kind::kParent) {
    if (const auto cut = loosen(change, out, *out.from_columns, rules); cuts(cut)) return cut;
  }
  if (in.kind != Kind::kChild && step.kind == ChangeKind::kInsert) {
    if (const auto cut = loosen(change, in, *in.to_columns, rules); cuts(cut)) return cut;
  }
  return std::nullopt;
}

Value parked_value(const Value& like, std::int64_t number) {
  constexpr std::int64_t kFarAway = -2'000'000'000;  // fits a column of four bytes
  const std::string text =
      "\x01"
      "doppel parked " +
      std::to_string(number);
  switch (like.kind()) {
    case ValueKind::kInteger:
      return kFarAway - number;
    case ValueKind::kReal:
      return static_cast<double>(kFarAway - number);
    case ValueKind::kBlob:
      return Blob{text};
    case ValueKind::kText:
    case ValueKind::kNull:
      break;
  }
  return text;
}

}  // namespace doppel::changeset
