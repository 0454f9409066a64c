#include <functional>

#include <CLI/CLI.hpp>

#include "cli/context.hpp"

namespace doppel::cli {
namespace {

using Visit = std::function<void(const CLI::App& command, const std::string& path)>;

/// Every command with its path, `doppel sandbox create`; groups before what is in them.
void visit(const CLI::App& app, const std::string& path, const Visit& seen) {
  seen(app, path);
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    visit(*command, path + " " + command->get_name(), seen);
  }
}

std::string options_of(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words += " --" + name;
  }
  return words;
}

std::string script(const CLI::App& root) {
  const std::string everywhere = options_of(root);
  std::string paths;
  std::string cases;
  visit(root, "doppel", [&](const CLI::App& app, const std::string& path) {
    paths += (paths.empty() ? "'" : "|'") + path + "'";
    cases += "    '" + path + "') words='";
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
      cases += command->get_name() + " ";
    }
    cases += (&app == &root ? "" : options_of(app)) + everywhere + "' ;;\n";
  });
  return "_doppel() {\n"
         "  local path=doppel skip='' words='' word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    if [ -n \"$skip\" ]; then skip=''; continue; fi\n"
         "    case \"$word\" in\n"
         "      --as) skip=yes ;;\n"
         "      -*) ;;\n"
         "      *) case \"$path $word\" in\n"
         "        " +
         paths +
         ") path=\"$path $word\" ;;\n"
         "        *) [ \"$path\" != doppel ] || path='no command' ;;\n"
         "      esac ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path\" in\n" +
         cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -F _doppel doppel\n";
}

}  // namespace

void add_completion(CLI::App& app, Context& context) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a script that completes commands");
  command->add_option("SHELL", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
  command->footer(example("source <(doppel completion bash)"));
  command->callback([shell, &app, &context] {
    std::string text = script(app);
    if (*shell == "zsh") text = "autoload -U +X bashcompinit && bashcompinit\n" + text;
    context.result(json::object{{"script", text}}, text);
  });
}

}  // namespace doppel::cli
