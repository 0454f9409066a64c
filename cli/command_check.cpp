#include <algorithm>

#include <CLI/CLI.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/layout.hpp"
#include "cli/style.hpp"

namespace doppel::cli {
namespace {

using database::Finding;

struct Arguments {
  std::string tenant;
  CreateOptions create;
  bool exit_code = false;
};

json::object finding_json(const Finding& finding) {
  return {{"kind", word_of(finding.kind)},
          {"weight", word_of(finding.weight)},
          {"place", finding.place},
          {"message", finding.message},
          {"remedy", finding.remedy}};
}

std::string finding_text(const Finding& finding) {
  const Tone tone = finding.weight == Finding::Weight::kRefused   ? Tone::kBad
                    : finding.weight == Finding::Weight::kWarning ? Tone::kChanged
                                                                  : Tone::kFaint;
  std::string text = styled(word_of(finding.weight), tone) + "  " + finding.place + "\n" +
                     flowed(finding.message, "    ");
  if (!finding.remedy.empty()) text += flowed(finding.remedy, "      ");
  return text;
}

void check(const Arguments& arguments, Context& context) {
  const Checked checked = context.doppel().check(arguments.tenant, arguments.create);
  json::array findings;
  std::string text;
  bool refused = false;
  bool warned = false;
  for (const Finding& finding : checked.findings) {
    findings.emplace_back(finding_json(finding));
    text += finding_text(finding);
    refused = refused || finding.weight == Finding::Weight::kRefused;
    warned = warned || finding.weight == Finding::Weight::kWarning;
  }
  const std::string what = "sandbox of kind " + checked.kind + ", carrier " + checked.carrier;
  text += refused ? "No " + what + " can be made of " + arguments.tenant + " as it is.\n"
                  : "A " + what + " can be made of " + arguments.tenant + ".\n";
  context.result(json::object{{"tenant", arguments.tenant},
                              {"kind", checked.kind},
                              {"carrier", checked.carrier},
                              {"refused", refused},
                              {"findings", findings}},
                 text);
  if (refused) {
    context.exit_code = error_info(ErrorCode::kUnsupported).exit_code;
  } else if (warned && arguments.exit_code) {
    context.exit_code = 1;
  }
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("check", "What to know of an application before a sandbox is made");
  command->add_option("TENANT", arguments->tenant, "The tenant")->required();
  command->add_option("--kind", arguments->create.kind, "overlay or shadow")
      ->check(CLI::IsMember({"overlay", "shadow"}));
  command->add_option("--carrier", arguments->create.carrier,
                      "file or split (SQLite), copy or rows (PostgreSQL)");
  command->add_flag("--exit-code", arguments->exit_code, "End with 1 where there is a warning");
  command->footer(example("doppel check acme"));
  command->callback([arguments, &context] { check(*arguments, context); });
}

}  // namespace doppel::cli
