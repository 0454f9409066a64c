#include "base/hash.hpp"

#include <bit>

#include <openssl/evp.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() {
    if (context == nullptr || EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1) {
      throw Error(ErrorCode::kInternal, "SHA-256 is not available");
    }
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

namespace {

std::string big_endian(std::uint64_t number) {
  std::string bytes(8, '\0');
  for (std::size_t i = 8; i-- > 0; number >>= 8) bytes[i] = static_cast<char>(number & 0xff);
  return bytes;
}

}  // namespace

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(std::string_view bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

void Sha256::add_framed(std::string_view bytes) {
  add(big_endian(bytes.size()));
  add(bytes);
}

void Sha256::add_value(const Value& value) {
  const char kind = static_cast<char>(value.kind());
  add(std::string_view(&kind, 1));
  switch (value.kind()) {
    case ValueKind::kNull:
      return;
    case ValueKind::kInteger:
      return add(big_endian(static_cast<std::uint64_t>(value.integer())));
    case ValueKind::kReal:
      return add(big_endian(std::bit_cast<std::uint64_t>(value.real())));
    case ValueKind::kText:
      return add_framed(value.text());
    case ValueKind::kBlob:
      return add_framed(value.blob());
  }
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &length);
  return to_hex({reinterpret_cast<const char*>(digest.data()), length});
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

}  // namespace doppel
