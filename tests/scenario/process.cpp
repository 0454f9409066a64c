#include "process.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/core.h>
#include <sys/wait.h>

#include "base/error.hpp"

namespace doppel::scenario {

namespace {

std::string content_of(const std::filesystem::path& file) {
  std::ostringstream content;
  content << std::ifstream(file, std::ios::binary).rdbuf();
  return content.str();
}

/// As one word of a shell, whatever is in it.
std::string shell_word(std::string_view text) {
  std::string result = "'";
  for (const char character : text) {
    result += character == '\'' ? std::string{"'\\''"} : std::string{character};
  }
  return result + "'";
}

}  // namespace

Finished run_process(const std::vector<std::string>& words, const std::string& input,
                     const std::filesystem::path& folder) {
  std::ofstream(folder / ".in", std::ios::binary) << input;
  std::string command = fmt::format("cd {} && exec", shell_word(folder.string()));
  for (const std::string& word : words) command += " " + shell_word(word);
  const int status = std::system((command + " <.in >.out 2>.err").c_str());
  if (status == -1) throw Error(ErrorCode::kIo, "can't run " + words.at(0));
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, content_of(folder / ".out"), content_of(folder / ".err")};
}

}  // namespace doppel::scenario
