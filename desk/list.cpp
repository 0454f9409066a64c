#include <algorithm>
#include <array>
#include <set>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "database/quote.hpp"
#include "desk/custom.hpp"
#include "desk/rows.hpp"
#include "desk/validate.hpp"

namespace doppel::desk {
namespace {

using database::quote_name;

constexpr std::array<std::pair<std::string_view, Operator>, 11> kOperators{
    {{"equal", Operator::kEqual},
     {"not_equal", Operator::kNotEqual},
     {"in", Operator::kIn},
     {"less", Operator::kLess},
     {"less_equal", Operator::kLessEqual},
     {"greater", Operator::kGreater},
     {"greater_equal", Operator::kGreaterEqual},
     {"contains", Operator::kContains},
     {"begins", Operator::kBegins},
     {"empty", Operator::kEmpty},
     {"not_empty", Operator::kNotEmpty}}};

constexpr std::size_t kValuesLimit = 500;

/// A query that is checked and written down as SQL.
struct Search {
  const Collection& collection;
  SqlText sql;
  std::vector<std::string> conditions = {};
  std::vector<FieldProblem> problems = {};
};

std::string_view comparison(Operator op) {
  switch (op) {
    case Operator::kNotEqual:
      return "<>";
    case Operator::kLess:
      return "<";
    case Operator::kLessEqual:
      return "<=";
    case Operator::kGreater:
      return ">";
    case Operator::kGreaterEqual:
      return ">=";
    default:
      return "=";
  }
}

/// Letters of a pattern that mean themselves.
std::string like_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string condition_on(SqlText& sql, const std::string& column, bool is_text,
                         const Filter& filter) {
  switch (filter.op) {
    case Operator::kEmpty:
      return is_text ? fmt::format("coalesce({}, '') = ''", column) : column + " IS NULL";
    case Operator::kNotEmpty:
      return is_text ? fmt::format("coalesce({}, '') <> ''", column) : column + " IS NOT NULL";
    case Operator::kIn: {
      std::string list;
      for (const Value& value : filter.values) {
        list += (list.empty() ? "" : ", ") + sql.parameter(value);
      }
      return fmt::format("{} IN ({})", column, list);
    }
    case Operator::kContains:
    case Operator::kBegins: {
      const std::string sought = like_escaped(to_lower_ascii(filter.values[0].text())) + "%";
      return fmt::format(
          "lower({}) LIKE {} ESCAPE '\\'", column,
          sql.parameter(Value((filter.op == Operator::kContains ? "%" : "") + sought)));
    }
    default:
      return fmt::format("{} {} {}", column, comparison(filter.op),
                         sql.parameter(filter.values[0]));
  }
}

std::optional<FieldProblem> check_count(const Filter& filter) {
  const bool none = filter.op == Operator::kEmpty || filter.op == Operator::kNotEmpty;
  const std::size_t count = filter.values.size();
  if (none && count == 0) return std::nullopt;
  if (filter.op == Operator::kIn && count > 0 && count <= kValuesLimit) return std::nullopt;
  if (!none && filter.op != Operator::kIn && count == 1) return std::nullopt;
  return FieldProblem{filter.field, "the filter has the wrong number of values",
                      none ? "give none" : "give one, or for `in` up to 500"};
}

bool searches_text(Operator op) { return op == Operator::kContains || op == Operator::kBegins; }

void add_custom_filter(Workplace& place, Search& search, Filter filter, std::string_view code) {
  const auto fields = custom_fields(place, search.collection.name, {std::string(code)});
  if (fields.empty()) {
    search.problems.push_back({filter.field, "there is no such custom field", "leave it out"});
    return;
  }
  for (Value& value : filter.values) {
    Checked checked = searches_text(filter.op) ? Checked{.value = value, .problem = {}}
                                               : check_custom(filter.field, fields[0].kind, value);
    if (searches_text(filter.op) && value.kind() != ValueKind::kText) {
      checked.problem = FieldProblem{filter.field, "is a text", "give a text"};
    }
    if (checked.problem) {
      search.problems.push_back(std::move(*checked.problem));
      return;
    }
    value = std::move(checked.value);
  }
  const bool absent = filter.op == Operator::kEmpty || filter.op == Operator::kNotEmpty;
  const std::string of_field = search.sql.parameter(Value(fields[0].id));
  search.conditions.push_back(fmt::format(
      "{} (SELECT 1 FROM custom_values AS v WHERE v.record_id = t.id AND v.field_id = {}{})",
      filter.op == Operator::kEmpty ? "NOT EXISTS" : "EXISTS", of_field,
      absent ? "" : " AND " + condition_on(search.sql, "v.value", true, filter)));
}

void add_filter(Workplace& place, Search& search, Filter filter) {
  if (auto problem = check_count(filter)) {
    search.problems.push_back(std::move(*problem));
    return;
  }
  const auto code = custom_code(filter.field);
  if (code && search.collection.has_custom_fields && place.sight == Sight::kClear) {
    add_custom_filter(place, search, std::move(filter), *code);
    return;
  }
  const Field* field = search.collection.field(filter.field);
  if (field == nullptr || !may_search(place, *field)) {
    search.problems.push_back({filter.field, "can't be filtered by", "name another field"});
    return;
  }
  const bool is_text = field->type != FieldType::kInteger && field->type != FieldType::kBoolean;
  for (Value& value : filter.values) {
    Field loose = *field;
    loose.least.reset();
    loose.most.reset();
    loose.nullable = false;
    if (searches_text(filter.op)) loose.type = FieldType::kText;
    Checked checked = check_value(loose, value);
    if (!checked.problem && searches_text(filter.op) && !is_text) {
      checked.problem = FieldProblem{filter.field, "is no text", "use another operator"};
    }
    if (checked.problem) {
      search.problems.push_back(std::move(*checked.problem));
      return;
    }
    value = std::move(checked.value);
  }
  search.conditions.push_back(
      condition_on(search.sql, "t." + quote_name(filter.field), is_text, filter));
}

/// The sort keys with what they need to be one order of all records.
struct Order {
  std::vector<SortKey> keys;  ///< id is the last
  const Collection& collection;

  bool nullable(const SortKey& key) const { return collection.field(key.field)->nullable; }
  /// Whether a comparison of rows says it, which an index can answer.
  bool is_plain() const {
    return std::ranges::all_of(keys, [&](const SortKey& key) {
      return !nullable(key) && key.direction == keys[0].direction;
    });
  }
};

Order order_of(const Workplace& place, Search& search, const std::vector<SortKey>& sort) {
  Order order{.keys = {}, .collection = search.collection};
  if (sort.size() > kSortLimit) {
    search.problems.push_back({"sort", "has too many fields", "sort by four at most"});
    return order;
  }
  std::set<std::string> seen;
  for (const SortKey& key : sort) {
    const Field* field = search.collection.field(key.field);
    if (field == nullptr || !may_search(place, *field)) {
      search.problems.push_back({key.field, "can't be sorted by", "name another field"});
      return order;
    }
    if (seen.insert(key.field).second) order.keys.push_back(key);
    if (key.field == "id") return order;  // Nothing after it decides anything.
  }
  order.keys.push_back({.field = "id",
                        .direction = order.keys.empty() ? SortKey::Direction::kAscending
                                                        : order.keys.back().direction});
  return order;
}

std::string order_by(const Order& order) {
  std::string text;
  for (const SortKey& key : order.keys) {
    const std::string column = "t." + quote_name(key.field);
    const char* way = key.direction == SortKey::Direction::kDescending ? " DESC" : "";
    // The databases disagree about where NULL stands; here it is the largest.
    if (order.nullable(key))
      text += fmt::format("{}({} IS NULL){}", text.empty() ? "" : ", ", column, way);
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", column, way);
  }
  return text;
}

/// "Comes after this value", where the keys before are equal; empty: nothing does.
std::string after_value(Search& search, const Order& order, const SortKey& key,
                        const Value& value) {
  const std::string column = "t." + quote_name(key.field);
  const bool down = key.direction == SortKey::Direction::kDescending;
  if (value.is_null()) return down ? column + " IS NOT NULL" : "";
  std::string beyond =
      fmt::format("{} {} {}", column, down ? "<" : ">", search.sql.parameter(value));
  if (down || !order.nullable(key)) return beyond;
  return fmt::format("({} OR {} IS NULL)", beyond, column);
}

void add_cursor(Search& search, const Order& order, const std::vector<Value>& values) {
  if (order.is_plain()) {
    std::string columns;
    std::string given;
    for (std::size_t i = 0; i < order.keys.size(); ++i) {
      columns += fmt::format("{}t.{}", i == 0 ? "" : ", ", quote_name(order.keys[i].field));
      given += (i == 0 ? "" : ", ") + search.sql.parameter(values[i]);
    }
    const bool down = order.keys[0].direction == SortKey::Direction::kDescending;
    search.conditions.push_back(fmt::format("({}) {} ({})", columns, down ? "<" : ">", given));
    return;
  }
  std::string any;
  std::string equal;
  for (std::size_t i = 0; i < order.keys.size(); ++i) {
    const std::string after = after_value(search, order, order.keys[i], values[i]);
    if (!after.empty()) any += fmt::format("{}({}{})", any.empty() ? "" : " OR ", equal, after);
    if (i + 1 == order.keys.size()) break;  // A parameter that nothing names would be refused.
    const std::string column = "t." + quote_name(order.keys[i].field);
    equal += values[i].is_null() ? column + " IS NULL AND "
                                 : column + " = " + search.sql.parameter(values[i]) + " AND ";
  }
  search.conditions.push_back("(" + any + ")");
}

/// What a cursor belongs to: another query can't go on from it.
std::string fingerprint(std::string_view collection, const Query& query) {
  Sha256 hash;
  hash.add_framed(collection);
  for (const SortKey& key : query.sort) {
    hash.add_framed(key.field);
    hash.add_framed(key.direction == SortKey::Direction::kDescending ? "-" : "+");
  }
  for (const Filter& filter : query.filters) {
    hash.add_framed(filter.field);
    hash.add_framed(std::to_string(static_cast<int>(filter.op)));
    for (const Value& value : filter.values) hash.add_value(value);
  }
  return hash.finish().substr(0, 16);
}

std::string cursor_of(const std::string& print, const Order& order, const Record& last) {
  std::vector<Value> values{Value(print)};
  for (const SortKey& key : order.keys) values.push_back(value_of(last.values, key.field));
  return to_hex(write_json(to_json(values), JsonStyle::kCompact));
}

/// Nothing for what is no cursor of this query.
std::optional<std::vector<Value>> read_cursor(const std::string& text, const std::string& print,
                                              std::size_t keys) {
  const auto bytes = from_hex(text);
  if (!bytes) return std::nullopt;
  try {
    std::vector<Value> values = values_from_json(parse_json(*bytes, "cursor"), "cursor");
    if (values.size() != keys + 1 || values[0] != Value(print)) return std::nullopt;
    values.erase(values.begin());
    return values;
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The custom fields that are asked for by name.
std::vector<std::string> custom_codes(const Query& query) {
  std::vector<std::string> codes;
  for (const std::string& name : query.fields) {
    if (const auto code = custom_code(name)) codes.emplace_back(*code);
  }
  return codes;
}

void check_fields(Search& search, const Query& query) {
  for (const std::string& name : query.fields) {
    if (search.collection.has_custom_fields && custom_code(name)) continue;
    const Field* field = search.collection.field(name);
    if (field == nullptr || field->hidden || field->type == FieldType::kBytes) {
      search.problems.push_back({name, "isn't shown in lists", "leave it out"});
    }
  }
  if (query.limit < 1 || query.limit > kPageLimit) {
    search.problems.push_back({"limit", fmt::format("is from 1 to {}", kPageLimit), "change it"});
  }
  if (query.filters.size() > kFilterLimit) {
    search.problems.push_back({"filter", "there are too many", "give fewer"});
  }
}

void keep_fields(const Query& query, Record& record) {
  if (query.fields.empty()) return;
  std::erase_if(record.values, [&](const auto& entry) {
    return entry.first != "id" &&
           std::ranges::find(query.fields, entry.first) == query.fields.end();
  });
}

}  // namespace

std::optional<Operator> parse_operator(std::string_view text) {
  const auto found =
      std::ranges::find(kOperators, text, &std::pair<std::string_view, Operator>::first);
  if (found == kOperators.end()) return std::nullopt;
  return found->second;
}

std::vector<SortKey> parse_sort(std::string_view text) {
  std::vector<SortKey> keys;
  if (text.empty()) return keys;
  for (std::string& word : split(text, ',')) {
    const bool down = word.starts_with('-');
    keys.push_back(
        {.field = down ? word.substr(1) : word,
         .direction = down ? SortKey::Direction::kDescending : SortKey::Direction::kAscending});
  }
  return keys;
}

Page list(Workplace& place, std::string_view collection, const Query& query) {
  const Collection& what = require_collection(place.collections, collection);
  require_module(place, what);
  Search search{.collection = what, .sql = {}};
  check_fields(search, query);
  for (const Filter& filter : query.filters) add_filter(place, search, filter);
  const Order order = order_of(place, search, query.sort);
  const std::string print = fingerprint(collection, query);
  if (search.problems.empty() && !query.after.empty()) {
    if (const auto values = read_cursor(query.after, print, order.keys.size())) {
      add_cursor(search, order, *values);
    } else {
      search.problems.push_back({"after", "is no cursor of this list", "begin at its start"});
    }
  }
  Page page;
  if (!search.problems.empty()) {
    page.problems = std::move(search.problems);
    return page;
  }
  std::string where;
  for (const std::string& condition : search.conditions) {
    where += (where.empty() ? " WHERE " : " AND ") + condition;
  }
  search.sql.text =
      fmt::format("SELECT {} FROM {} AS t{} ORDER BY {} LIMIT {}", selected(what, Bytes::kLeftOut),
                  quote_name(what.name), where, order_by(order), query.limit + 1);
  auto rows = place.connection.sql()->query(search.sql.text, search.sql.values);
  const bool more = rows.size() > query.limit;
  if (more) rows.pop_back();
  for (Row& row : rows) {
    page.records.push_back(record_of(what, values_of(what, std::move(row), Bytes::kLeftOut)));
  }
  if (more) page.next = cursor_of(print, order, page.records.back());
  if (const auto codes = custom_codes(query); !codes.empty()) {
    add_custom_values(place, custom_fields(place, what.name, codes), page.records);
  }
  for (Record& record : page.records) {
    keep_fields(query, record);
    mask(place, what, record);
  }
  return page;
}

std::optional<Record> get(Workplace& place, std::string_view collection, const std::string& id) {
  const Collection& what = require_collection(place.collections, collection);
  require_module(place, what);
  auto row = read_by_id(*place.connection.sql(), what, id);
  if (!row) return std::nullopt;
  std::vector<Record> records{record_of(what, std::move(*row))};
  if (what.has_custom_fields) add_custom_values(place, custom_fields(place, what.name), records);
  mask(place, what, records[0]);
  return std::move(records[0]);
}

}  // namespace doppel::desk
