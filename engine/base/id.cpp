#include "base/id.hpp"

#include <fmt/core.h>

namespace doppel {

std::string make_uuid7(const Clock& clock, Random& random) {
  const auto milliseconds = static_cast<std::uint64_t>(clock.now().microseconds / 1000);
  const std::uint64_t a = random.next();
  const std::uint64_t b = random.next();
  return fmt::format("{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}", (milliseconds >> 16) & 0xffffffffULL,
                     milliseconds & 0xffff, a & 0xfff, 0x8000 | ((a >> 12) & 0x3fff),
                     b & 0xffffffffffffULL);
}

}  // namespace doppel
