#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "manifest/manifest.hpp"

/// Whatever the bytes are, load() ends with a manifest or with problems that say where and what.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = doppel::manifest::load(text, "fuzz.yaml");
  for (const auto& problem : loaded.problems) {
    if (problem.place.empty() || problem.message.empty()) std::abort();
  }
  if (!has_errors(loaded.problems) && loaded.manifest.application.empty()) std::abort();
  return 0;
}
