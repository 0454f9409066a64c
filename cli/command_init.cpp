#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "cli/context.hpp"
#include "cli/layout.hpp"

namespace doppel::cli {
namespace {

struct Arguments {
  std::string tenant, dsn, manifest;
};

/// Of a table that can't be carried or written, and of rights that doppel's role lacks; the rest is
/// `doppel check`'s.
bool tells_of_rights_or_refuses(const database::Finding& finding) {
  using database::Finding;
  return finding.weight == Finding::Weight::kRefused ||
         (finding.weight == Finding::Weight::kWarning && finding.kind == Finding::Kind::kTable);
}

}  // namespace

void add_init(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("init", "Attach an application's database as a tenant");
  command->add_option("TENANT", arguments->tenant, "Its name: a-z, 0-9, - and _")->required();
  command->add_option("DSN", arguments->dsn, "Its database: sqlite:PATH or postgresql://...")
      ->required();
  command->add_option("--manifest", arguments->manifest, "What its tables are: a YAML file")
      ->required();
  command->footer(example("doppel init acme sqlite:helpdesk.db --manifest helpdesk.yaml"));
  command->callback([arguments, &context] {
    const environment::Tenant tenant = context.doppel().init(
        arguments->tenant, arguments->dsn, arguments->manifest, read_file(arguments->manifest));
    const manifest::Model model = context.doppel().model(tenant.name);
    const auto config = std::ranges::count_if(model.tables, &manifest::TableModel::may_hold_config);
    json::object document;
    document["tenant"] = tenant.name;
    document["dsn"] = tenant.dsn;
    document["application"] = model.application;
    document["config_tables"] = config;
    document["tables"] = model.tables.size();
    std::string in_the_way;
    bool refused = false;
    for (const database::Finding& finding : context.doppel().check(tenant.name, {}).findings) {
      if (!tells_of_rights_or_refuses(finding)) continue;
      refused = refused || finding.weight == database::Finding::Weight::kRefused;
      in_the_way += flowed(finding.message, "  ");
      if (!finding.remedy.empty()) in_the_way += flowed(finding.remedy, "    ");
    }
    document["refused"] = refused;
    context.result(document, "Tenant " + tenant.name + " is attached: " + model.application + ", " +
                                 std::to_string(model.tables.size()) + " tables, " +
                                 std::to_string(config) + " of them with config.\n  " + tenant.dsn +
                                 "\n" + in_the_way);
    context.remark(refused ? "No sandbox can be made so far: doppel check " + tenant.name + "\n"
                           : "Make a sandbox: doppel sandbox create " + tenant.name + "/qa\n");
  });
}

}  // namespace doppel::cli
