#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "manifest/format.hpp"

namespace doppel::manifest {
namespace {

constexpr std::array<std::string_view, 9> kTopWords{"doppel",  "application",   "version",
                                                    "carrier", "after_promote", "limits",
                                                    "scope",   "track",         "tables"};
constexpr std::array<std::string_view, 4> kCarriers{"file", "split", "rows", "copy"};
constexpr std::string_view kFormat = "1";

void read_carrier(FormatReader& reader, const yaml::Node& node, Manifest& manifest) {
  const auto word = reader.text(node, "carrier");
  if (!word) return;
  const auto known = to_strings(kCarriers);
  if (std::ranges::find(known, *word) == known.end()) {
    reader.error(node, "there is no carrier '" + printable(*word, 60) + "'",
                 remedy_for_unknown(*word, known));
  }
  manifest.carrier = *word;
}

void read_limits(FormatReader& reader, const yaml::Node& node, database::SessionLimits& limits) {
  struct Limit {
    std::string_view word;
    int database::SessionLimits::* member;
    int most;
  };
  constexpr int kDay = 24 * 3600;
  constexpr std::array kLimits{
      Limit{"connections", &database::SessionLimits::connections, 10'000},
      Limit{"statement_seconds", &database::SessionLimits::statement_s, kDay},
      Limit{"lock_seconds", &database::SessionLimits::lock_s, kDay},
      Limit{"idle_transaction_seconds", &database::SessionLimits::idle_transaction_s, kDay},
      Limit{"transaction_seconds", &database::SessionLimits::transaction_s, kDay},
      Limit{"changed_rows", &database::SessionLimits::changed_rows, 1'000'000'000},
      Limit{"temporary_megabytes", &database::SessionLimits::temp_mb, 1'000'000},
  };
  if (!reader.is_mapping(node, "limits")) return;
  std::array<std::string_view, kLimits.size()> words{};
  std::ranges::transform(kLimits, words.begin(), &Limit::word);
  reader.only_words(node, "limits", words);
  for (const Limit& limit : kLimits) {
    const auto* given = node.find(std::string(limit.word));
    if (given == nullptr) continue;
    const std::string title = "limits." + std::string(limit.word);
    const auto number = parse_integer(reader.text(*given, title).value_or(""));
    if (!number || *number < 1 || *number > limit.most) {
      reader.error(*given, title + " must be a number from 1 to " + std::to_string(limit.most),
                   "leave it out for the usual one");
      continue;
    }
    limits.*limit.member = static_cast<int>(*number);
  }
}

/// Ignored, it would take the rows of other tenants into sandboxes, promotions and rollbacks.
void refuse_scope(FormatReader& reader, const yaml::Node& scope) {
  reader.error(scope,
               "rows aren't told apart by `scope` yet: doppel would take those of all tenants in "
               "these tables",
               "leave `scope` out where the database holds one tenant; where it holds several, "
               "this doppel can't be attached to it");
}

void read_head(FormatReader& reader, const yaml::Node& root, Manifest& manifest) {
  for (const std::string name : {"doppel", "application", "tables"}) {
    if (root.find(name) == nullptr) {
      reader.error(root, "the manifest lacks `" + name + ":`",
                   name == "doppel" ? "begin it with doppel: 1" : "say it at the top level");
    }
  }
  if (const auto* format = root.find("doppel")) {
    const auto number = reader.text(*format, "doppel");
    if (number && *number != kFormat) {
      reader.error(*format, "format " + printable(*number, 20) + " isn't known to this doppel",
                   "write doppel: 1, or use a newer doppel");
    }
  }
  if (const auto* name = root.find("application")) {
    manifest.application = reader.text(*name, "application").value_or("");
  }
  if (const auto* version = root.find("version")) {
    manifest.version = reader.text(*version, "version").value_or("");
  }
  if (const auto* carrier = root.find("carrier")) read_carrier(reader, *carrier, manifest);
  if (const auto* statements = root.find("after_promote")) {
    manifest.after_promote = reader.texts(*statements, "after_promote");
  }
  if (const auto* limits = root.find("limits")) read_limits(reader, *limits, manifest.limits);
  if (const auto* track = root.find("track")) {
    const std::string word = reader.text(*track, "track").value_or("");
    if (word == "triggers") {
      manifest.track = Tracking::kTriggers;
    } else if (word != "none") {
      reader.error(*track, "track must be `triggers` or `none`",
                   "leave it out where nobody needs to know who changed live");
    }
  }
  const auto* scope = root.find("scope");
  if (scope != nullptr && reader.is_mapping(*scope, "scope")) {
    for (const auto& [column, wanted] : scope->entries) {
      const auto value = reader.value(wanted, "scope." + column.scalar);
      if (value) manifest.scope.emplace_back(column.scalar, *value);
    }
    if (manifest.scope.size() == scope->entries.size()) refuse_scope(reader, *scope);
  }
}

void check_target(const std::vector<std::string>& known, const std::string& from,
                  const std::string& target, const Place& place, std::vector<Problem>& problems) {
  if (target.empty() || std::ranges::binary_search(known, target)) return;
  if (problems.size() >= kProblemLimit) return;
  problems.push_back(
      {Problem::Severity::kError, place.text(),
       from + " refers to '" + printable(target, 60) + "', a table that the manifest doesn't have",
       remedy_for_unknown(target, known)});
}

void check_targets(const Manifest& manifest, std::vector<Problem>& problems) {
  std::vector<std::string> known;
  for (const TableEntry& table : manifest.tables) known.push_back(table.name);
  std::ranges::sort(known);
  for (const TableEntry& table : manifest.tables) {
    for (const ReferenceEntry& reference : table.references) {
      const std::string from = table.name + "." + join(reference.columns, ", ");
      for (const ReferenceEntry::Case& entry : reference.cases) {
        check_target(known, from, entry.table, reference.place, problems);
      }
    }
    for (const ColumnEntry& column : table.columns) {
      for (const EmbeddedIds& ids : column.ids) {
        check_target(known, table.name + "." + column.name, ids.table, ids.place, problems);
      }
    }
  }
}

/// By line, as people mend a file from top to bottom.
void sort_by_place(std::vector<Problem>& problems) {
  std::ranges::stable_sort(problems, {}, [](const Problem& problem) {
    const auto line = parse_integer(problem.place.substr(problem.place.rfind(':') + 1));
    return line.value_or(0);
  });
}

void read_root(FormatReader& reader, const yaml::Node& root, Manifest& manifest) {
  if (!reader.is_mapping(root, "a manifest")) return;
  reader.only_words(root, "the manifest", kTopWords);
  read_head(reader, root, manifest);
  const auto* tables = root.find("tables");
  if (tables == nullptr || !reader.is_mapping(*tables, "tables")) return;
  if (tables->entries.size() > kTableLimit) {
    reader.error(*tables, "more than " + std::to_string(kTableLimit) + " tables", "name fewer");
    return;
  }
  for (const auto& [name, node] : tables->entries) {
    if (!reader.text(name, "a table's name")) continue;
    manifest.tables.push_back(read_table(reader, name, node));
  }
  check_targets(manifest, reader.problems());
}

}  // namespace

Loaded load(std::string_view text, std::string_view file) {
  Loaded loaded;
  FormatReader reader(file);
  try {
    read_root(reader, yaml::parse(text, file), loaded.manifest);
  } catch (const Error& error) {
    return {{},
            {{Problem::Severity::kError, error.place(), error.what(),
              "mend the YAML; `doppel manifest check` reads it again"}}};
  }
  loaded.problems = std::move(reader.problems());
  sort_by_place(loaded.problems);
  return loaded;
}

Manifest load_or_throw(std::string_view text, std::string_view file) {
  Loaded loaded = load(text, file);
  if (!has_errors(loaded.problems)) return std::move(loaded.manifest);
  std::string message = "the manifest has mistakes";
  for (const Problem& problem : loaded.problems) message += "\n  " + to_text(problem);
  throw Error(ErrorCode::kInvalidManifest, message, {.place = std::string(file), .remedy = {}});
}

}  // namespace doppel::manifest
