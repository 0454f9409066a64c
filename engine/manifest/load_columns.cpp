#include <algorithm>
#include <array>

#include <re2/re2.h>

#include "base/text.hpp"
#include "manifest/format.hpp"

namespace doppel::manifest {
namespace {

constexpr std::array<std::string_view, 5> kShortWords{"plain", "secret", "binding", "url",
                                                      "volatile"};
constexpr std::array<std::string_view, 8> kColumnWords{"plain", "secret",   "binding", "url",
                                                       "merge", "volatile", "ids",     "personal"};
constexpr std::array<std::string_view, 4> kIdsWords{"pattern", "table", "within", "when"};

bool* flag_of(ColumnEntry& column, std::string_view word) {
  if (word == "plain") return &column.plain;
  if (word == "secret") return &column.secret;
  if (word == "binding") return &column.binding;
  if (word == "url") return &column.url;
  if (word == "volatile") return &column.is_volatile;
  return nullptr;
}

std::string read_pattern(FormatReader& reader, const yaml::Node& node, const std::string& what) {
  const auto pattern = reader.text(node, what);
  if (!pattern) return {};
  if (pattern->size() > kPatternBytesLimit) {
    reader.error(node, what + " is longer than " + counted(kPatternBytesLimit, "byte"),
                 "write a shorter pattern");
    return {};
  }
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 compiled(*pattern, options);
  if (!compiled.ok()) {
    reader.error(node, what + " is no pattern: " + printable(compiled.error(), 200),
                 "write it in RE2's syntax, in single quotes");
  } else if (compiled.NumberOfCapturingGroups() != 1) {
    reader.error(node,
                 what + " has " + counted(compiled.NumberOfCapturingGroups(), "capturing group") +
                     ", one is needed",
                 "put ( ) around what is meant and (?: ) around the rest, as in 'cf_(\\d+)'");
  }
  return *pattern;
}

EmbeddedIds read_ids(FormatReader& reader, const yaml::Node& node, const std::string& what) {
  EmbeddedIds ids;
  ids.place = reader.place(node);
  if (!reader.is_mapping(node, what)) return ids;
  reader.only_words(node, what, kIdsWords);
  for (const auto* needed : {"pattern", "table"}) {
    if (node.find(needed) == nullptr) {
      reader.error(node, what + " lacks `" + needed + ":`",
                   "write {pattern: 'cf_(\\d+)', table: fields}");
    }
  }
  if (const auto* pattern = node.find("pattern")) {
    ids.pattern = read_pattern(reader, *pattern, what + ".pattern");
  }
  if (const auto* within = node.find("within")) {
    ids.within = read_pattern(reader, *within, what + ".within");
  }
  if (const auto* table = node.find("table")) {
    ids.table = reader.text(*table, what + ".table").value_or("");
  }
  const auto* when = node.find("when");
  if (when != nullptr && reader.is_mapping(*when, what + ".when")) {
    for (const auto& [name, wanted] : when->entries) {
      const auto value = reader.value(wanted, what + ".when." + name.scalar);
      if (value) ids.when.emplace_back(name.scalar, *value);
    }
  }
  return ids;
}

void read_personal(FormatReader& reader, const yaml::Node& node, const std::string& what,
                   ColumnEntry& column) {
  const auto word = reader.text(node, what + ".personal");
  if (!word) return;
  const auto known = to_strings(personal_words());
  if (std::ranges::find(known, *word) == known.end()) {
    reader.error(node, what + ": there is no kind of personal data '" + printable(*word, 60) + "'",
                 remedy_for_unknown(*word, known));
  }
  column.personal = *word;
}

MergeUnit read_unit(FormatReader& reader, const yaml::Node& node, const std::string& what) {
  const auto word = reader.text(node, what + ".merge");
  if (!word) return MergeUnit::kWhole;
  const auto unit = parse_merge_unit(*word);
  if (!unit) {
    reader.error(node, what + ": there is no merge unit '" + printable(*word, 60) + "'",
                 remedy_for_unknown(*word, to_strings(merge_unit_words())));
  }
  return unit.value_or(MergeUnit::kWhole);
}

/// One array rule: a path of members, or none for every array, and how it merges.
void read_array(FormatReader& reader, const yaml::Node& node, const std::string& what,
                std::vector<std::string> path, ColumnEntry& column) {
  const MergeUnit unit = read_unit(reader, node, what);
  if (unit == MergeUnit::kJson || unit == MergeUnit::kText) {
    reader.error(node, what + ".merge: an array is no " + node.scalar, "write whole, set or list");
  }
  column.arrays.push_back({std::move(path), unit});
}

/// `json`, or `{json: set}`, or `{json: {filters.queue: set, columns: list}}`.
void read_merge(FormatReader& reader, const yaml::Node& node, const std::string& what,
                ColumnEntry& column) {
  if (node.kind != yaml::Kind::kMapping) {
    column.merge = read_unit(reader, node, what);
    return;
  }
  column.merge = MergeUnit::kJson;
  constexpr std::array<std::string_view, 1> kWords{"json"};
  reader.only_words(node, what + ".merge", kWords);
  const yaml::Node* arrays = node.find("json");
  if (arrays == nullptr) return;
  if (arrays->kind != yaml::Kind::kMapping) return read_array(reader, *arrays, what, {}, column);
  for (const auto& [path, unit] : arrays->entries) {
    read_array(reader, unit, what, split(path.scalar, '.'), column);
  }
}

void read_column_word(FormatReader& reader, const yaml::Node& name, const yaml::Node& value,
                      const std::string& what, ColumnEntry& column) {
  if (bool* flag = flag_of(column, name.scalar)) {
    *flag = reader.flag(value, what + "." + name.scalar).value_or(false);
  } else if (name.scalar == "personal") {
    read_personal(reader, value, what, column);
  } else if (name.scalar == "merge") {
    read_merge(reader, value, what, column);
  } else if (name.scalar == "ids") {
    if (value.kind == yaml::Kind::kMapping) {
      column.ids.push_back(read_ids(reader, value, what + ".ids"));
    } else if (value.kind == yaml::Kind::kSequence) {
      for (const yaml::Node& item : value.items) {
        column.ids.push_back(read_ids(reader, item, what + ".ids"));
      }
    } else {
      reader.error(value, what + ".ids must be a list",
                   "write [{pattern: 'cf_(\\d+)', table: fields}]");
    }
  }
}

ColumnEntry read_column(FormatReader& reader, const yaml::Node& name, const yaml::Node& node,
                        const std::string& what) {
  ColumnEntry column;
  column.name = name.scalar;
  column.place = reader.place(name);
  if (node.kind == yaml::Kind::kScalar) {
    const auto word = reader.text(node, what);
    bool* flag = word ? flag_of(column, *word) : nullptr;
    if (flag != nullptr) {
      *flag = true;
    } else if (word) {
      reader.error(node, what + ": '" + printable(*word, 60) + "' says nothing of a column",
                   remedy_for_unknown(*word, to_strings(kShortWords)) +
                       "; personal data is {personal: KIND}");
    }
    return column;
  }
  if (!reader.is_mapping(node, what)) return column;
  reader.only_words(node, what, kColumnWords);
  for (const auto& [word, value] : node.entries) {
    read_column_word(reader, word, value, what, column);
  }
  if (column.plain && (column.secret || !column.personal.empty())) {
    reader.error(node,
                 what + " is plain and " + (column.secret ? "secret" : "personal") + " at once",
                 "leave one of them out");
  }
  return column;
}

}  // namespace

std::vector<ColumnEntry> read_columns(FormatReader& reader, const yaml::Node& node,
                                      const std::string& table) {
  std::vector<ColumnEntry> columns;
  if (!reader.is_mapping(node, table + ".columns")) return columns;
  for (const auto& [name, value] : node.entries) {
    if (!reader.text(name, "a column of " + table)) continue;
    columns.push_back(read_column(reader, name, value, table + "." + name.scalar));
  }
  return columns;
}

}  // namespace doppel::manifest
