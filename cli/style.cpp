#include "cli/style.hpp"

#include <cstdlib>

#include <unistd.h>

namespace doppel::cli {
namespace {

bool wants_colour() {
  static const bool wanted = [] {
    const char* term = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr && term != nullptr &&
           std::string_view(term) != "dumb";
  }();
  return wanted;
}

const char* code_of(Tone tone) {
  switch (tone) {
    case Tone::kAdded:
      return "32";
    case Tone::kRemoved:
      return "31";
    case Tone::kChanged:
      return "33";
    case Tone::kHeading:
      return "1";
    case Tone::kFaint:
      return "2";
    case Tone::kBad:
      return "1;31";
  }
  return "0";
}

}  // namespace

std::string styled(std::string_view text, Tone tone) {
  if (!wants_colour()) return std::string(text);
  return "\x1b[" + std::string(code_of(tone)) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace doppel::cli
