#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "changeset/changeset.hpp"

/// Whatever is read must either be refused with an Error or be written and read back equal.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using doppel::changeset::from_json;
  using doppel::changeset::to_json;
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto changes = from_json(doppel::parse_json(text, "fuzz"), "fuzz");
    const std::string written = write_json(to_json(changes), doppel::JsonStyle::kCompact);
    if (!(from_json(doppel::parse_json(written, "again"), "again") == changes)) std::abort();
  } catch (const doppel::Error&) {  // NOLINT(bugprone-empty-catch)
    // Refused: what hostile input deserves.
  }
  return 0;
}
