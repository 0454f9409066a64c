#include <cstdio>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/error.hpp"
#include "cli/context.hpp"
#include "cli/layout.hpp"
#include "cli/style.hpp"

namespace doppel::cli {
namespace {

struct Arguments {
  std::string tenant;
  int every_seconds = 0;
};

/// TENANT/SANDBOX, by what stands in the sandbox's mark.
std::string environment_of(const database::EndedSession& session) {
  const json::value mark = parse_json(session.sandbox, session.role);
  return std::string(mark.at("tenant").as_string()) + "/" +
         std::string(mark.at("sandbox").as_string());
}

void look(const Arguments& arguments, Context& context) {
  json::array ended;
  std::string text;
  for (const database::EndedSession& session : context.doppel().guard(arguments.tenant)) {
    const std::string environment = environment_of(session);
    ended.emplace_back(json::object{{"environment", environment},
                                    {"role", session.role},
                                    {"process", session.process},
                                    {"reason", session.reason}});
    text += styled("ended", Tone::kBad) + "  " + environment + ", session " +
            std::to_string(session.process) + "\n" + flowed(session.reason, "    ");
  }
  if (arguments.every_seconds > 0 && ended.empty()) return;
  if (text.empty() && !context.options.quiet) text = "No session of a sandbox is in live's way.\n";
  context.result(json::object{{"tenant", arguments.tenant}, {"ended", ended}}, text);
  std::fflush(stdout);
}

/// A server that is away for a while comes back: only what no later look could mend ends it.
void go_on_looking(const Arguments& arguments, Context& context) {
  while (true) {
    try {
      look(arguments, context);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kIo && error.code() != ErrorCode::kBusy) throw;
      const std::string message = std::string("doppel: ") + error.what() + "\n";
      std::fwrite(message.data(), 1, message.size(), stderr);
    }
    ::sleep(static_cast<unsigned>(arguments.every_seconds));
  }
}

}  // namespace

void add_guard(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "guard", "End sessions of sandboxes that live waits for or that are beyond their limits");
  command->add_option("TENANT", arguments->tenant, "The tenant")->required();
  command
      ->add_option("--every", arguments->every_seconds,
                   "Go on looking, every so many seconds, and say only what was ended")
      ->check(CLI::Range(1, 3600));
  command->footer(example("doppel guard acme --every 5"));
  command->callback([arguments, &context] {
    if (arguments->every_seconds > 0) {
      go_on_looking(*arguments, context);
    } else {
      look(*arguments, context);
    }
  });
}

}  // namespace doppel::cli
