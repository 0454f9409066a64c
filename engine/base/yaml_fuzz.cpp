#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"

namespace {

using doppel::Error;
using doppel::ErrorCode;

void check(bool holds) {
  if (!holds) std::abort();
}

/// Any bytes are read or refused with a place, and nothing else happens.
void read(const std::string& text) {
  try {
    doppel::yaml::parse(text, "fuzz.yaml");
  } catch (const Error& error) {
    check(error.code() == ErrorCode::kInvalidInput);
    check(error.place().starts_with("fuzz.yaml"));
  }
}

/// What quote() writes is read back as the same text.
void quote_and_read(const std::string& text) {
  if (!doppel::is_valid_utf8(text)) return;
  check(doppel::yaml::parse(doppel::yaml::quote(text), "fuzz.yaml").scalar == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read(text);
  quote_and_read(text);
  return 0;
}
