#include "base/random.hpp"

#include <sys/random.h>

#include "base/error.hpp"

namespace doppel {

std::uint64_t Random::below(std::uint64_t bound) {
  // The numbers under 2^64 mod bound would make the low results likelier.
  const std::uint64_t biased = (0 - bound) % bound;
  while (true) {
    const std::uint64_t number = next();
    if (number >= biased) return number % bound;
  }
}

std::uint64_t SystemRandom::next() {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != ssize_t{sizeof number}) {
    throw Error(ErrorCode::kIo, "the operating system gives no random numbers");
  }
  return number;
}

std::uint64_t SeededRandom::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace doppel
