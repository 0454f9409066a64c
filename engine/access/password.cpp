#include "access/password.hpp"

#include <sodium.h>

#include "access/secret.hpp"
#include "access/sodium.hpp"
#include "base/text.hpp"

namespace doppel::access {
namespace {

constexpr std::string_view kPrefix = "$argon2id$v=19$m=";
constexpr std::size_t kSaltBytes = crypto_pwhash_SALTBYTES;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kKibibyte = 1024;

std::string base64(std::string_view bytes) {
  constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), as_bytes(bytes), bytes.size(), kVariant);
  text.pop_back();
  return text;
}

std::string argon2id(std::string_view password, std::string_view salt, const PasswordCost& cost) {
  prepare_sodium();
  std::string hash(kHashBytes, '\0');
  const int result = crypto_pwhash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                                   password.data(), password.size(), as_bytes(salt), cost.passes,
                                   cost.memory_kib * kKibibyte, crypto_pwhash_ALG_ARGON2ID13);
  if (result == 0) return hash;
  throw Error(ErrorCode::kNoSpace, "there is no memory left to hash a password",
              {.place = {}, .remedy = "try again later"});
}

std::string encoded(std::string_view password, std::string_view salt, const PasswordCost& cost) {
  return std::string(kPrefix) + std::to_string(cost.memory_kib) +
         ",t=" + std::to_string(cost.passes) + ",p=1$" + base64(salt) + "$" +
         base64(argon2id(password, salt, cost));
}

/// Of hashes that are nobody's.
std::string no_salt() { return std::string(kSaltBytes, '\0'); }

std::optional<std::string> salt_of(std::string_view stored) {
  const std::vector<std::string> parts = split(stored, '$');
  constexpr std::size_t kParts = 6;  // The first is empty.
  if (parts.size() != kParts) return std::nullopt;
  std::string salt(kSaltBytes, '\0');
  std::size_t length = 0;
  const std::string& text = parts[kParts - 2];
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(salt.data()), salt.size(), text.data(),
                        text.size(), nullptr, &length, nullptr,
                        sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0 ||
      length != kSaltBytes) {
    return std::nullopt;
  }
  return salt;
}

}  // namespace

std::string hash_password(std::string_view password, const PasswordCost& cost, Random& random) {
  return encoded(password, random_bytes(random, kSaltBytes), cost);
}

std::optional<PasswordCost> cost_of(std::string_view stored) {
  if (!stored.starts_with(kPrefix)) return std::nullopt;
  stored.remove_prefix(kPrefix.size());
  const std::vector<std::string> numbers = split(stored.substr(0, stored.find('$')), ',');
  if (numbers.size() != 3 || !numbers[1].starts_with("t=") || numbers[2] != "p=1") {
    return std::nullopt;
  }
  const auto memory = parse_integer(numbers[0]);
  const auto passes = parse_integer(std::string_view(numbers[1]).substr(2));
  // Whatever stands in a database, a guess doesn't cost more than this.
  constexpr std::int64_t kMostMemoryKib = std::int64_t{1024} * 1024;
  constexpr std::int64_t kMostPasses = 100;
  constexpr std::int64_t kLeastMemoryKib = 8;
  if (!memory || !passes || *memory < kLeastMemoryKib || *memory > kMostMemoryKib || *passes < 1 ||
      *passes > kMostPasses) {
    return std::nullopt;
  }
  return PasswordCost{static_cast<std::uint64_t>(*memory), static_cast<std::uint64_t>(*passes)};
}

bool is_password(std::string_view password, std::string_view stored, const PasswordCost& cost) {
  const auto stored_cost = cost_of(stored);
  const auto salt = salt_of(stored);
  const bool readable = stored_cost && salt;
  // Always one hash, also where there is nothing to compare it with.
  const std::string made = encoded(password.substr(0, kLongestPassword),
                                   readable ? *salt : no_salt(), readable ? *stored_cost : cost);
  return same_secret(made, stored) && readable && password.size() <= kLongestPassword;
}

std::string Passwords::hash(std::string_view password) {
  work_ += cost_.memory_kib * cost_.passes;
  return hash_password(password, cost_, random_);
}

bool Passwords::is(std::string_view password, std::string_view stored) {
  const PasswordCost cost = cost_of(stored).value_or(cost_);
  work_ += cost.memory_kib * cost.passes;
  return is_password(password, stored, cost_);
}

}  // namespace doppel::access
