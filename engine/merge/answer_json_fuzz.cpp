#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"
#include "merge/answer_json.hpp"

/// Whatever is read must either be refused with an Error or be written and read back the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace merge = doppel::merge;
  using doppel::Error;
  using doppel::parse_json;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto stored = parse_json(text, "fuzz");
    const auto written = merge::to_json(merge::answers_from_json(stored, "fuzz"));
    if (merge::to_json(merge::answers_from_json(written, "again")) != written) std::abort();
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
    // Refused: what hostile input deserves.
  }
  try {
    const auto written =
        merge::to_json(merge::conflict_from_json(parse_json(text, "fuzz"), "fuzz"));
    if (merge::to_json(merge::conflict_from_json(written, "again")) != written) std::abort();
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
    // The same.
  }
  return 0;
}
