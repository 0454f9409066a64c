#include "stage.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <utility>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "json_path.hpp"

namespace doppel::scenario {

namespace {

/// What the documents of --json call things. The one place to change when they do.
namespace shape {
constexpr std::string_view kHash = "hash";            // of a plan
constexpr std::string_view kRows = "rows";            // of sql: arrays of values, or objects
constexpr std::string_view kConflicts = "conflicts";  // of a plan
constexpr std::string_view kKind = "kind";            // of a conflict
constexpr std::string_view kTable = "table";          // of a conflict
constexpr std::string_view kColumns = "columns";      // of a conflict: names; empty: the whole row

/// One side of a conflict: the row's image by column, {"base": {"name": "Inbox"}}.
std::string side(const std::string& name, const std::string& column) {
  return column.empty() ? name : name + "." + column;
}
}  // namespace shape

constexpr std::string_view kDefaultTenant = "acme";
constexpr std::array<std::string_view, 5> kSandboxCommands{"fork", "refresh", "checkpoint", "reset",
                                                           "discard"};
constexpr int kAnyOfDoneAndDifferent = -1;

std::string shown(const json::value& value) { return write_json(value, JsonStyle::kCompact); }

/// One line of a failure for each stream that says something.
std::string shown(const Finished& finished) {
  std::string text;
  if (!trim(finished.out).empty()) text += fmt::format("\n  out: {}", trim(finished.out));
  if (!trim(finished.err).empty()) text += fmt::format("\n  err: {}", trim(finished.err));
  return text;
}

std::string cell_text(const json::value& value) {
  if (value.is_null()) return "NULL";
  return value.is_string() ? std::string{value.as_string()} : shown(value);
}

bool contains(const json::value& whole, const json::value& part) {
  if (whole.is_array()) return std::ranges::find(whole.as_array(), part) != whole.as_array().end();
  return whole.is_string() && part.is_string() &&
         cell_text(whole).find(cell_text(part)) != std::string::npos;
}

std::string shown(const Rows& rows) {
  if (rows.empty()) return " none";
  std::string text;
  for (const auto& row : rows) text += "\n    " + join(row, " | ");
  return text;
}

Rows rows_of_json(const json::value& document) {
  Rows rows;
  for (const json::value& item : member(document, shape::kRows, "rows").as_array()) {
    std::vector<std::string>& cells = rows.emplace_back();
    if (item.is_object()) {
      for (const auto& entry : item.as_object()) cells.push_back(cell_text(entry.value()));
    } else {
      for (const json::value& value : item.as_array()) cells.push_back(cell_text(value));
    }
  }
  return rows;
}

/// name=VALUE among the words, taken out of them.
std::string take_option(std::vector<std::string>& words, std::string_view name,
                        std::string_view otherwise) {
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (!word->starts_with(name) || word->size() <= name.size() || (*word)[name.size()] != '=') {
      continue;
    }
    std::string value = word->substr(name.size() + 1);
    words.erase(word);
    return value;
  }
  return std::string{otherwise};
}

std::int64_t number_option(std::vector<std::string>& words, std::string_view name,
                           std::int64_t otherwise) {
  const auto number = parse_integer(take_option(words, name, std::to_string(otherwise)));
  if (!number || *number < 0) {
    throw Error(ErrorCode::kInvalidInput, fmt::format("{}= needs a number", name));
  }
  return *number;
}

}  // namespace

Stage::Stage(Programs programs, Database database, std::filesystem::path folder)
    : programs_(std::move(programs)),
      folder_(std::move(folder)),
      application_(make_application(database, folder_)) {}

std::optional<std::string> Stage::run(const Step& step) try {
  if (step.only && *step.only != application_->database()) return std::nullopt;
  if (step.word == "given") return given(step);
  if (tenants_.empty()) return "nothing is given yet: begin with `given`";
  if (step.word == "in") return run_sql(step);
  if (step.word == "keep") return keep(step);
  if (step.word == "expect") return expect(*step.expectation);
  if (is_short_command(step.word)) return run_short(step);
  std::vector<std::string> words = command_words(with_kept(step.rest), "do");
  words.erase(words.begin());
  return check_exit(doppel(std::move(words)), step.exit.value_or(0));
} catch (const Error& error) {
  return fmt::format("{} ({})", error.what(), error.place());
}

Stage::Outcome Stage::given(const Step& step) {
  std::vector<std::string> words = command_words(step.rest, "given");
  const std::string tenant = take_option(words, "tenant", kDefaultTenant);
  helpdesk::Options options;
  options.tickets = number_option(words, "tickets", 50);
  options.seed = static_cast<std::uint64_t>(number_option(words, "seed", 1));
  if (words.size() != 1) return "given what? Write helpdesk, sql or manifest";
  if (!is_tenant(tenant)) tenants_.push_back(tenant);
  if (words[0] == "sql") return check_exit(application_->run(tenant, step.block), 0);
  if (words[0] == "manifest") {
    const std::filesystem::path file = folder_ / (tenant + ".yaml");
    std::ofstream(file, std::ios::binary) << step.block << '\n';
    return init(tenant, file.string(), step.exit.value_or(0));
  }
  if (words[0] != "helpdesk") return "given what? Write helpdesk, sql or manifest";
  if (auto problem = check_exit(application_->make_helpdesk(tenant, options), 0)) return problem;
  return init(tenant, programs_.helpdesk_manifest, 0);
}

Stage::Outcome Stage::init(const std::string& tenant, const std::string& manifest, int exit) {
  return check_exit(doppel({"init", tenant, application_->dsn(tenant), "--manifest", manifest}),
                    exit);
}

Stage::Outcome Stage::run_sql(const Step& step) {
  const std::size_t blank = std::min(step.rest.find(' '), step.rest.size());
  const std::string name = environment(step.rest.substr(0, blank));
  const std::string_view line = trim(std::string_view{step.rest}.substr(blank));
  const std::string sql = line.empty() ? step.block : std::string{line};
  if (!is_tenant(name)) return check_exit(doppel({"sql", name, sql}), step.exit.value_or(0));
  return check_exit(application_->run(name, sql), step.exit.value_or(0));
}

Stage::Outcome Stage::run_short(const Step& step) {
  std::vector<std::string> words = command_words(with_kept(step.rest), step.word);
  // "qa -> live" reads well; where a plan leads is known.
  if (words.size() > 2 && words[1] == "->") words.erase(words.begin() + 1, words.begin() + 3);
  std::vector<std::string> arguments;
  if (std::ranges::find(kSandboxCommands, step.word) != kSandboxCommands.end())
    arguments.emplace_back("sandbox");
  arguments.push_back(step.word == "fork" ? "create" : step.word);
  if (words.empty()) words.emplace_back("live");
  words[0] = environment(words[0]);
  for (std::string& word : words) {
    const bool is_option_word = word == "kind" || word == "carrier" || word == "follow";
    arguments.push_back(step.word == "fork" && is_option_word ? "--" + word : std::move(word));
  }
  if (step.word == "promote" && std::ranges::find(arguments, "--plan") == arguments.end()) {
    arguments.insert(arguments.end(), {"--plan", with_kept("{hash}")});
  }
  arguments.emplace_back("--json");
  last_ = doppel(std::move(arguments));
  const int otherwise = step.word == "plan" ? kAnyOfDoneAndDifferent : 0;
  if (auto problem = check_exit(last_, step.exit.value_or(otherwise))) return problem;
  if (step.word == "plan" && last_.exit <= 1) {
    const auto hash = select(last_json(), shape::kHash);
    if (!hash || !hash->is_string()) return "expected a plan with its hash, saw" + shown(last_);
    kept_["hash"] = hash->as_string();
  }
  return std::nullopt;
}

Stage::Outcome Stage::keep(const Step& step) {
  const std::vector<std::string> words = command_words(step.rest, "keep");
  if (words.size() != 4 || words[1] != "=" || words[2] != "json") {
    return "write `keep NAME = json PATH`";
  }
  const auto found = select(last_json(), words[3]);
  if (!found) return fmt::format("expected {} in the answer, saw{}", words[3], shown(last_));
  kept_[words[0]] = cell_text(*found);
  return std::nullopt;
}

Stage::Outcome Stage::expect(const Expectation& expectation) {
  switch (expectation.subject) {
    case Expectation::Subject::kJson:
      return expect_json(expectation);
    case Expectation::Subject::kRows:
      return expect_rows(expectation);
    case Expectation::Subject::kConflict:
      return expect_conflict(expectation);
    case Expectation::Subject::kOutput:
      break;
  }
  const bool found = (last_.out + last_.err).find(expectation.name) != std::string::npos;
  const bool wanted = expectation.compare == Expectation::Compare::kContains;
  if (found == wanted) return std::nullopt;
  return fmt::format("expected {}\"{}\" in the output, saw{}", wanted ? "" : "no ",
                     expectation.name, shown(last_));
}

Stage::Outcome Stage::expect_json(const Expectation& expectation) {
  const auto seen = select(last_json(), with_kept(expectation.name));
  const auto& wanted = expectation.value;
  bool holds = false;
  std::string how = "=";
  switch (expectation.compare) {
    case Expectation::Compare::kEqual:
      holds = seen && *seen == wanted;
      break;
    case Expectation::Compare::kNotEqual:
      holds = seen && *seen != wanted;
      how = "!=";
      break;
    case Expectation::Compare::kAbsent:
      if (!seen) return std::nullopt;
      return fmt::format("expected no {}, saw {}", expectation.name, shown(*seen));
    case Expectation::Compare::kContains:
      how = "contains";
      holds = seen && contains(*seen, wanted);
      break;
  }
  if (holds) return std::nullopt;
  return fmt::format("expected {} {} {}, saw {}", expectation.name, how, shown(wanted),
                     seen ? shown(*seen) : "no such member in" + shown(last_));
}

Stage::Outcome Stage::expect_rows(const Expectation& expectation) {
  const std::string name = environment(expectation.name);
  // The last answer stays: what follows may ask more of it.
  const Finished finished = is_tenant(name) ? application_->run(name, expectation.sql)
                                            : doppel({"sql", name, expectation.sql, "--json"});
  if (finished.exit != 0) return "the query failed" + shown(finished);
  const Rows seen = is_tenant(name) ? printed_rows(finished.out)
                                    : rows_of_json(parse_json(finished.out, "doppel sql"));
  if (seen == expectation.rows) return std::nullopt;
  return fmt::format("expected rows:{}\n  saw rows:{}", shown(expectation.rows), shown(seen));
}

Stage::Outcome Stage::expect_conflict(const Expectation& expectation) {
  const json::value document = last_json();
  const auto conflicts = select(document, shape::kConflicts);
  if (!conflicts || !conflicts->is_array()) return "expected a plan, saw" + shown(last_);
  if (expectation.compare == Expectation::Compare::kAbsent) {
    if (conflicts->as_array().empty()) return std::nullopt;
    return "expected no conflicts, saw " + shown(*conflicts);
  }
  const std::size_t dot = std::min(expectation.target.find('.'), expectation.target.size());
  const std::string table = expectation.target.substr(0, dot);
  const std::string column =
      dot < expectation.target.size() ? expectation.target.substr(dot + 1) : std::string{};
  for (const json::value& conflict : conflicts->as_array()) {
    const auto is = [&](std::string_view path, const std::string& wanted) {
      const auto seen = select(conflict, path);
      return seen && cell_text(*seen) == wanted;
    };
    const json::value columns = select(conflict, shape::kColumns).value_or(json::array{});
    const bool fits = is(shape::kKind, expectation.name) && is(shape::kTable, table) &&
                      (column.empty() || contains(columns, json::value(column)));
    const bool has_sides = std::ranges::all_of(expectation.sides, [&](const auto& side) {
      return is(shape::side(side.first, column), side.second);
    });
    if (fits && has_sides) return std::nullopt;
  }
  return "expected this conflict, saw " + shown(*conflicts);
}

Finished Stage::doppel(std::vector<std::string> arguments) {
  const std::string home = "DOPPEL_HOME=" + (folder_ / "home").string();
  const bool creates =
      arguments.size() > 1 && arguments[0] == "sandbox" && arguments[1] == "create";
  if (creates && !programs_.carrier.empty() && !std::ranges::count(arguments, "--carrier")) {
    arguments.insert(arguments.end(), {"--carrier", programs_.carrier});
  }
  arguments.insert(arguments.begin(), {"env", "NO_COLOR=1", home, programs_.doppel});
  return run_process(arguments, "", folder_);
}

Stage::Outcome Stage::check_exit(const Finished& finished, int wanted) {
  last_ = finished;
  const bool fits = wanted == kAnyOfDoneAndDifferent ? finished.exit == 0 || finished.exit == 1
                                                     : finished.exit == wanted;
  if (fits) return std::nullopt;
  const std::string code = wanted == kAnyOfDoneAndDifferent ? "0 or 1" : std::to_string(wanted);
  return fmt::format("expected exit {}, saw exit {}{}", code, finished.exit, shown(finished));
}

json::value Stage::last_json() const {
  return parse_json(trim(last_.out).empty() ? last_.err : last_.out, "the last command's output");
}

std::string Stage::environment(std::string_view name) const {
  if (name == "live") return tenants_.front();
  if (is_tenant(name) || name.find('/') != std::string_view::npos) return std::string{name};
  return fmt::format("{}/{}", tenants_.front(), name);
}

bool Stage::is_tenant(std::string_view name) const {
  return std::ranges::find(tenants_, name) != tenants_.end();
}

std::string Stage::with_kept(std::string text) const {
  for (const auto& [name, value] : kept_) {
    const std::string marker = fmt::format("{{{}}}", name);
    for (std::size_t at = text.find(marker); at != std::string::npos;
         at = text.find(marker, at + value.size())) {
      text.replace(at, marker.size(), value);
    }
  }
  return text;
}

}  // namespace doppel::scenario
