#include "cli/context.hpp"

#include <cstdio>

namespace doppel::cli {

Doppel& Context::doppel() {
  if (!doppel_) doppel_ = open_(options);
  return *doppel_;
}

void Context::result(const json::value& document, const std::string& text) const {
  const std::string shown = options.json ? write_json(document, JsonStyle::kPretty) + "\n" : text;
  std::fwrite(shown.data(), 1, shown.size(), stdout);
}

void Context::remark(const std::string& text) const {
  if (options.json || options.quiet) return;
  std::fwrite(text.data(), 1, text.size(), stdout);
}

std::string example(const std::string& line) { return "Example:\n  " + line; }

}  // namespace doppel::cli
