#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/layout.hpp"
#include "cli/sandbox_json.hpp"
#include "cli/style.hpp"

namespace doppel::cli {
namespace {

struct Arguments {
  std::string name;
  RestoreOptions options;
};

json::object bundle_json(const BundleInfo& bundle) {
  return {{"environment", bundle.environment},
          {"id", bundle.id},
          {"base_at", bundle.base_at},
          {"ended_at", bundle.ended_at},
          {"ended_by", bundle.ended_by},
          {"purpose", bundle.purpose.empty() ? json::value() : json::value(bundle.purpose)},
          {"changes", bundle.changes},
          {"data_changes", bundle.data_changes},
          {"file", bundle.file.string()}};
}

void list(const Arguments& arguments, Context& context) {
  json::array all;
  std::vector<std::vector<std::string>> rows;
  for (const BundleInfo& bundle : context.doppel().bundles(arguments.name)) {
    all.emplace_back(bundle_json(bundle));
    rows.push_back({bundle.environment, moment(bundle.ended_at), bundle.ended_by,
                    std::to_string(bundle.changes), std::to_string(bundle.data_changes), bundle.id,
                    bundle.purpose});
  }
  const std::string text =
      all.empty()
          ? "No ended sandbox of " + arguments.name + " can be restored.\n"
          : table_text({"sandbox", "ended (UTC)", "by", "config", "data", "id", "purpose"}, rows);
  context.result(json::object{{"tenant", arguments.name}, {"bundles", all}}, text);
}

void tell(const Restored& restored, Context& context) {
  const std::string title = restored.environment.title();
  json::object document = environment_json(restored.environment);
  if (!restored.bundle.file.empty()) document["bundle"] = restored.bundle.file.string();
  document["kept"] = restored.refreshed.kept;
  document["already_live"] = restored.refreshed.already_live;
  document["data"] = restored.data;
  document["conflicts"] = questions_json(restored.refreshed.conflicts);
  document["left_out"] = questions_json(restored.refreshed.left_out);
  json::array lost;
  for (const std::string& name : restored.lost_checkpoints) lost.emplace_back(name);
  document["lost_checkpoints"] = std::move(lost);
  const auto count = [](std::size_t number) { return static_cast<std::int64_t>(number); };
  std::string text = "Sandbox " + title + " is back on live as it is now, with " +
                     counted(count(restored.refreshed.kept), "change") + " of config and " +
                     counted(count(restored.data), "row") + " of data of its own" +
                     (restored.refreshed.already_live == 0
                          ? ""
                          : "; " + std::to_string(restored.refreshed.already_live) +
                                " of its changes are in live by now") +
                     ".\n";
  for (const merge::Conflict& conflict : restored.refreshed.conflicts) {
    text += "  " + styled(conflict.id, Tone::kBad) + "\n" + flowed(conflict.message, "      ");
  }
  for (const merge::Conflict& conflict : restored.refreshed.left_out) {
    text += "  " + styled("left out", Tone::kBad) + "\n" + flowed(conflict.message, "      ");
  }
  for (const std::string& name : restored.lost_checkpoints) {
    text += "  the checkpoint '" + name + "' is lost: live moved under it\n";
  }
  context.result(document, text);
}

void add_what_stays(CLI::App* command, ResumeOptions& options) {
  command->add_flag("--drop-data", options.drop_data, "Its own rows of data don't come along");
  command->add_flag("--leave-out", options.leave_out, "Nor what can't stand beside today's live");
}

std::string suspension_text(const environment::Environment& suspended) {
  if (suspended.carrier != "rows") {
    return suspended.title() + " is suspended: nothing of it stands in the database.\n";
  }
  return suspended.title() +
         " is suspended: none of its rows stands in the database. The tables that such sandboxes\n"
         "share, and their views on live's data, stay until the last sandbox that uses them is\n"
         "suspended, refreshed or discarded.\n";
}

}  // namespace

void add_sandbox_restore(CLI::App& sandbox, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* ended = sandbox.add_subcommand("ended", "Those that ended and can be restored");
  ended->add_option("TENANT", arguments->name, "The tenant")->required();
  ended->footer(example("doppel sandbox ended acme"));
  ended->callback([arguments, &context] { list(*arguments, context); });

  CLI::App* revive = sandbox.add_subcommand("restore", "Make one that ended again");
  revive->add_option("ENV", arguments->name, "TENANT/SANDBOX")->required();
  revive->add_option("--name", arguments->options.name, "Its name from now on");
  revive->add_option("--bundle", arguments->options.bundle,
                     "Which one: the beginning of its id (default: the last of this name)");
  add_what_stays(revive, arguments->options.how);
  revive->footer(example("doppel sandbox restore acme/qa"));
  revive->callback([arguments, &context] {
    const auto name = parse_environment(arguments->name);
    tell(context.doppel().restore_sandbox(name, arguments->options), context);
  });

  CLI::App* rest = sandbox.add_subcommand(
      "suspend", "Take it out of the database while live is migrated; its work is kept");
  rest->add_option("ENV", arguments->name, "TENANT/SANDBOX")->required();
  rest->footer(example("doppel sandbox suspend acme/qa"));
  rest->callback([arguments, &context] {
    const auto suspended = context.doppel().suspend(parse_environment(arguments->name));
    context.result(environment_json(suspended), suspension_text(suspended));
    context.remark("Make it again: doppel sandbox resume " + suspended.title() + "\n");
  });

  CLI::App* go_on = sandbox.add_subcommand("resume", "Make a suspended one again, on today's live");
  go_on->add_option("ENV", arguments->name, "TENANT/SANDBOX")->required();
  add_what_stays(go_on, arguments->options.how);
  go_on->footer(example("doppel sandbox resume acme/qa"));
  go_on->callback([arguments, &context] {
    const auto name = parse_environment(arguments->name);
    tell(context.doppel().resume(name, arguments->options.how), context);
  });
}

}  // namespace doppel::cli
