#include "program.hpp"

#include <csignal>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"

extern char** environ;

namespace doppel::testing {
namespace {

namespace fs = std::filesystem;

std::string read_all(const fs::path& file) {
  std::ostringstream content;
  content << std::ifstream(file, std::ios::binary).rdbuf();
  return content.str();
}

[[noreturn]] void fail_to_wait() { throw Error(ErrorCode::kIo, "can't wait"); }

}  // namespace

bool Running::wait_for_stop() {
  int status = 0;
  if (::waitpid(process_, &status, WUNTRACED) != process_) fail_to_wait();
  if (WIFSTOPPED(status)) return true;
  status_ = status;
  return false;
}

void Running::go_on() const { ::kill(process_, SIGCONT); }

Finished Running::wait() {
  int status = status_.value_or(0);
  if (!status_ && ::waitpid(process_, &status, 0) != process_) fail_to_wait();
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, read_all(out_), read_all(err_)};
}

fs::path program() { return DOPPEL_BINARY; }

Running start_program(std::vector<std::string> words, const Variables& variables,
                      const fs::path& folder) {
  static int number = 0;
  const fs::path out = folder / ("out" + std::to_string(++number));
  const fs::path err = folder / ("err" + std::to_string(number));
  std::vector<std::string> settings{"NO_COLOR=1"};
  for (const auto& [name, value] : variables) settings.push_back(name + "=" + value);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!text.starts_with("DOPPEL_") && !text.starts_with("NO_COLOR=")) settings.emplace_back(text);
  }
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (std::string& text : texts) list.push_back(text.data());
    list.push_back(nullptr);
    return list;
  };
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const int flags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), flags, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), flags, 0600);
  pid_t process = 0;
  const int failed = ::posix_spawn(&process, words[0].c_str(), &actions, nullptr,
                                   pointers(words).data(), pointers(settings).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw Error(ErrorCode::kIo, "can't start " + words[0]);
  return {process, out, err};
}

Variables watched(const fs::path& folder, const std::string& name, const std::string& value) {
  return {{"LD_PRELOAD", KILL_AT_LIBRARY},
          {"DOPPEL_TEST_KILL_UNDER", folder.string() + "/"},
          {name, value}};
}

}  // namespace doppel::testing
