#include "parse.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::scenario {

namespace {

constexpr std::array<std::string_view, 5> kWords{"given", "do", "in", "keep", "expect"};
constexpr std::array<std::string_view, 10> kShortCommands{
    "fork",     "diff",    "plan",       "resolve", "promote",
    "rollback", "refresh", "checkpoint", "reset",   "discard"};

[[noreturn]] void refuse(std::string_view place, const std::string& message) {
  throw Error(ErrorCode::kInvalidInput, message,
              {.place = std::string{place}, .remedy = "tests/scenarios/README.md has the format"});
}

/// The first word and what follows it.
std::pair<std::string, std::string> cut_word(std::string_view text) {
  text = trim(text);
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  return {std::string{text.substr(0, end)}, std::string{trim(text.substr(end))}};
}

/// Takes `exit N` from the end of a line; two blanks before it keep it apart from SQL.
std::optional<int> take_exit(std::string& line) {
  const std::size_t at = line.rfind("  exit ");
  if (at == std::string::npos) return std::nullopt;
  const auto code = parse_integer(trim(std::string_view{line}.substr(at + 7)));
  if (!code || *code < 0 || *code > 255) return std::nullopt;
  line = trim(std::string_view{line}.substr(0, at));
  return static_cast<int>(*code);
}

void parse_json_expectation(const std::string& rest, std::string_view place, Expectation& to) {
  to.subject = Expectation::Subject::kJson;
  auto [path, tail] = cut_word(rest);
  auto [operation, value] = cut_word(tail);
  to.name = path;
  if (operation == "absent" && value.empty()) {
    to.compare = Expectation::Compare::kAbsent;
    return;
  }
  if (operation == "=") {
    to.compare = Expectation::Compare::kEqual;
  } else if (operation == "!=") {
    to.compare = Expectation::Compare::kNotEqual;
  } else if (operation == "contains") {
    to.compare = Expectation::Compare::kContains;
  } else {
    refuse(place, "expect json PATH needs `= VALUE`, `!= VALUE`, `contains VALUE` or `absent`");
  }
  to.value = parse_json(value, place);
}

std::vector<std::string> row_cells(std::string_view line) {
  std::vector<std::string> cells;
  for (const std::string& part : split(line, '|')) {
    std::string_view cell = trim(part);
    if (cell.size() > 1 && cell.front() == '"' && cell.back() == '"') {
      cell = cell.substr(1, cell.size() - 2);
    }
    cells.emplace_back(cell);
  }
  return cells;
}

void parse_rows_expectation(const Step& step, const std::string& rest, std::string_view place,
                            Expectation& to) {
  to.subject = Expectation::Subject::kRows;
  const auto [environment, tail] = cut_word(rest);
  to.name = environment;
  const std::size_t end = tail.find('"', 1);
  if (!tail.starts_with('"') || end == std::string::npos) {
    refuse(place, "expect rows ENV needs its SQL in double quotes");
  }
  to.sql = tail.substr(1, end - 1);
  const std::string_view after = trim(std::string_view{tail}.substr(end + 1));
  if (after.starts_with('=') == !step.block.empty() || (!after.empty() && after[0] != '=')) {
    refuse(place, "expect rows needs either `= VALUE | VALUE` or indented lines, one for each row");
  }
  if (!after.empty()) {
    if (trim(after.substr(1)) != "none") to.rows.push_back(row_cells(after.substr(1)));
    return;
  }
  for (const std::string& line : split(step.block, '\n')) to.rows.push_back(row_cells(line));
}

void parse_conflict_expectation(const std::string& rest, std::string_view place, Expectation& to) {
  to.subject = Expectation::Subject::kConflict;
  auto [kind, tail] = cut_word(rest);
  auto [target, sides] = cut_word(tail);
  if (target.empty()) refuse(place, "expect conflict needs its kind and TABLE or TABLE.COLUMN");
  to.name = kind;
  to.target = target;
  for (const std::string& word : command_words(sides, place)) {
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string side = word.substr(0, equals);
    if (equals == word.size() || (side != "base" && side != "live" && side != "sandbox")) {
      refuse(place, "after the target of a conflict only base=, live= and sandbox= may stand");
    }
    to.sides.emplace_back(side, word.substr(equals + 1));
  }
}

Expectation parse_expectation(const Step& step, std::string_view place) {
  Expectation result;
  auto [what, rest] = cut_word(step.rest);
  const bool negated = what == "no";
  if (negated) std::tie(what, rest) = cut_word(rest);
  if (negated) result.compare = Expectation::Compare::kAbsent;
  if (what == "output" || what == "conflicts") {
    if (what == "conflicts") {
      if (!negated || !rest.empty()) refuse(place, "write `expect no conflicts`");
      result.subject = Expectation::Subject::kConflict;
      return result;
    }
    const json::value fragment = parse_json(rest, place);
    if (!fragment.is_string()) refuse(place, "expect output needs a text in double quotes");
    result.name = fragment.as_string();
    if (!negated) result.compare = Expectation::Compare::kContains;
    return result;
  }
  if (negated) refuse(place, "only `expect no output` and `expect no conflicts` exist");
  if (what == "json") {
    parse_json_expectation(rest, place, result);
  } else if (what == "rows") {
    parse_rows_expectation(step, rest, place, result);
  } else if (what == "conflict") {
    parse_conflict_expectation(rest, place, result);
  } else {
    refuse(place, fmt::format("expect what? '{}' is none of json, rows, output, conflict, no",
                              printable(what, 40)));
  }
  return result;
}

/// Lines below a step, as they are; the common indentation goes.
std::string dedented(std::vector<std::string> lines) {
  while (!lines.empty() && trim(lines.back()).empty()) lines.pop_back();
  std::size_t indentation = std::string::npos;
  for (const std::string& line : lines) {
    indentation = std::min(indentation, line.find_first_not_of(' '));
  }
  for (std::string& line : lines) line.erase(0, std::min(indentation, line.size()));
  return join(lines, "\n");
}

void finish_step(Step& step, std::string_view place) {
  if (step.word == "expect") {
    step.expectation = parse_expectation(step, place);
    if (step.exit) refuse(place, "`exit` belongs to the command that is run");
    return;
  }
  if (step.word == "do" && cut_word(step.rest).first != "doppel") {
    refuse(place, "`do` runs doppel: write `do doppel ...`");
  }
  if (step.word == "in" && cut_word(step.rest).second.empty() == step.block.empty()) {
    refuse(place, "`in ENV` needs SQL, on its line or in indented lines below it");
  }
  const bool takes_block = step.word == "in" || step.word == "given";
  if (!takes_block && !step.block.empty()) {
    refuse(place, fmt::format("`{}` takes no indented lines", step.word));
  }
}

/// `[sqlite] ` before a step; taken from it.
std::optional<Database> take_database(std::string& line, std::string_view place) {
  if (!line.starts_with('[')) return std::nullopt;
  const std::size_t end = std::min(line.find(']'), line.size());
  const std::string_view name = std::string_view{line}.substr(1, end - 1);
  for (const Database database : kDatabases) {
    if (name != name_of(database)) continue;
    line = trim(std::string_view{line}.substr(end + 1));
    return database;
  }
  refuse(place, "before a step only [sqlite] or [postgresql] may stand");
}

/// `only sqlite: REASON`, before all steps.
void parse_only(const std::string& rest, std::string_view place, Scenario& to) {
  if (!to.steps.empty() || to.only) refuse(place, "`only` stands once, before all steps");
  for (const Database database : kDatabases) {
    const std::string begin = std::string{name_of(database)} + ":";
    if (!rest.starts_with(begin)) continue;
    to.only = database;
    to.reason = trim(std::string_view{rest}.substr(begin.size()));
  }
  if (to.reason.find(' ') == std::string::npos) refuse(place, "write `only DATABASE: REASON`");
}

void check_that_it_can_fail(const Scenario& scenario, std::string_view place) {
  for (const Database database : kDatabases) {
    const auto expects = [&](const Step& step) {
      return (!step.only || step.only == database) && (step.word == "expect" || step.exit);
    };
    if (scenario.is_for(database) && std::ranges::none_of(scenario.steps, expects)) {
      refuse(place, fmt::format("the scenario expects nothing on {}: it couldn't fail",
                                name_of(database)));
    }
  }
}

}  // namespace

std::string_view name_of(Database database) {
  return database == Database::kSqlite ? "sqlite" : "postgresql";
}

bool is_short_command(std::string_view word) {
  return std::ranges::find(kShortCommands, word) != kShortCommands.end();
}

std::vector<std::string> command_words(std::string_view text, std::string_view place) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (const char character : text) {
    if (quote != 0 ? character == quote : character == '\'' || character == '"') {
      quote = quote == 0 ? character : '\0';
      if (!in_word) words.emplace_back();
      in_word = true;
    } else if (quote == 0 && (character == ' ' || character == '\n')) {
      in_word = false;
    } else {
      if (!in_word) words.emplace_back();
      in_word = true;
      words.back() += character;
    }
  }
  if (quote != 0) refuse(place, "a quote isn't closed");
  return words;
}

Scenario parse(std::string_view text, std::string_view file) {
  Scenario scenario{.file = std::string{file}, .steps = {}, .only = {}, .reason = {}};
  std::vector<std::string> block;
  const auto place = [&](std::size_t line) { return fmt::format("{}:{}", file, line); };
  const auto end_step = [&] {
    if (scenario.steps.empty()) return;
    Step& step = scenario.steps.back();
    step.block = dedented(std::move(block));
    block.clear();
    finish_step(step, place(step.line));
  };

  std::size_t number = 0;
  for (std::string line : split(text, '\n')) {
    ++number;
    const bool is_indented = line.starts_with(' ');
    if (is_indented || trim(line).empty()) {
      if (scenario.steps.empty() && !trim(line).empty()) {
        refuse(place(number), "an indented line belongs to a step above it");
      }
      block.push_back(std::move(line));
      continue;
    }
    if (line.starts_with('#')) continue;
    end_step();
    block.clear();
    Step step;
    step.line = number;
    step.text = line;
    step.only = take_database(line, place(number));
    step.exit = take_exit(line);
    std::tie(step.word, step.rest) = cut_word(line);
    if (step.word == "only") {
      parse_only(step.rest, place(number), scenario);
      continue;
    }
    if (step.only && !scenario.is_for(*step.only)) {
      refuse(place(number), "the scenario isn't played on this database");
    }
    if (std::ranges::find(kWords, step.word) == kWords.end() && !is_short_command(step.word)) {
      refuse(place(number), fmt::format("no step begins with '{}'", printable(step.word, 40)));
    }
    scenario.steps.push_back(std::move(step));
  }
  end_step();

  check_that_it_can_fail(scenario, place(number));
  return scenario;
}

}  // namespace doppel::scenario
