#include "desk/seed.hpp"

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"
#include "desk/embedded_texts.hpp"
#include "desk/insert.hpp"
#include "desk/schema.hpp"

namespace doppel::desk {
namespace {

constexpr std::string_view kFile = "seed/configuration.yaml";

[[noreturn]] void refuse(const yaml::Node& node, const std::string& message) {
  throw Error(ErrorCode::kInternal, message,
              {.place = fmt::format("{}:{}", kFile, node.line), .remedy = {}});
}

bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

/// The text with the keys of the rows that it names.
std::string with_keys(const yaml::Node& node, const Seed& seed) {
  const std::string& text = node.scalar;
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '@') {
      result += text[at];
      continue;
    }
    std::size_t end = at + 1;
    while (end < text.size() && (is_name(text[end]) || text[end] == '.')) ++end;
    const auto key = seed.keys.find(text.substr(at + 1, end - at - 1));
    if (key == seed.keys.end()) refuse(node, "no row has this name: " + text.substr(at, end - at));
    result += key->second;
    at = end - 1;
  }
  return result;
}

Value value_of(const yaml::Node& node, const database::Column& column, const Seed& seed) {
  const std::string type = to_lower_ascii(column.type);
  if (type != "integer" && type != "bigint") return Value(with_keys(node, seed));
  const auto number = parse_integer(node.scalar);
  if (!number) refuse(node, column.name + " is a number");
  return Value(*number);
}

/// What a column holds where the seed doesn't say it: its default, read from the schema.
Value default_of(const database::Column& column) {
  if (!column.default_sql) return Value();
  std::string text = *column.default_sql;
  text = text.substr(0, text.find("::"));  // PostgreSQL adds the type.
  if (const auto number = parse_integer(text)) return Value(*number);
  if (text.size() >= 2 && text.front() == '\'') return Value(text.substr(1, text.size() - 2));
  return Value();
}

SeededTable read_table(const yaml::Node::Entry& entry, const database::Schema& schema, Seed& seed,
                       std::uint64_t number, Instant now) {
  const database::Table* table = schema.table(entry.first.scalar);
  if (table == nullptr) refuse(entry.first, "no such table");
  SeededTable result{.table = table->name, .columns = {}, .rows = {}};
  for (const database::Column& column : table->columns) result.columns.push_back(column.name);
  for (const yaml::Node& item : entry.second.items) {
    const yaml::Node* name = item.find("_");
    if (name == nullptr) refuse(item, "a row of the seed needs a name");
    const std::string path = table->name + "." + name->scalar;
    const std::string id = seeded_id(number, path, now);
    if (!seed.keys.emplace(path, id).second) refuse(item, "two rows have this name");
    for (const auto& [column, value] : item.entries) {
      if (column.scalar != "_" && table->column(column.scalar) == nullptr) {
        refuse(column, "no such column");
      }
    }
    Row row;
    for (const database::Column& column : table->columns) {
      const yaml::Node* said = item.find(column.name);
      if (column.name == "id") {
        row.emplace_back(id);
      } else if (column.name == "created_at" || column.name == "updated_at") {
        row.emplace_back(instant_text(now));
      } else {
        row.push_back(said == nullptr ? default_of(column) : value_of(*said, column, seed));
      }
    }
    result.rows.push_back(std::move(row));
  }
  return result;
}

}  // namespace

std::string seeded_id(std::uint64_t seed, std::string_view name, Instant made_at) {
  // The same bits as a random one would have, taken from the name.
  const std::string hash = sha256(fmt::format("doppel desk {} {}", seed, name));
  const auto milliseconds = static_cast<std::uint64_t>(made_at.microseconds / 1000);
  return fmt::format("{:08x}-{:04x}-7{}-8{}-{}", (milliseconds >> 16U) & 0xffffffffULL,
                     milliseconds & 0xffffU, hash.substr(0, 3), hash.substr(3, 3),
                     hash.substr(6, 12));
}

Seed starting_configuration(const database::Schema& schema, std::uint64_t seed, Instant now) {
  Seed result;
  const yaml::Node document = yaml::parse(embedded_text(kFile), kFile);
  for (const yaml::Node::Entry& entry : document.entries) {
    result.tables.push_back(read_table(entry, schema, result, seed, now));
  }
  return result;
}

void insert_seed(database::SqlRunner& sql, const Seed& seed) {
  for (const SeededTable& table : seed.tables) {
    insert_rows(sql, table.table, table.columns, table.rows);
  }
}

bool seed_organisation(database::Connection& connection, std::uint64_t seed, Instant now) {
  const database::Schema schema = connection.read_schema();
  const auto transaction = connection.begin(database::TransactionKind::kWrite);
  if (connection.count_rows("settings") > 0) return false;
  insert_seed(*connection.sql(), starting_configuration(schema, seed, now));
  for (const char* series : {"accounts", "opportunities", "cases"}) {
    connection.sql()->execute("INSERT INTO number_series (name, next_number) VALUES ($1, 1)",
                              {Value(series)});
  }
  transaction->commit();
  return true;
}

}  // namespace doppel::desk
