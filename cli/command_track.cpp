#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/layout.hpp"

namespace doppel::cli {

void add_track(CLI::App& app, Context& context) {
  struct Arguments {
    std::string tenant;
    bool remove = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "track", "Let live's database note who changes its config: triggers on its tables");
  command->add_option("TENANT", arguments->tenant, "The tenant")->required();
  command->add_flag("--remove", arguments->remove, "Take the triggers and what they noted away");
  command->footer(example("doppel track acme"));
  command->callback([arguments, &context] {
    const std::vector<std::string> tables =
        context.doppel().track(arguments->tenant, arguments->remove ? Track::kOff : Track::kOn);
    json::array names;
    for (const std::string& table : tables) names.emplace_back(table);
    context.result(
        json::object{{"tenant", arguments->tenant}, {"tables", names}},
        tables.empty()
            ? "Nobody notes who changes " + arguments->tenant + "'s config.\n"
            : "Who changes " + counted(static_cast<std::int64_t>(tables.size()), "table") + " of " +
                  arguments->tenant + " is noted from now on:\n" + wrapped(tables, "  "));
  });
}

}  // namespace doppel::cli
