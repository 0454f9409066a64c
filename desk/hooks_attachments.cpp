#include <algorithm>

#include "base/text.hpp"
#include "desk/hooks.hpp"

/// Files that come with messages: names and types that are safe to give back.
namespace doppel::desk {
namespace {

constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestType = 127;

bool is_type_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
}

/// `type/subtype` as RFC 6838 has them.
bool is_media_type(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || text.size() > kLongestType) return false;
  const std::string_view type = text.substr(0, slash);
  const std::string_view subtype = text.substr(slash + 1);
  return !type.empty() && !subtype.empty() && std::ranges::all_of(type, is_type_letter) &&
         std::ranges::all_of(subtype, is_type_letter);
}

bool is_file_name(std::string_view text) {
  const bool has_bad = std::ranges::any_of(
      text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f' || c == '/' || c == '\\'; });
  return !has_bad && text.size() <= kLongestName && text != "." && text != "..";
}

}  // namespace

void shape_attachment(Workplace& /*place*/, Draft& draft) {
  if (!is_file_name(draft.text("file_name"))) {
    draft.refuse("file_name", "can't be the name of a file",
                 "give up to 255 bytes without folders and control characters");
  }
  if (!is_media_type(draft.text("media_type"))) {
    draft.refuse("media_type", "is no media type", "write one like application/pdf");
  }
}

}  // namespace doppel::desk
