#include "base/process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include <unistd.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace doppel {
namespace {

/// One start of the machine and one namespace of process numbers: containers have their own.
std::string this_machine() {
  std::string machine;
  try {
    machine = trim(read_file("/proc/sys/kernel/random/boot_id"));
  } catch (const Error&) {
    return {};
  }
  std::error_code failure;
  const auto space = std::filesystem::read_symlink("/proc/self/ns/pid", failure);
  if (failure) return {};
  return machine + " " + space.string();
}

/// When a running process began; empty where there is none.
std::string start_of(int number) {
  std::string about;
  try {
    about = read_file("/proc/" + std::to_string(number) + "/stat");
  } catch (const Error&) {
    return {};
  }
  // Its name, in parentheses, may hold anything; the start is the 20th field behind it.
  constexpr std::size_t kStart = 20;
  const std::size_t name_end = about.rfind(')');
  if (name_end == std::string::npos) return {};
  const auto fields = split(about.substr(name_end + 1), ' ');
  if (fields.size() <= kStart) return {};
  // A zombie has ended, though its number isn't free.
  return fields[1] == "Z" ? "ended" : fields[kStart];
}

}  // namespace

ProcessId this_process() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  const int number = ::getpid();
  return {.host = host.data(),
          .machine = this_machine(),
          .number = number,
          .started = start_of(number)};
}

bool has_surely_ended(const ProcessId& process) {
  if (process.machine.empty() || process.machine != this_machine()) return false;
  if (::kill(process.number, 0) != 0 && errno == ESRCH) return true;
  // Where others' processes aren't shown, there is nothing to compare.
  const std::string started = start_of(process.number);
  return !started.empty() && started != process.started;
}

}  // namespace doppel
