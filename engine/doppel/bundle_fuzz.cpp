#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "doppel/bundle.hpp"

/// What is read of a sandbox that ended is written and read back the same, or refused with its
/// place.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const std::string written = write_bundle(doppel::read_bundle(text, "fuzz"));
    if (write_bundle(doppel::read_bundle(written, "again")) != written) std::abort();
  } catch (const doppel::Error& error) {
    if (error.code() != doppel::ErrorCode::kInvalidInput || error.place().empty()) std::abort();
  }
  return 0;
}
