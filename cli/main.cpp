#include <algorithm>
#include <cstdio>
#include <span>

#include <CLI/CLI.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/drivers.hpp"
#include "cli/style.hpp"

namespace {

using doppel::Error;
using doppel::ErrorCode;
using doppel::cli::Context;

int report(const Error& error, const Context& context) {
  const doppel::ErrorInfo& info = doppel::error_info(error.code());
  std::string shown;
  if (context.options.json) {
    doppel::json::object document;
    document["error"] = {{"code", info.name},
                         {"message", error.what()},
                         {"place", error.place()},
                         {"remedy", error.remedy()}};
    shown = write_json(document, doppel::JsonStyle::kPretty) + "\n";
  } else {
    shown = "doppel: " + (error.place().empty() ? "" : error.place() + ": ") + error.what() +
            "\n  " + std::string(error.remedy()) + "\n";
  }
  std::fwrite(shown.data(), 1, shown.size(), stderr);
  return info.exit_code;
}

void add_commands(CLI::App& app, Context& context) {
  doppel::cli::add_init(app, context);
  doppel::cli::add_manifest(app, context);
  doppel::cli::add_check(app, context);
  doppel::cli::add_sandbox(app, context);
  doppel::cli::add_env(app, context);
  doppel::cli::add_sql(app, context);
  doppel::cli::add_diff(app, context);
  doppel::cli::add_code(app, context);
  doppel::cli::add_plan(app, context);
  doppel::cli::add_guard(app, context);
  doppel::cli::add_history(app, context);
  doppel::cli::add_snapshot(app, context);
  doppel::cli::add_serve(app, context);
  doppel::cli::add_audit(app, context);
  doppel::cli::add_demo(app, context);
  doppel::cli::add_track(app, context);
  doppel::cli::add_completion(app, context);
}

/// The first word that should be a command and isn't; CLI11 by itself only says that one is
/// missing.
void refuse_unknown_command(const CLI::App& app, std::span<char* const> words) {
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(command->get_name());
  }
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--as") ++i;
    if (word.starts_with("-")) continue;
    if (std::ranges::find(commands, word) != commands.end()) return;
    const auto near = doppel::nearest(word, commands);
    throw Error(ErrorCode::kUsage,
                "there is no command '" + std::string(word) + "'" +
                    (near ? "; did you mean '" + *near + "'?" : ""),
                {.place = {}, .remedy = "`doppel --help` lists the commands"});
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "doppel: sandbox environments for business applications.\n"
      "An environment is named TENANT (live) or TENANT/SANDBOX; a database sqlite:PATH or\n"
      "postgresql://ROLE@HOST/DATABASE.\n"
      "What doppel keeps stands in DOPPEL_HOME (default: ~/.local/share/doppel)."};
  app.name("doppel");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(doppel::cli::example("doppel sandbox create acme/qa") +
             "\nEach command has --help with an example of its own.");
  app.set_version_flag("--version", "doppel " + std::string(doppel::kVersion));
  Context context(doppel::cli::open_doppel);
  app.add_flag("--json", context.options.json, "Print one JSON document, documented and stable");
  app.add_flag("--quiet", context.options.quiet, "Print results only");
  app.add_option("--as", context.options.author, "Who does this (default: DOPPEL_USER, or you)");
  add_commands(app, context);
  try {
    refuse_unknown_command(app, std::span(argv, static_cast<std::size_t>(argc)));
    app.parse(argc, argv);
    return context.exit_code;
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == 0;  // --help, --version
    app.exit(error);
    return asked ? 0 : doppel::error_info(ErrorCode::kUsage).exit_code;
  } catch (const Error& error) {
    return report(error, context);
  } catch (const std::exception& error) {
    return report(Error(ErrorCode::kInternal, error.what()), context);
  }
}
