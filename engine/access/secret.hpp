#pragma once

#include <string>
#include <string_view>

#include "base/random.hpp"

/// What opens a door, and how it is kept: chance from base's Random, hashes and MACs from
/// libsodium. Pure but for that.
namespace doppel::access {

/// 256 bits of chance as 43 letters, digits, `-` and `_`.
std::string make_secret(Random& random);

/// How a secret of 256 bits is stored: SHA-256 in hexadecimal. Not for passwords.
std::string hash_secret(std::string_view secret);

/// HMAC-SHA-256 of the parts, each with its length before it, as 43 letters. The key may be of any
/// length.
std::string mac(std::string_view key, std::initializer_list<std::string_view> parts);

/// Whether two texts are the same, in a time that depends on their lengths alone.
bool same_secret(std::string_view a, std::string_view b);

/// RFC 4648's letters for addresses, without padding.
std::string to_base64url(std::string_view bytes);

/// Bytes of chance, a multiple of eight.
std::string random_bytes(Random& random, std::size_t count);

}  // namespace doppel::access
