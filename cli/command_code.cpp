#include <filesystem>

#include <CLI/CLI.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/diff_text.hpp"
#include "plan/plan_json.hpp"

namespace doppel::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string name, folder;
  bool keys = false, check = false, remove = false;
};

code::Files read_folder(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    throw Error(ErrorCode::kNotFound, "there is no such folder",
                {.place = folder.string(), .remedy = "`doppel export` writes one"});
  }
  code::Files files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    files[entry.path().filename().string()] = read_file(entry.path());
  }
  return files;
}

void write_folder(const Arguments& arguments, Context& context) {
  const code::Files files =
      context.doppel().export_config(parse_environment(arguments.name),
                                     arguments.keys ? code::Keys::kAll : code::Keys::kWhereNeeded);
  make_folders(arguments.folder);
  json::array names;
  std::size_t written = 0;
  for (const auto& [name, text] : files) {
    names.emplace_back(name);
    const fs::path file = fs::path(arguments.folder) / name;
    // A file that says the same already keeps its time.
    if (fs::exists(file) && read_file(file) == text) continue;
    write_file(file, text);
    ++written;
  }
  const auto count = [](std::size_t number) { return static_cast<std::int64_t>(number); };
  context.result(json::object{{"environment", arguments.name},
                              {"folder", arguments.folder},
                              {"files", names},
                              {"written", written}},
                 arguments.name + " is in " + arguments.folder + ": " +
                     counted(count(files.size()), "file") + ", " + std::to_string(written) +
                     " of them new or changed.\n");
}

std::string missing_text(const Applied& applied, bool remove) {
  if (applied.missing.empty() || remove) return "";
  std::string text = counted(static_cast<std::int64_t>(applied.missing.size()), "row") +
                     " that the folder doesn't name stay; --delete removes them:\n";
  constexpr std::size_t kTold = 20;
  for (std::size_t i = 0; i < applied.missing.size() && i < kTold; ++i) {
    text += "  " + applied.missing[i].first + " '" + applied.missing[i].second + "'\n";
  }
  return applied.missing.size() > kTold ? text + "  ...\n" : text;
}

void apply_folder(const Arguments& arguments, Context& context) {
  const EnvironmentName name = parse_environment(arguments.name);
  const code::Files files = read_folder(arguments.folder);
  const Applied applied = context.doppel().apply_config(
      name, files,
      {.missing = arguments.remove ? code::Missing::kDelete : code::Missing::kKeep,
       .check_only = arguments.check});
  const manifest::Model model = context.doppel().model(name.tenant);
  json::object document = plan::to_json(model, applied.diff).as_object();
  document.erase("data_rows");
  document["written"] = applied.written;
  json::array missing;
  for (const auto& [table, label] : applied.missing) {
    missing.push_back({{"table", table}, {"label", label}});
  }
  document["missing"] = std::move(missing);
  const std::size_t rows = applied.diff.rows.size();
  std::string text = diff_text(model, applied.diff, DiffEnd::kNone);
  if (!context.options.quiet) {
    const std::string changes = counted(static_cast<std::int64_t>(rows), "row");
    text += rows == 0         ? arguments.name + " is as the folder says.\n"
            : applied.written ? changes + " of " + arguments.name + " changed.\n"
                              : changes + " of " + arguments.name + " would change.\n";
    text += missing_text(applied, arguments.remove);
  }
  context.result(document, text);
  if (arguments.check && rows != 0) {
    context.exit_code = error_info(ErrorCode::kConflicts).exit_code;
  }
}

}  // namespace

void add_code(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* out = app.add_subcommand("export", "Write an environment's config as a folder of YAML");
  out->add_option("ENV", arguments->name, "TENANT or TENANT/SANDBOX")->required();
  out->add_option("DIR", arguments->folder, "Made where it is missing")->required();
  out->add_flag("--keys", arguments->keys,
                "With the key of every row, so that a renamed row is known");
  out->footer(example("doppel export acme config"));
  out->callback([arguments, &context] { write_folder(*arguments, context); });

  CLI::App* in = app.add_subcommand("apply", "Make a sandbox's config what a folder says");
  in->add_option("ENV", arguments->name, "TENANT/SANDBOX; with --check live, too")->required();
  in->add_option("DIR", arguments->folder, "As export writes it")->required();
  in->add_flag("--check", arguments->check, "Change nothing; exit with 1 where something differs");
  in->add_flag("--delete", arguments->remove, "Remove rows that the files don't name");
  in->footer(example("doppel apply acme/qa config"));
  in->callback([arguments, &context] { apply_folder(*arguments, context); });
}

}  // namespace doppel::cli
