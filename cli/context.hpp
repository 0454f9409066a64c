#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/json.hpp"
#include "doppel.hpp"

namespace CLI {
class App;
}

/// What the commands share: global options, where output goes, the library.
namespace doppel::cli {

struct Options {
  bool json = false;   ///< one document in the documented shape on standard output
  bool quiet = false;  ///< nothing but results and errors
  std::string author;  ///< empty: the user of the operating system
};

class Context {
 public:
  explicit Context(std::function<std::unique_ptr<Doppel>(const Options&)> open)
      : open_(std::move(open)) {}

  Options options;
  int exit_code = 0;

  /// Opened at first use: --help and mistakes in arguments need no control store.
  Doppel& doppel();

  /// The result of a command: its JSON with --json, else its text.
  void result(const json::value& document, const std::string& text) const;
  /// What a person may like to know and a script doesn't: nothing with --json or --quiet.
  void remark(const std::string& text) const;

 private:
  std::function<std::unique_ptr<Doppel>(const Options&)> open_;
  std::unique_ptr<Doppel> doppel_;
};

/// One line of help that can be pasted.
std::string example(const std::string& line);

// Each adds its commands; one file each.
void add_check(CLI::App& app, Context& context);
void add_audit(CLI::App& app, Context& context);
void add_code(CLI::App& app, Context& context);  ///< export and apply
void add_completion(CLI::App& app, Context& context);
void add_demo(CLI::App& app, Context& context);  ///< the built-in desk with an example in it
void add_diff(CLI::App& app, Context& context);
void add_env(CLI::App& app, Context& context);
void add_guard(CLI::App& app, Context& context);
void add_history(CLI::App& app, Context& context);
void add_init(CLI::App& app, Context& context);
void add_manifest(CLI::App& app, Context& context);
void add_plan(CLI::App& app, Context& context);
void add_sandbox(CLI::App& app, Context& context);
void add_sandbox_adapt(CLI::App& app, CLI::App& sandbox, Context& context);  ///< and fleet adapt
void add_sandbox_restore(CLI::App& sandbox, Context& context);  ///< of those that ended or rest
void add_serve(CLI::App& app, Context& context);
void add_snapshot(CLI::App& app, Context& context);
void add_sql(CLI::App& app, Context& context);
void add_track(CLI::App& app, Context& context);

}  // namespace doppel::cli
