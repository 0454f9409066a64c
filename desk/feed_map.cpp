#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/text.hpp"
#include "database/quote.hpp"
#include "desk/feed.hpp"
#include "desk/money.hpp"
#include "desk/rows.hpp"

/// What a row's cells are as values of fields.
namespace doppel::desk {
namespace {

void refuse(MappedRow& mapped, const FeedMapping& mapping, std::string message,
            std::string remedy) {
  mapped.problems.push_back({mapping.source.empty() ? mapping.target : mapping.source,
                             std::move(message), std::move(remedy)});
}

std::string shown(const std::string& text) { return "'" + printable(text, 40) + "'"; }

std::optional<bool> parse_yes(const std::string& text) {
  const std::string word = to_lower_ascii(text);
  for (const char* yes : {"true", "yes", "y", "1"}) {
    if (word == yes) return true;
  }
  for (const char* no : {"false", "no", "n", "0"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

/// `1234.5` with two digits is 123450; nothing for more digits than the currency has.
std::optional<std::int64_t> parse_money(std::string_view text, int digits) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  std::string all(text.substr(0, point));
  std::string fraction(point == std::string_view::npos ? "" : text.substr(point + 1));
  if (all.empty() || (point != std::string_view::npos && fraction.empty()) ||
      fraction.size() > static_cast<std::size_t>(digits)) {
    return std::nullopt;
  }
  fraction.resize(static_cast<std::size_t>(digits), '0');
  all += fraction;
  constexpr std::size_t kMostDigits = 17;
  if (all.size() > kMostDigits || all.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  const auto amount = parse_integer(all);
  if (!amount) return std::nullopt;
  return is_negative ? -*amount : *amount;
}

/// The parts of a date between points, slashes or lines, as 2026-11-22; nothing for others. Whether
/// there is such a day is for the field to say.
std::optional<std::string> parse_parts(std::string text, std::size_t day, std::size_t month) {
  std::ranges::replace_if(text, [](char c) { return c == '/' || c == '-'; }, '.');
  const std::vector<std::string> parts = split(text, '.');
  if (parts.size() != 3 || parts[2].size() != 4) return std::nullopt;
  std::array<std::int64_t, 3> numbers{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto number = parse_integer(parts[i]);
    if (!number || *number < 1 || parts[i].size() > 4) return std::nullopt;
    numbers.at(i) = *number;
  }
  return fmt::format("{:04}-{:02}-{:02}", numbers[2], numbers.at(month), numbers.at(day));
}

/// How a text is read: as the mapping says, or as the field is.
std::string kind_of(const FeedMapping& mapping) {
  if (mapping.kind != "text") return mapping.kind;
  const bool is_integer = mapping.custom_kind == "integer" ||
                          (mapping.field != nullptr && mapping.field->type == FieldType::kInteger);
  const bool is_boolean = mapping.custom_kind == "boolean" ||
                          (mapping.field != nullptr && mapping.field->type == FieldType::kBoolean);
  return is_integer ? "integer" : is_boolean ? "boolean" : "text";
}

}  // namespace

FeedMapper::FeedMapper(Workplace& place, const Feed& feed)
    : place_(place), feed_(feed), money_digits_(minor_digits(setting(place, "currency", "EUR"))) {}

MappedRow FeedMapper::map(const FeedRow& row) {
  MappedRow mapped;
  for (std::size_t i = 0; i < feed_.mappings.size(); ++i) {
    const FeedMapping& mapping = feed_.mappings[i];
    const auto cell = row.cells.find(mapping.source);
    std::string text(cell == row.cells.end() ? "" : trim(cell->second));
    if (const auto other = mapping.value_map.find(text); other != mapping.value_map.end()) {
      text = other->second;
    }
    if (text.empty() && !mapping.default_value.is_null()) text = mapping.default_value.text();
    if (text.empty()) {
      // An empty cell says nothing of a field, but a row without its key is nobody's.
      if (i == feed_.key) refuse(mapped, mapping, "is the key and is empty", "give a value");
      continue;
    }
    mapped.values[mapping.target] = convert(mapping, text, mapped);
  }
  return mapped;
}

Value FeedMapper::convert(const FeedMapping& mapping, const std::string& text, MappedRow& mapped) {
  const std::string kind = kind_of(mapping);
  if (kind == "look_up") return look_up(mapping, text, mapped);
  if (kind == "integer") {
    if (const auto number = parse_integer(text)) return Value(*number);
    refuse(mapped, mapping, shown(text) + " is no whole number", "write 12");
  } else if (kind == "money") {
    if (const auto amount = parse_money(text, money_digits_)) return Value(*amount);
    refuse(mapped, mapping, shown(text) + " is no amount", "write 1234.50");
  } else if (kind == "boolean") {
    if (const auto yes = parse_yes(text)) return Value(*yes ? 1 : 0);
    refuse(mapped, mapping, shown(text) + " is neither yes nor no", "write yes or no");
  } else if (kind == "date_dmy" || kind == "date_mdy") {
    const bool day_first = kind == "date_dmy";
    if (const auto date = parse_parts(text, day_first ? 0 : 1, day_first ? 1 : 0)) {
      return Value(*date);
    }
    refuse(mapped, mapping, shown(text) + " is no date",
           day_first ? "write 22.11.2026" : "write 11/22/2026");
  } else {
    return Value(text);
  }
  return {};
}

Value FeedMapper::look_up(const FeedMapping& mapping, const std::string& text, MappedRow& mapped) {
  if (mapping.field == nullptr || mapping.field->refers_to.empty()) {
    refuse(mapped, mapping, "is looked up and refers to nothing", "mend the mapping's kind");
    return {};
  }
  const std::string& table = mapping.field->refers_to;
  const Field* by = require_collection(place_.collections, table).field(mapping.look_up);
  if (by == nullptr || by->hidden) {
    refuse(mapped, mapping, table + " has no field " + shown(mapping.look_up),
           "mend the mapping's look_up");
    return {};
  }
  auto [found, is_new] = found_.try_emplace({mapping.target, text});
  if (is_new) {
    const auto number = by->type == FieldType::kInteger ? parse_integer(text) : std::nullopt;
    if (by->type != FieldType::kInteger || number) {
      for (const Row& row : place_.connection.sql()->query(
               fmt::format("SELECT id FROM {} WHERE {} = $1 LIMIT 2", database::quote_name(table),
                           database::quote_name(by->name)),
               {number ? Value(*number) : Value(text)})) {
        found->second.push_back(row[0].text());
      }
    }
  }
  if (found->second.size() == 1) return Value(found->second[0]);
  refuse(mapped, mapping,
         fmt::format("{} of {} have {} {}", found->second.empty() ? "none" : "several", table,
                     by->name, shown(text)),
         found->second.empty() ? "add one, or mend the row" : "look up by another field");
  return {};
}

}  // namespace doppel::desk
