#include "cli/program.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"

namespace doppel::cli {
namespace {

[[noreturn]] void fail(const std::string& what, int error_number) {
  throw Error(ErrorCode::kIo, what + ": " + std::strerror(error_number),
              {.place = "doppel", .remedy = {}});
}

int unnamed_file() {
  const int descriptor = ::memfd_create("doppel output", MFD_CLOEXEC);
  if (descriptor < 0) fail("can't make a file in memory", errno);
  return descriptor;
}

std::string content_of(int descriptor) {
  std::string content;
  char piece[4096];
  off_t offset = 0;
  while (true) {
    const ssize_t count = ::pread(descriptor, piece, sizeof piece, offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    content.append(piece, static_cast<std::size_t>(count));
    offset += count;
  }
  ::close(descriptor);
  return content;
}

}  // namespace

Program start_again(const std::vector<std::string>& arguments) {
  Program program;
  program.output = unnamed_file();
  program.error = unnamed_file();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, program.output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, program.error, STDERR_FILENO);
  std::vector<std::string> words = arguments;
  std::string name = "doppel";
  std::vector<char*> given{name.data()};
  for (std::string& word : words) given.push_back(word.data());
  given.push_back(nullptr);
  const int failure =
      ::posix_spawn(&program.process, "/proc/self/exe", &actions, nullptr, given.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) fail("can't start doppel again", failure);
  return program;
}

std::size_t first_to_end(const std::vector<Program>& running) {
  while (true) {
    siginfo_t ended{};
    // It stays to be waited for.
    if (::waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT) < 0) {
      if (errno == EINTR) continue;
      fail("can't wait for a process", errno);
    }
    const auto found = std::ranges::find(running, ended.si_pid, &Program::process);
    if (found != running.end()) return static_cast<std::size_t>(found - running.begin());
    ::waitpid(ended.si_pid, nullptr, 0);
  }
}

Finished wait_for(Program program) {
  int status = 0;
  while (::waitpid(program.process, &status, 0) < 0 && errno == EINTR) {
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content_of(program.output),
          content_of(program.error)};
}

}  // namespace doppel::cli
