#include <cstdio>
#include <iostream>
#include <iterator>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/layout.hpp"
#include "database/sql_session.hpp"

namespace doppel::cli {
namespace {

/// On a terminal so many rows are laid out as one table, and more in several.
constexpr std::size_t kRowsOfATable = 1000;

/// What the statements of one text answered: on a terminal as tables, else with tabs.
class Answers {
 public:
  explicit Answers(const Context& context)
      : context_(context), tables_(!context.options.json && ::isatty(STDOUT_FILENO) == 1) {}

  database::StatementSink sink() {
    return {.columns =
                [this](const std::vector<std::string>& columns) {
                  columns_.clear();
                  rows_.clear();
                  for (const std::string& column : columns) columns_.emplace_back(column);
                  heading_ = columns;
                  if (!tables_ && !context_.options.json && !context_.options.quiet) {
                    print(join(columns, "\t") + "\n");
                  }
                },
            .row =
                [this](Row&& row) {
                  if (context_.options.json) {
                    rows_.emplace_back(to_json(row));
                    return;
                  }
                  std::vector<std::string> cells;
                  for (const Value& value : row) {
                    cells.push_back(value.kind() == ValueKind::kText ? printable(value.text(), 0)
                                                                     : display(value));
                  }
                  if (!tables_) {
                    print(join(cells, "\t") + "\n");
                    return;
                  }
                  cells_.push_back(std::move(cells));
                  if (cells_.size() == kRowsOfATable) print_table();
                },
            .done =
                [this](const database::StatementOutcome& outcome) {
                  changed_ += outcome.changed;
                  if (!cells_.empty()) print_table();
                  if (outcome.kind == database::StatementKind::kWrite && outcome.rows == 0) {
                    context_.remark(counted(outcome.changed, "row") + " changed\n");
                  }
                }};
  }

  void finish() const {
    if (!context_.options.json) return;
    context_.result(json::object{{"columns", columns_}, {"rows", rows_}, {"changed", changed_}},
                    "");
  }

 private:
  void print_table() {
    print(table_text(heading_, cells_));
    cells_.clear();
  }
  static void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

  const Context& context_;
  bool tables_;
  std::vector<std::string> heading_;
  std::vector<std::vector<std::string>> cells_;
  json::array columns_;
  json::array rows_;
  std::int64_t changed_ = 0;
};

void converse(database::SqlSession& session, const std::string& name, Context& context) {
  std::string text;
  std::string line;
  while (true) {
    std::cout << name << (session.in_transaction() ? "*" : "") << (text.empty() ? "> " : "- ")
              << std::flush;
    if (!std::getline(std::cin, line)) break;
    if (text.empty() && (line == ".quit" || line == "exit")) return;
    text += line + "\n";
    if (trim(text).empty()) text.clear();
    if (text.empty() || !session.is_complete(text)) continue;
    try {
      Answers answers(context);
      session.run(text, answers.sink());
      answers.finish();
    } catch (const Error& error) {
      std::cerr << error.what() << "\n  " << error.remedy() << "\n";
    }
    text.clear();
  }
  std::cout << "\n";
}

}  // namespace

void add_sql(CLI::App& app, Context& context) {
  struct Arguments {
    std::string name, sql;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("sql", "Run SQL in an environment; live is only read");
  command->add_option("ENV", arguments->name, "TENANT or TENANT/SANDBOX")->required();
  command->add_option("SQL", arguments->sql, "Statements (default: standard input)");
  command->footer(
      example("doppel sql acme/qa \"UPDATE queues SET name = 'Repairs' WHERE id = 4\""));
  command->callback([arguments, &context] {
    const auto session = context.doppel().open_sql(parse_environment(arguments->name));
    if (arguments->sql.empty() && ::isatty(STDIN_FILENO) == 1) {
      converse(*session, arguments->name, context);
      return;
    }
    if (arguments->sql.empty()) {
      arguments->sql.assign(std::istreambuf_iterator<char>(std::cin), {});
    }
    Answers answers(context);
    session->run(arguments->sql, answers.sink());
    answers.finish();
  });
}

}  // namespace doppel::cli
