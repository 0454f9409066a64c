#include <algorithm>

#include <CLI/CLI.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/layout.hpp"
#include "cli/program.hpp"
#include "cli/sandbox_json.hpp"
#include "cli/style.hpp"

namespace doppel::cli {
namespace {

struct Arguments {
  std::string name;
  int jobs = 4;
};

json::object adapted_json(const std::string& name, const Adapted& adapted) {
  json::array differences;
  for (const std::string& line : adapted.differences) differences.emplace_back(line);
  return {{"environment", name},
          {"outcome", adapted.differences.empty() ? "fits" : "adapted"},
          {"differences", std::move(differences)},
          {"kept", adapted.refreshed.kept},
          {"conflicts", questions_json(adapted.refreshed.conflicts)}};
}

void adapt(const Arguments& arguments, Context& context) {
  const Adapted adapted = context.doppel().adapt(parse_environment(arguments.name));
  std::string text = arguments.name + " fits live's schema.\n";
  if (!adapted.differences.empty()) {
    text = arguments.name + " has live's schema of today; " +
           counted(static_cast<std::int64_t>(adapted.refreshed.kept), "own change") + " kept.\n";
    for (const std::string& line : adapted.differences) text += "  " + line + "\n";
  }
  for (const merge::Conflict& conflict : adapted.refreshed.conflicts) {
    text += "  " + styled(conflict.id, Tone::kBad) + "\n" + flowed(conflict.message, "      ");
  }
  context.result(adapted_json(arguments.name, adapted), text);
}

/// How one sandbox of a fleet came over.
struct Outcome {
  std::string environment;
  json::object document;  ///< what its own command printed, or with the outcome `stopped` its error
};

Outcome outcome_of(const std::string& environment, const Finished& finished) {
  Outcome outcome{environment, {}};
  const std::string& answer = finished.exit == 0 ? finished.output : finished.error;
  try {
    outcome.document = parse_json(answer, environment).as_object();
  } catch (const std::exception&) {
    const std::string message = answer.empty() ? "its process was killed" : answer;
    const std::string again = "run `doppel sandbox adapt " + environment + "` by itself";
    outcome.document["error"] = json::object{{"message", message}, {"remedy", again}};
  }
  if (finished.exit != 0) outcome.document["outcome"] = "stopped";
  return outcome;
}

/// A process each, as many at a time as asked for, in whatever order they end: one that stops, dies
/// or takes long stops no other.
std::vector<Outcome> adapt_all(const std::vector<environment::Environment>& sandboxes,
                               std::size_t jobs, const std::string& author) {
  std::vector<Outcome> outcomes(sandboxes.size());
  std::vector<Program> running;
  std::vector<std::size_t> places;  // In `outcomes`, aligned with `running`.
  std::size_t next = 0;
  while (next < sandboxes.size() || !running.empty()) {
    while (next < sandboxes.size() && running.size() < jobs) {
      running.push_back(
          start_again({"--as", author, "--json", "sandbox", "adapt", sandboxes[next].title()}));
      places.push_back(next++);
    }
    const auto first = static_cast<std::ptrdiff_t>(first_to_end(running));
    const std::size_t place = places[static_cast<std::size_t>(first)];
    const Finished finished = wait_for(running[static_cast<std::size_t>(first)]);
    running.erase(running.begin() + first);
    places.erase(places.begin() + first);
    outcomes[place] = outcome_of(sandboxes[place].title(), finished);
  }
  return outcomes;
}

/// What a person wants to know of one: what differed, or why it stopped.
std::string reasons_of(const json::object& document) {
  std::string text;
  if (const json::value* error = document.if_contains("error")) {
    for (const char* part : {"message", "remedy"}) {
      const std::string line(error->at(part).as_string());
      if (!line.empty()) text += flowed(line, "    ");
    }
  }
  if (const json::value* differences = document.if_contains("differences")) {
    for (const json::value& line : differences->as_array()) {
      text += flowed(std::string(line.as_string()), "    ");
    }
  }
  return text;
}

void adapt_fleet(const Arguments& arguments, Context& context) {
  std::vector<environment::Environment> sandboxes = context.doppel().sandboxes(arguments.name);
  std::erase_if(sandboxes, [](const environment::Environment& sandbox) {
    return sandbox.state == environment::State::kSuspended;
  });
  const std::vector<Outcome> outcomes =
      adapt_all(sandboxes, static_cast<std::size_t>(arguments.jobs), context.options.author);
  json::array all;
  std::string text = sandboxes.empty() ? "There are no sandboxes to adapt.\n" : "";
  std::int64_t stopped = 0;
  for (const Outcome& outcome : outcomes) {
    const std::string word(outcome.document.at("outcome").as_string());
    const bool is_stopped = word == "stopped";
    stopped += is_stopped ? 1 : 0;
    text +=
        styled(word, is_stopped ? Tone::kBad : Tone::kAdded) + "  " + outcome.environment + "\n";
    text += reasons_of(outcome.document);
    json::object document = outcome.document;
    document["environment"] = outcome.environment;
    all.emplace_back(std::move(document));
  }
  context.result(json::object{{"tenant", arguments.name}, {"sandboxes", all}}, text);
  if (stopped > 0) context.exit_code = error_info(ErrorCode::kSchemaChanged).exit_code;
}

}  // namespace

void add_sandbox_adapt(CLI::App& app, CLI::App& sandbox, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* one = sandbox.add_subcommand(
      "adapt", "Take it over to live's schema of today, where its own work has a place in it");
  one->add_option("ENV", arguments->name, "TENANT/SANDBOX")->required();
  one->footer(example("doppel sandbox adapt acme/qa"));
  one->callback([arguments, &context] { adapt(*arguments, context); });

  CLI::App* fleet = app.add_subcommand("fleet", "What is done to all sandboxes of a tenant");
  fleet->require_subcommand(1);
  fleet->footer(example("doppel fleet adapt acme"));
  CLI::App* all = fleet->add_subcommand(
      "adapt", "Take all sandboxes over to live's schema, after its application migrated it");
  all->add_option("TENANT", arguments->name, "The tenant")->required();
  all->add_option("--jobs", arguments->jobs, "How many at a time (4)")->check(CLI::Range(1, 64));
  all->footer(example("doppel fleet adapt acme"));
  all->callback([arguments, &context] { adapt_fleet(*arguments, context); });
}

}  // namespace doppel::cli
