#include <cstdio>

#include <CLI/CLI.hpp>

#include "access/audit_chain.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/layout.hpp"

namespace doppel::cli {
namespace {

struct Arguments {
  std::string tenant, head;
  access::AuditFilter filter;
};

/// What it was done to, in a few words: --json says it whole.
std::string object_of(const access::AuditRow& row) {
  constexpr std::size_t kLongestKey = 12;
  return row.key.empty() ? row.resource : row.resource + " " + printable(row.key, kLongestKey);
}

void list(const Arguments& arguments, Context& context) {
  json::array all;
  std::vector<std::vector<std::string>> rows;
  constexpr std::size_t kLongestReason = 60;
  for (const access::AuditRow& row : context.doppel().audit(arguments.tenant, arguments.filter)) {
    all.emplace_back(access::to_json(row));
    rows.push_back({std::to_string(row.number), moment(row.at), row.who, row.environment, row.verb,
                    object_of(row), row.outcome, printable(row.reason, kLongestReason)});
  }
  const std::string text =
      all.empty()
          ? "The audit of " + arguments.tenant + " has no such row.\n"
          : table_text({"no.", "when (UTC)", "who", "where", "what", "of", "outcome", "why"}, rows);
  context.result(json::object{{"tenant", arguments.tenant}, {"rows", all}}, text);
}

void export_lines(const Arguments& arguments, Context& context) {
  context.doppel().export_audit(arguments.tenant, [](const access::AuditRow& row) {
    const std::string line = write_json(access::to_json(row), JsonStyle::kCompact) + "\n";
    return std::fwrite(line.data(), 1, line.size(), stdout) == line.size();
  });
}

void verify(const Arguments& arguments, Context& context) {
  std::optional<access::AuditHead> known;
  if (!arguments.head.empty()) {
    known = access::parse_head(arguments.head);
    if (!known) {
      throw Error(ErrorCode::kUsage, "'" + arguments.head + "' is no end of an audit",
                  {.place = "--head", .remedy = "give NUMBER:HASH as `doppel audit verify` said"});
    }
  }
  const access::Verification result = context.doppel().verify_audit(arguments.tenant, known);
  json::object document;
  document["tenant"] = arguments.tenant;
  document["holds"] = !result.fault.has_value();
  document["rows"] = result.rows;
  document["head"] = result.head.number == 0 ? "" : to_text(result.head);
  document["flaw"] = nullptr;
  document["number"] = nullptr;
  document["message"] = nullptr;
  std::string text;
  if (result.fault) {
    document["flaw"] = to_text(result.fault->flaw);
    document["number"] = result.fault->number;
    document["message"] = result.fault->message;
    text = "The audit of " + arguments.tenant + " does not hold: " + result.fault->message +
           ".\nBefore that, " + counted(result.rows, "row") + " as written.\n";
    context.exit_code = 1;
  } else {
    text = "The audit of " + arguments.tenant + " holds: " + counted(result.rows, "row") + ".\n";
    if (result.head.number > 0) {
      text += "Its end, to be noted elsewhere: " + to_text(result.head) + "\n";
    }
  }
  context.result(document, text);
}

void add_filters(CLI::App& command, const std::shared_ptr<Arguments>& arguments) {
  access::AuditFilter& filter = arguments->filter;
  command.add_option("--who", filter.who, "Only what this one did");
  command.add_option("--where", filter.environment, "Only in this environment: live, or SANDBOX");
  command.add_option("--verb", filter.verb, "Only this: promote, sign_in, ...");
  command.add_option("--outcome", filter.outcome, "Only these")
      ->check(CLI::IsMember({"begun", "done", "refused", "failed"}));
  command.add_option("--before", filter.before, "Only rows with lower numbers")
      ->check(CLI::PositiveNumber);
  command.add_option("--limit", filter.limit, "So many at most (default: 100)")
      ->check(CLI::Range(std::size_t{1}, access::kMostAuditRows));
}

}  // namespace

void add_audit(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* audit = app.add_subcommand("audit", "Who did what where, and was refused what");
  audit->require_subcommand(1);
  audit->footer(example("doppel audit list acme"));

  CLI::App* listing = audit->add_subcommand("list", "The newest rows first");
  listing->add_option("TENANT", arguments->tenant, "The tenant")->required();
  add_filters(*listing, arguments);
  listing->footer(example("doppel audit list acme --verb promote"));
  listing->callback([arguments, &context] { list(*arguments, context); });

  CLI::App* lines = audit->add_subcommand("export", "All rows, a line of JSON each");
  lines->add_option("TENANT", arguments->tenant, "The tenant")->required();
  lines->footer(example("doppel audit export acme > audit.jsonl"));
  lines->callback([arguments, &context] { export_lines(*arguments, context); });

  CLI::App* check = audit->add_subcommand(
      "verify", "Whether no row was changed, moved or taken out; ends with 1 if one was");
  check->add_option("TENANT", arguments->tenant, "The tenant")->required();
  check->add_option("--head", arguments->head, "An end NUMBER:HASH that was noted earlier");
  check->footer(example("doppel audit verify acme"));
  check->callback([arguments, &context] { verify(*arguments, context); });
}

}  // namespace doppel::cli
