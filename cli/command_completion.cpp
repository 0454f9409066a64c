#include <CLI/CLI.hpp>

#include "cli/context.hpp"

namespace doppel::cli {
namespace {

/// "words" of a command: its subcommands and options.
std::string words_of(const CLI::App& app) {
  std::string words;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    words += command->get_name() + " ";
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  }
  return words;
}

void add_cases(const CLI::App& app, const std::string& path, std::string& cases) {
  cases += "    '" + path + "') words='" + words_of(app) + "' ;;\n";
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    add_cases(*command, path + " " + command->get_name(), cases);
  }
}

std::string script(const CLI::App& root) {
  std::string cases;
  add_cases(root, "doppel", cases);
  return "_doppel() {\n"
         "  local path=doppel word words\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"$word\" in -*) ;; *) case \"$path $word\" in\n"
         "      'doppel sandbox'|'doppel manifest'|'doppel snapshot') path=\"$path $word\" ;;\n"
         "      *) [ \"$path\" = doppel ] || [[ \"$path\" =~ ^doppel\\ "
         "(sandbox|manifest|snapshot)$ ]] && path=\"$path $word\" ;;\n"
         "    esac ;; esac\n"
         "  done\n"
         "  case \"$path\" in\n" +
         cases +
         "    *) words='' ;;\n"
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
