#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/layout.hpp"
#include "cli/sandbox_json.hpp"
#include "cli/style.hpp"

namespace doppel::cli {
namespace {

struct Arguments {
  std::string name, mark, follow;
  CreateOptions create;
  bool drop_data = false;
};
using Shared = std::shared_ptr<Arguments>;

void create(const Arguments& arguments, Context& context) {
  const Created created =
      context.doppel().create(parse_environment(arguments.name), arguments.create);
  json::object document = environment_json(created.environment);
  json::array tables;
  std::vector<std::string> counts;
  std::int64_t config = 0;
  const manifest::Model model = context.doppel().model(created.environment.tenant);
  for (const database::RowCount& count : created.tables) {
    const manifest::TableModel* table = model.table(count.table);
    const bool is_config = table != nullptr && table->may_hold_config();
    tables.push_back({{"table", count.table},
                      {"rows", count.rows},
                      {"estimate", count.estimate},
                      {"config", is_config}});
    if (!is_config) continue;
    config += count.rows;
    counts.push_back(count.table + " " + (count.estimate ? "about " : "") +
                     std::to_string(count.rows));
  }
  document["tables"] = std::move(tables);
  context.result(document, "Sandbox " + created.environment.title() + " is ready: " +
                               counted(config, "row") + " of config are its own.\n" +
                               (context.options.quiet ? "" : wrapped(counts, "  ")));
  context.remark("Open it: doppel env " + created.environment.title() + ", or doppel sql " +
                 created.environment.title() + "\n");
}

void list(const Arguments& arguments, Context& context) {
  json::array all;
  std::vector<std::vector<std::string>> rows;
  for (const auto& environment : context.doppel().sandboxes(arguments.name)) {
    all.emplace_back(environment_json(environment));
    rows.push_back({environment.title(), std::string(to_text(environment.state)),
                    environment.carrier, moment(environment.base_at), environment.created_by,
                    environment.purpose});
  }
  const std::string text =
      all.empty()
          ? "There are no sandboxes of " + arguments.name + ".\n"
          : table_text({"sandbox", "state", "carrier", "base of (UTC)", "made by", "purpose"},
                       rows);
  context.result(json::object{{"tenant", arguments.name}, {"sandboxes", all}}, text);
}

void show(const Arguments& arguments, Context& context) {
  const Status status = context.doppel().status(parse_environment(arguments.name));
  json::object document = environment_json(status.environment);
  document["changes"] = status.changes;
  document["data_changes"] = status.data_changes;
  const auto known = [](const std::optional<std::size_t>& count) {
    return count ? json::value(*count) : json::value();
  };
  document["live_moved"] = known(status.live_moved);
  document["collisions"] = known(status.collisions);
  json::array checkpoints;
  for (const std::string& name : status.checkpoints) checkpoints.emplace_back(name);
  document["checkpoints"] = checkpoints;
  json::array differences;
  for (const std::string& line : status.schema_differences) differences.emplace_back(line);
  document["schema_differences"] = differences;
  json::array transitions;
  std::string history;
  for (const environment::TransitionRecord& record : status.transitions) {
    transitions.push_back({{"event", record.event},
                           {"from", record.from},
                           {"to", record.to},
                           {"at", record.at},
                           {"by", record.by},
                           {"reason", record.reason}});
    history += "    " + moment(record.at) + "  " + record.event + " by " + record.by + "\n";
    if (!record.reason.empty()) history += flowed(record.reason, "      ");
  }
  document["transitions"] = transitions;
  const auto number = [](std::size_t count) { return static_cast<std::int64_t>(count); };
  std::string text = styled(status.environment.title(), Tone::kHeading) + " is " +
                     std::string(to_text(status.environment.state)) + "\n";
  if (!status.environment.purpose.empty()) {
    text += "  purpose: " + status.environment.purpose + "\n";
  }
  text += "  base: live as of " + moment(status.environment.base_at) + " UTC" +
          (status.environment.follow.empty() ? "" : ", following live") + "\n";
  if (status.live_moved) {
    text += "  live since then: " +
            (*status.live_moved == 0
                 ? "no row of config changed"
                 : counted(number(*status.live_moved), "row") + " of config changed") +
            "\n";
  }
  text += "  own changes: " + counted(number(status.changes), "row") + " of config, " +
          counted(number(status.data_changes), "row") + " of data\n";
  if (status.collisions) {
    text += "  conflicts that a plan would ask about: " + std::to_string(*status.collisions) + "\n";
  }
  if (!status.checkpoints.empty()) {
    text += "  checkpoints: " + join(status.checkpoints, ", ") + "\n";
  }
  for (const std::string& line : status.schema_differences) {
    text += "  " + styled("schema: " + line, Tone::kBad) + "\n";
  }
  context.result(document, text + "  history (UTC):\n" + history);
}

void refresh(const Arguments& arguments, Context& context) {
  const overlay::Refreshed refreshed =
      context.doppel().refresh(parse_environment(arguments.name), arguments.drop_data);
  std::string text = arguments.name + " stands on live as it is now; " +
                     counted(static_cast<std::int64_t>(refreshed.kept), "own change") + " kept" +
                     (refreshed.already_live == 0
                          ? ""
                          : ", " + std::to_string(refreshed.already_live) + " already in live") +
                     ".\n";
  for (const merge::Conflict& conflict : refreshed.conflicts) {
    text += "  " + styled(conflict.id, Tone::kBad) + "\n" + flowed(conflict.message, "      ");
  }
  context.result(json::object{{"environment", arguments.name},
                              {"kept", refreshed.kept},
                              {"already_live", refreshed.already_live},
                              {"conflicts", questions_json(refreshed.conflicts)}},
                 text);
}

void reset(const Arguments& arguments, Context& context) {
  const std::optional<std::string> mark =
      arguments.mark.empty() ? std::nullopt : std::optional(arguments.mark);
  const std::size_t rows = context.doppel().reset(parse_environment(arguments.name), mark);
  context.result(json::object{{"environment", arguments.name},
                              {"checkpoint", mark ? json::value(*mark) : json::value()},
                              {"rows", rows}},
                 arguments.name + " is back at " + (mark ? "'" + *mark + "'" : "its start") + ": " +
                     counted(static_cast<std::int64_t>(rows), "row") + " written.\n");
}

void add_name(CLI::App* command, const Shared& arguments) {
  command->add_option("ENV", arguments->name, "TENANT/SANDBOX")->required();
}

}  // namespace

void add_sandbox(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("sandbox", "Make, look at and end sandboxes");
  command->require_subcommand(1);
  command->footer(example("doppel sandbox create acme/qa"));

  CLI::App* make = command->add_subcommand("create", "Make a sandbox of live as it is now");
  add_name(make, arguments);
  make->add_option("--kind", arguments->create.kind,
                   "overlay (default) or shadow, which writes all data, too");
  make->add_option("--carrier", arguments->create.carrier,
                   "file or split; of PostgreSQL copy or rows (default: the manifest's)");
  make->add_option("--follow", arguments->follow, "live: refresh at every entering")
      ->check(CLI::IsMember({"live"}));
  make->add_option("--purpose", arguments->create.purpose, "What it is for");
  make->footer(example("doppel sandbox create acme/qa"));
  make->callback([arguments, &context] {
    arguments->create.follow_live = arguments->follow == "live";
    create(*arguments, context);
  });

  CLI::App* all = command->add_subcommand("list", "The sandboxes of a tenant");
  all->add_option("TENANT", arguments->name, "The tenant")->required();
  all->footer(example("doppel sandbox list acme"));
  all->callback([arguments, &context] { list(*arguments, context); });

  CLI::App* one = command->add_subcommand("show", "State, base, changes and history of one");
  add_name(one, arguments);
  one->footer(example("doppel sandbox show acme/qa"));
  one->callback([arguments, &context] { show(*arguments, context); });

  CLI::App* rebase =
      command->add_subcommand("refresh", "Stand it on live as it is now; own changes stay");
  add_name(rebase, arguments);
  rebase->add_flag("--drop-data", arguments->drop_data,
                   "Its own rows of data may be replaced by live's");
  rebase->footer(example("doppel sandbox refresh acme/qa"));
  rebase->callback([arguments, &context] { refresh(*arguments, context); });

  CLI::App* mark = command->add_subcommand("checkpoint", "Mark its state by a name");
  add_name(mark, arguments);
  mark->add_option("NAME", arguments->mark, "Of the checkpoint")->required();
  mark->footer(example("doppel sandbox checkpoint acme/qa before-test"));
  mark->callback([arguments, &context] {
    context.doppel().checkpoint(parse_environment(arguments->name), arguments->mark);
    context.result(json::object{{"environment", arguments->name}, {"checkpoint", arguments->mark}},
                   arguments->name + " can be reset to '" + arguments->mark + "'.\n");
  });

  CLI::App* back = command->add_subcommand("reset", "Take it back to a checkpoint or its start");
  add_name(back, arguments);
  back->add_option("NAME", arguments->mark, "A checkpoint (default: its start)");
  back->footer(example("doppel sandbox reset acme/qa before-test"));
  back->callback([arguments, &context] { reset(*arguments, context); });

  CLI::App* discard = command->add_subcommand("discard", "End it; live is untouched");
  add_name(discard, arguments);
  discard->footer(example("doppel sandbox discard acme/qa"));
  discard->callback([arguments, &context] {
    const std::string bundle =
        context.doppel().discard(parse_environment(arguments->name)).string();
    context.result(json::object{{"environment", arguments->name}, {"bundle", bundle}},
                   arguments->name + " is discarded. Its work is kept in\n  " + bundle + "\n");
  });

  add_sandbox_restore(*command, context);
  add_sandbox_adapt(app, *command, context);
}

}  // namespace doppel::cli
