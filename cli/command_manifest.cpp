#include <CLI/CLI.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/drivers.hpp"
#include "cli/style.hpp"
#include "database/dsn.hpp"
#include "manifest/draft.hpp"

namespace doppel::cli {
namespace {

struct Arguments {
  std::string dsn, file, tenant, application = "application";
};

database::Schema schema_of(const std::string& dsn) {
  return connect(dsn)->open(database::Access::kReadOnly)->read_schema();
}

void check(const Arguments& arguments, Context& context) {
  manifest::Loaded loaded = manifest::load(read_file(arguments.file), arguments.file);
  if (!manifest::has_errors(loaded.problems)) {
    for (manifest::Problem& problem : manifest::check(loaded.manifest, schema_of(arguments.dsn))) {
      loaded.problems.push_back(std::move(problem));
    }
  }
  json::array problems;
  std::string text;
  for (const manifest::Problem& problem : loaded.problems) {
    const bool error = problem.severity == manifest::Problem::Severity::kError;
    json::object item;
    item["severity"] = error ? "error" : "warning";
    item["place"] = problem.place;
    item["message"] = problem.message;
    item["remedy"] = problem.remedy;
    problems.emplace_back(std::move(item));
    text += styled(problem.place, Tone::kHeading) + ": " + (error ? "" : "warning: ") +
            problem.message + "\n";
    if (!problem.remedy.empty()) text += "  " + problem.remedy + "\n";
  }
  if (problems.empty()) {
    text = arguments.file + " fits " + database::without_secrets(arguments.dsn) + ".\n";
  }
  const bool failed = manifest::has_errors(loaded.problems);
  context.result(json::object{{"problems", problems}, {"usable", !failed}}, text);
  if (failed) context.exit_code = error_info(ErrorCode::kInvalidManifest).exit_code;
}

}  // namespace

void add_manifest(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("manifest", "Write or check a manifest");
  command->require_subcommand(1);
  command->footer(example("doppel manifest check helpdesk.yaml sqlite:helpdesk.db"));

  CLI::App* draft = command->add_subcommand("draft", "Write a first manifest from a database");
  draft->add_option("DSN", arguments->dsn, "The database: sqlite:PATH or postgresql://...")
      ->required();
  draft->add_option("--application", arguments->application, "The application's name");
  draft->footer(example("doppel manifest draft sqlite:helpdesk.db > draft.yaml"));
  draft->callback([arguments, &context] {
    const std::string text = manifest::draft(schema_of(arguments->dsn), arguments->application);
    context.result(json::object{{"manifest", text}}, text);
  });

  CLI::App* check_command =
      command->add_subcommand("check", "Say what a manifest lacks or gets wrong");
  check_command->add_option("MANIFEST", arguments->file, "The YAML file")->required();
  check_command->add_option("DSN", arguments->dsn, "The database: sqlite:PATH or postgresql://...")
      ->required();
  check_command->footer(example("doppel manifest check helpdesk.yaml sqlite:helpdesk.db"));
  check_command->callback([arguments, &context] { check(*arguments, context); });

  CLI::App* set = command->add_subcommand("set", "Give a tenant another manifest");
  set->add_option("TENANT", arguments->tenant, "The tenant")->required();
  set->add_option("MANIFEST", arguments->file, "The YAML file")->required();
  set->footer(example("doppel manifest set acme helpdesk.yaml"));
  set->callback([arguments, &context] {
    const environment::Tenant tenant = context.doppel().set_manifest(
        arguments->tenant, arguments->file, read_file(arguments->file));
    context.result(json::object{{"tenant", tenant.name}, {"manifest", tenant.manifest_file}},
                   tenant.name + " has the manifest of " + tenant.manifest_file + ".\n");
  });
}

}  // namespace doppel::cli
