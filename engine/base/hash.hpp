#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/value.hpp"

namespace doppel {

/// SHA-256, for everything that somebody may want to verify: plans, snapshots, content.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void add(std::string_view bytes);
  /// A length before the bytes, so that ("ab","c") differs from ("a","bc").
  void add_framed(std::string_view bytes);
  /// The canonical form of a value: kind, length, bytes; numbers as eight bytes, big endian.
  void add_value(const Value& value);

  /// Sixty-four hexadecimal digits. Ends the hash.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256(std::string_view bytes);

}  // namespace doppel
