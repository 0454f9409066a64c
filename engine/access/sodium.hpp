#pragma once

#include <string_view>

#include "base/error.hpp"

/// What the files that call libsodium share.
namespace doppel::access {

/// Before any call; does its work once. Throws Error(kInternal).
void prepare_sodium();

const unsigned char* as_bytes(std::string_view text);

}  // namespace doppel::access
