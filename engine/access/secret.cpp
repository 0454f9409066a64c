#include "access/secret.hpp"

#include <sodium.h>

#include "access/sodium.hpp"
#include "base/hash.hpp"

namespace doppel::access {
namespace {

constexpr std::size_t kSecretBytes = 32;

void add_framed(crypto_auth_hmacsha256_state& state, std::string_view part) {
  std::string length(8, '\0');
  std::uint64_t size = part.size();
  for (std::size_t i = length.size(); i-- > 0; size >>= 8) {
    length[i] = static_cast<char>(size & 0xff);
  }
  crypto_auth_hmacsha256_update(&state, as_bytes(length), length.size());
  crypto_auth_hmacsha256_update(&state, as_bytes(part), part.size());
}

}  // namespace

void prepare_sodium() {
  static const int kReady = sodium_init();
  if (kReady < 0) throw Error(ErrorCode::kInternal, "libsodium can't be used");
}

const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string random_bytes(Random& random, std::size_t count) {
  std::string bytes;
  while (bytes.size() < count) {
    std::uint64_t number = random.next();
    for (int i = 0; i < 8; ++i, number >>= 8) bytes += static_cast<char>(number & 0xff);
  }
  return bytes;
}

std::string to_base64url(std::string_view bytes) {
  std::string text(
      sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium_bin2base64(text.data(), text.size(), as_bytes(bytes), bytes.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  text.pop_back();  // The NUL at its end.
  return text;
}

std::string make_secret(Random& random) { return to_base64url(random_bytes(random, kSecretBytes)); }

std::string hash_secret(std::string_view secret) { return sha256(secret); }

std::string mac(std::string_view key, std::initializer_list<std::string_view> parts) {
  prepare_sodium();
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, as_bytes(key), key.size());
  for (const std::string_view part : parts) add_framed(state, part);
  std::string digest(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(digest.data()));
  return to_base64url(digest);
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace doppel::access
