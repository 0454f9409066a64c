#pragma once

#include <string_view>
#include <vector>

/// The files of this room that the binary carries. Internal to this room; made by CMake.
namespace doppel::desk {

struct EmbeddedText {
  std::string_view path;  ///< in the room: schema/0001_configuration.sql
  std::string_view text;
};

const std::vector<EmbeddedText>& embedded_texts();

/// Throws Error(kInternal) for one that isn't there.
std::string_view embedded_text(std::string_view path);

}  // namespace doppel::desk
