#include "adapters/postgres/overlay_names.hpp"

#include <algorithm>

#include "adapters/postgres/connection.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "database/quote.hpp"

namespace doppel::postgres {
namespace {

constexpr std::string_view kPassingSuffix = ".next";
/// Leaves room for prefix and suffix in the 63 bytes of a name.
constexpr std::size_t kLongestId = 40;

bool is_plain(std::string_view id) {
  return !id.empty() && id.size() <= kLongestId && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

SandboxNames names_of(const database::OverlaySpec& spec) {
  std::string id = spec.folder.filename().string();
  const bool passing = id.ends_with(kPassingSuffix);
  if (passing) id.resize(id.size() - kPassingSuffix.size());
  std::erase(id, '-');
  if (!is_plain(id)) id = sha256(id).substr(0, 24);
  SandboxNames names;
  names.schema = std::string(kSandboxPrefix) + id + (passing ? "_next" : "");
  names.delta = names.schema + std::string(kDeltaSuffix);
  names.role = "doppel_" + id;
  names.writer = names.role + std::string(kWriterSuffix);
  names.passing = passing;
  return names;
}

bool sees_shared(const std::vector<std::string>& path) {
  return !path.empty() && path.front().starts_with(kSharedViews);
}

std::string tables_schema(const std::vector<std::string>& path) {
  if (!sees_shared(path)) return path.at(0);
  return std::string(kSharedRows) + path.front().substr(kSharedViews.size());
}

std::string key_lead(const std::vector<std::string>& path) {
  return sees_shared(path) ? std::string(kSandboxColumn) + ", " : "";
}

std::string quote_text(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    throw Error(ErrorCode::kInvalidInput, "PostgreSQL keeps no text with a NUL byte");
  }
  // With standard_conforming_strings, which every connection sets, nothing else is special.
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

std::string text_array(const std::vector<std::string>& texts) {
  std::string array = "{";
  for (const std::string& text : texts) {
    if (array.size() > 1) array += ',';
    array += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
  return array + "}";
}

std::string path_list(const std::vector<std::string>& schemas) {
  std::string list;
  for (const std::string& schema : schemas) {
    if (!list.empty()) list += ", ";
    list += database::quote_name(schema);
  }
  return list;
}

}  // namespace doppel::postgres
