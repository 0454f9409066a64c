#include "desk/collection.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <re2/re2.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "desk/embedded_texts.hpp"

namespace doppel::desk {
namespace {

using manifest::Manifest;
using manifest::TableEntry;

/// The desk's own bookkeeping: no collections.
bool is_internal(std::string_view table) {
  return table == "desk_schema" || table == "number_series";
}

struct Computed {
  std::string_view table, field;  ///< no table: of every one
};
/// What the desk sets itself.
constexpr std::array kComputed{
    Computed{"", "id"},
    Computed{"", "version"},
    Computed{"", "created_at"},
    Computed{"", "updated_at"},
    Computed{"", "number"},
    Computed{"opportunities", "currency"},
    Computed{"opportunities", "net_amount"},
    Computed{"opportunities", "tax_amount"},
    Computed{"opportunities", "closed_at"},
    Computed{"opportunity_lines", "net_amount"},
    Computed{"opportunity_lines", "tax_amount"},
    Computed{"cases", "first_reply_at"},
    Computed{"cases", "solved_at"},
    Computed{"cases", "closed_at"},
    Computed{"users", "state"},
    Computed{"feed_runs", "feed_id"},
    Computed{"feed_runs", "file_name"},
    Computed{"feed_runs", "content_hash"},
    Computed{"feed_runs", "state"},
    Computed{"feed_runs", "row_count"},
    Computed{"feed_runs", "created_count"},
    Computed{"feed_runs", "updated_count"},
    Computed{"feed_runs", "unchanged_count"},
    Computed{"feed_runs", "error_count"},
    Computed{"feed_runs", "author_id"},
    Computed{"feed_errors", "run_id"},
    Computed{"feed_errors", "line"},
    Computed{"feed_errors", "problems"},
    Computed{"case_events", "kind"},
    Computed{"case_events", "case_id"},
    Computed{"case_events", "author_id"},
    Computed{"case_events", "detail"},
};

/// What the desk fills in where nobody gives it.
constexpr std::array kFilledIn{
    Computed{"cases", "queue_id"},
    Computed{"cases", "status_id"},
    Computed{"opportunities", "pipeline_id"},
    Computed{"opportunities", "stage_id"},
    Computed{"opportunity_lines", "position"},
    Computed{"opportunity_lines", "unit_price"},
};

struct InModule {
  std::string_view module, table;
};
constexpr std::array kModules{
    InModule{"support", "cases"},
    InModule{"support", "case_messages"},
    InModule{"support", "attachments"},
    InModule{"support", "case_events"},
    InModule{"support", "case_categories"},
    InModule{"support", "case_statuses"},
    InModule{"support", "case_status_transitions"},
    InModule{"support", "queues"},
    InModule{"support", "queue_members"},
    InModule{"support", "queue_skills"},
    InModule{"support", "queue_teams"},
    InModule{"support", "routing_rules"},
    InModule{"support", "macros"},
    InModule{"support", "macro_actions"},
    InModule{"sales", "opportunities"},
    InModule{"sales", "opportunity_lines"},
    InModule{"sales", "pipelines"},
    InModule{"sales", "pipeline_stages"},
    InModule{"products", "products"},
    InModule{"products", "price_lists"},
    InModule{"products", "prices"},
    InModule{"products", "taxes"},
    InModule{"activities", "activities"},
    InModule{"activities", "tasks"},
};

template <typename List>
bool lists(const List& list, std::string_view table, std::string_view field) {
  return std::ranges::any_of(list, [&](const Computed& entry) {
    return (entry.table.empty() || entry.table == table) && entry.field == field;
  });
}

std::vector<std::string> quoted_words(const std::string& text) {
  static const RE2 word("'([^']*)'");
  std::vector<std::string> words;
  std::string found;
  re2::StringPiece rest(text);
  while (RE2::FindAndConsume(&rest, word, &found)) words.push_back(found);
  return words;
}

/// The rule that the schema has for a column, from the text of its table.
void read_check(Field& field, const std::string& table_text) {
  const std::string name = RE2::QuoteMeta(field.name);
  std::string list;
  if (RE2::PartialMatch(table_text, "CHECK \\(" + name + " IN \\(([^)]*)\\)", &list)) {
    field.choices = quoted_words(list);
    if (field.choices.empty()) field.type = FieldType::kBoolean;  // IN (0, 1)
    if (!field.choices.empty()) field.type = FieldType::kChoice;
  }
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::string sign;
  if (RE2::PartialMatch(table_text, "CHECK \\(" + name + " BETWEEN (\\d+) AND (\\d+)", &least,
                        &most)) {
    field.least = least;
    field.most = most;
  } else if (RE2::PartialMatch(table_text, "CHECK \\(" + name + " (>=?) (\\d+)", &sign, &least)) {
    field.least = least + (sign == ">" ? 1 : 0);
  }
}

FieldType type_of(const std::string& column_type, const std::string& name,
                  const TableEntry& table) {
  if (column_type == "INTEGER" || column_type == "BIGINT") return FieldType::kInteger;
  if (column_type == "BLOB") return FieldType::kBytes;
  if (name.ends_with("_at")) return FieldType::kInstant;
  if (name.ends_with("_on")) return FieldType::kDate;
  const manifest::ColumnEntry* said = table.column(name);
  using manifest::MergeUnit;
  if (said != nullptr && (said->merge == MergeUnit::kJson || said->merge == MergeUnit::kSet ||
                          said->merge == MergeUnit::kList)) {
    return FieldType::kJson;
  }
  return FieldType::kText;
}

Value default_of(const std::string& rest) {
  std::string text;
  std::int64_t number = 0;
  if (RE2::PartialMatch(rest, "DEFAULT '([^']*)'", &text)) return Value(text);
  if (RE2::PartialMatch(rest, "DEFAULT (\\d+)", &number)) return Value(number);
  return Value();
}

Field read_field(const std::string& name, const std::string& type, const std::string& rest,
                 const TableEntry& table, const std::string& table_text) {
  Field field{.name = name, .type = type_of(type, name, table)};
  field.default_value = default_of(rest);
  if (type == "INTEGER") {  // Four bytes on PostgreSQL.
    field.least = std::numeric_limits<std::int32_t>::min();
    field.most = std::numeric_limits<std::int32_t>::max();
  }
  field.nullable = rest.find("NOT NULL") == std::string::npos ||
                   (lists(kFilledIn, table.name, name) && field.default_value.is_null());
  field.writable = !lists(kComputed, table.name, name);
  const manifest::ColumnEntry* said = table.column(name);
  field.hidden = said != nullptr && said->secret;
  if (field.hidden) field.writable = false;
  field.personal = said != nullptr && !said->personal.empty();
  if (RE2::PartialMatch(rest, "REFERENCES (\\w+)", &field.refers_to)) {
    field.type = FieldType::kReference;
  }
  read_check(field, table_text);
  return field;
}

std::string module_of(std::string_view table) {
  const auto found = std::ranges::find(kModules, table, &InModule::table);
  return found == kModules.end() ? "" : std::string(found->module);
}

}  // namespace

std::string_view to_text(FieldType type) {
  constexpr std::array<std::string_view, 9> kNames{
      "text", "integer", "boolean", "instant", "date", "choice", "reference", "json", "bytes"};
  return kNames.at(static_cast<std::size_t>(type));
}

const Field* Collection::field(std::string_view field_name) const {
  const auto found = std::ranges::find(fields, field_name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

std::size_t Collection::index(std::string_view field_name) const {
  return static_cast<std::size_t>(field(field_name) - fields.data());
}

Collections read_collections() {
  static const RE2 table_pattern("(?s)CREATE TABLE (\\w+) \\((.*?)\\n\\);");
  static const RE2 column_pattern("(?m)^  (\\w+) (TEXT|INTEGER|BIGINT|BLOB)([^\\n]*)");
  const Manifest manifest =
      manifest::load_or_throw(embedded_text("manifest.yaml"), "manifest.yaml");
  std::string schema;
  for (const EmbeddedText& file : embedded_texts()) {
    if (file.path.starts_with("schema/")) schema += file.text;
  }
  Collections collections;
  re2::StringPiece rest(schema);
  std::string name;
  std::string text;
  while (RE2::FindAndConsume(&rest, table_pattern, &name, &text)) {
    if (is_internal(name)) continue;
    const TableEntry* entry = manifest.table(name);
    if (entry == nullptr) {
      throw Error(ErrorCode::kInternal, "the manifest doesn't name the table",
                  {.place = name, .remedy = {}});
    }
    Collection collection{.name = name,
                          .role = entry->role.role,
                          .module = module_of(name),
                          .label = entry->label,
                          .fields = {}};
    re2::StringPiece columns(text);
    std::string column;
    std::string type;
    std::string more;
    while (RE2::FindAndConsume(&columns, column_pattern, &column, &type, &more)) {
      collection.fields.push_back(read_field(column, type, more, *entry, text));
    }
    collections.emplace(name, std::move(collection));
  }
  const Collection& described = collections.at("custom_fields");
  for (const std::string& object : described.field("object")->choices) {
    collections.at(object).has_custom_fields = true;
  }
  return collections;
}

const Collection& require_collection(const Collections& collections, std::string_view name) {
  const auto found = collections.find(name);
  if (found != collections.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, collection] : collections) names.push_back(known);
  const auto near = nearest(name, names);
  throw Error(ErrorCode::kNotFound, "there is no such collection",
              {.place = std::string(name),
               .remedy = near ? "did you mean " + *near + "?" : "see the list of collections"});
}

}  // namespace doppel::desk
