#include <CLI/CLI.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/drivers.hpp"
#include "database/dsn.hpp"
#include "desk/demo.hpp"
#include "desk/schema.hpp"
#include "desk/seed.hpp"

namespace doppel::cli {
namespace {

struct Arguments {
  std::string dsn, manifest;
  std::int64_t scale = 1000;
  std::uint64_t seed = 1;
};

void run(const Arguments& arguments, Context& context) {
  const SystemClock clock;
  const desk::DemoOptions options{.seed = arguments.seed, .cases = arguments.scale};
  const auto connection = open_or_make(arguments.dsn);
  const desk::Dialect dialect = desk::dialect_of(arguments.dsn);
  desk::apply_schema(*connection, dialect, clock);
  // As of the day on which the history begins, so that all of it is the same each time.
  desk::seed_organisation(*connection, options.seed, options.begin());
  const auto counts = desk::fill_demo(*connection, options);
  if (!arguments.manifest.empty()) {
    write_file(arguments.manifest, desk::manifest_text(dialect));
  }
  json::array tables;
  std::int64_t rows = 0;
  for (const auto& [table, count] : counts) {
    tables.push_back(json::object{{"table", table}, {"rows", count}});
    rows += count;
  }
  const std::string where = database::without_secrets(arguments.dsn);
  std::string text = "The desk in " + where + " has " + counted(counts.at("cases"), "case") + ", " +
                     counted(rows, "row") + " in all.\n";
  if (!arguments.manifest.empty()) {
    text += "Attach it: doppel init TENANT " + where + " --manifest " + arguments.manifest + "\n";
  }
  context.result(json::object{{"tables", tables}, {"rows", rows}}, text);
}

}  // namespace

void add_demo(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "demo", "Make the built-in desk in an empty database and fill it with an example");
  command->add_option("DSN", arguments->dsn, "An empty database: sqlite:PATH or postgresql://...")
      ->required();
  command->add_option("--scale", arguments->scale, "How many cases (1000)");
  command->add_option("--seed", arguments->seed, "The same seed gives the same rows (1)");
  command->add_option("--manifest", arguments->manifest, "Write the desk's manifest to this file");
  command->footer(example("doppel demo sqlite:desk.db --scale 200 --manifest desk.yaml"));
  command->callback([arguments, &context] { run(*arguments, context); });
}

}  // namespace doppel::cli
