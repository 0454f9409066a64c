#include <CLI/CLI.hpp>

#include "cli/context.hpp"
#include "cli/layout.hpp"

namespace doppel::cli {

void add_env(CLI::App& app, Context& context) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("env", "What an application needs to open an environment");
  command->add_option("ENV", *name, "TENANT or TENANT/SANDBOX")->required();
  command->footer(
      example("eval \"$(doppel env acme/qa)\" && sqlite3 \"${DATABASE_URL#sqlite:}\" .tables"));
  command->callback([name, &context] {
    const database::ApplicationAccess access = context.doppel().access(parse_environment(*name));
    json::array remarks;
    std::string text =
        "export DOPPEL_ENVIRONMENT='" + *name + "'\nexport DATABASE_URL='" + access.dsn + "'\n";
    for (const std::string& remark : access.remarks) {
      remarks.emplace_back(remark);
      text += flowed(remark, "# ");
    }
    context.result(json::object{{"environment", *name}, {"dsn", access.dsn}, {"remarks", remarks}},
                   text);
  });
}

}  // namespace doppel::cli
