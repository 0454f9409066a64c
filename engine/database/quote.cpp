#include "database/quote.hpp"

#include "base/error.hpp"

namespace doppel::database {

std::string quote_name(std::string_view name) {
  if (name.empty() || name.find('\0') != std::string_view::npos) {
    throw Error(ErrorCode::kInvalidInput, "a name is empty or holds a NUL byte");
  }
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string quote_names(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    if (!list.empty()) list += ", ";
    list += quote_name(name);
  }
  return list;
}

}  // namespace doppel::database
