#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Programs that tests start: the real doppel above all.
namespace doppel::testing {

struct Finished {
  int exit = 0;  ///< 128 + the signal, where one ended it
  std::string out;
  std::string err;
};

using Variables = std::vector<std::pair<std::string, std::string>>;

/// A program that was started and not waited for.
class Running {
 public:
  Running(int process, std::filesystem::path out, std::filesystem::path err)
      : process_(process), out_(std::move(out)), err_(std::move(err)) {}
  Finished wait();
  /// Until it stops itself (SIGSTOP) or ends; whether it stopped.
  bool wait_for_stop();
  void go_on() const;
  int process() const { return process_; }

 private:
  int process_;
  std::filesystem::path out_;
  std::filesystem::path err_;
  std::optional<int> status_;  ///< as waitpid told it
};

/// The built doppel.
std::filesystem::path program();

/// Starts the words with the environment as it is, but for what begins with DOPPEL_, and the
/// variables. Output goes into files of their own in `folder`.
Running start_program(std::vector<std::string> words, const Variables& variables,
                      const std::filesystem::path& folder);

/// What preloads kill_at, counting what is done to files under `folder`, with one of its variables.
Variables watched(const std::filesystem::path& folder, const std::string& name,
                  const std::string& value);

}  // namespace doppel::testing
