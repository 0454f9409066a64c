#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/field_problem.hpp"
#include "base/random.hpp"

/// Passwords: what one may be, and how it is kept (Argon2id, RFC 9106, by libsodium).
namespace doppel::access {

/// How dear a guess is. Memory 32 MiB and three passes are above the least that OWASP's cheat sheet
/// asks for (19 MiB, two passes) and below RFC 9106's 64 MiB, so that all workers of a server can
/// sign people in at once on a small machine. One lane: libsodium has no others.
struct PasswordCost {
  std::uint64_t memory_kib = std::uint64_t{32} * 1024;
  std::uint64_t passes = 3;
  friend bool operator==(const PasswordCost&, const PasswordCost&) = default;
};

/// $argon2id$v=19$m=32768,t=3,p=1$SALT$HASH. Throws Error(kNoSpace) when the memory isn't there.
std::string hash_password(std::string_view password, const PasswordCost& cost, Random& random);

/// What a stored hash costs; nothing for what isn't one of ours.
std::optional<PasswordCost> cost_of(std::string_view stored);

/// Whether it is the password. An empty or unreadable hash is nobody's, and is compared all the
/// same with one of `cost`, so that the work tells nothing.
bool is_password(std::string_view password, std::string_view stored, const PasswordCost& cost);

/// The hashing of one server: what a password costs now, and how much was done.
class Passwords {
 public:
  Passwords(PasswordCost cost, Random& random) : cost_(cost), random_(random) {}

  std::string hash(std::string_view password);
  /// One hash of work, whatever is stored.
  bool is(std::string_view password, std::string_view stored);
  /// Whether a hash is to be made anew at the next chance: its cost isn't today's.
  bool is_outdated(std::string_view stored) const { return cost_of(stored) != cost_; }
  /// Kibibytes times passes since the beginning: what a watch would see of it.
  std::uint64_t work() const { return work_; }

 private:
  PasswordCost cost_;
  Random& random_;
  std::uint64_t work_ = 0;
};

inline constexpr std::size_t kShortestPassword = 12;  ///< letters, not bytes
inline constexpr std::size_t kLongestPassword = 256;  ///< bytes

using doppel::FieldProblem;

/// What stands against a new password; empty: nothing. `known`: login, name, e-mail of its owner.
std::vector<FieldProblem> password_problems(std::string_view password,
                                            const std::vector<std::string>& known);

}  // namespace doppel::access
