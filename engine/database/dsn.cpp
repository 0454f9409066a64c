#include "database/dsn.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::database {
namespace {

constexpr std::string_view kForms = "write sqlite:PATH or postgresql://...";
constexpr std::size_t kShown = 200;
constexpr std::string_view kHidden = "***";

[[noreturn]] void refuse(std::string_view text, const std::string& message, std::string remedy) {
  throw Error(ErrorCode::kUsage, message,
              {.place = printable(without_secrets(text), kShown), .remedy = std::move(remedy)});
}

/// The part before the first colon, if it looks like a scheme: two letters at least, so that a
/// drive's letter is none.
std::string scheme_of(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon < 2) return {};
  const std::string_view name = text.substr(0, colon);
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-' ||
                        (c >= '0' && c <= '9');
    if (!letter) return {};
  }
  return to_lower_ascii(name);
}

Dsn parse_sqlite(std::string_view text, std::string_view path) {
  if (path.empty()) refuse(text, "the DSN names no file", "write sqlite:PATH");
  if (path.find('\0') != std::string_view::npos) {
    refuse(text, "the path holds a NUL byte", "write sqlite:PATH");
  }
  if (path == ":memory:") {
    refuse(text, "a database in memory is gone with its connection", "name a file: sqlite:PATH");
  }
  // sqlite:///folder/file is what other tools write; the extra slashes mean nothing in a path.
  if (path.starts_with("///")) path.remove_prefix(2);
  if (path.starts_with("//")) {
    refuse(text, "a SQLite database is a file and has no host", "write sqlite:PATH");
  }
  return {.scheme = Scheme::kSqlite, .rest = std::string(path)};
}

/// What stands behind the scheme is libpq's to read.
Dsn parse_postgresql(std::string_view text, std::size_t scheme) {
  constexpr std::string_view kForm = "write postgresql://ROLE@HOST/DATABASE";
  if (!text.substr(scheme).starts_with("://")) {
    refuse(text, "the DSN is no URI", std::string(kForm));
  }
  if (text.find('\0') != std::string_view::npos) {
    refuse(text, "the DSN holds a NUL byte", std::string(kForm));
  }
  return {.scheme = Scheme::kPostgresql, .rest = "postgresql" + std::string(text.substr(scheme))};
}

}  // namespace

Dsn parse_dsn(std::string_view text) {
  if (text.empty()) refuse(text, "the DSN is empty", std::string(kForms));
  const std::string scheme = scheme_of(text);
  if (scheme == "sqlite") return parse_sqlite(text, text.substr(scheme.size() + 1));
  if (scheme == "postgresql" || scheme == "postgres") {
    return parse_postgresql(text, scheme.size());
  }
  if (scheme.empty()) {
    refuse(text, "the DSN says not what kind of database it is",
           "write sqlite:" + printable(without_secrets(text), kShown));
  }
  refuse(text, "'" + scheme + "' is no kind of database that doppel knows", std::string(kForms));
}

std::string without_secrets(std::string_view text) {
  std::string shown(text);
  // A password may hold any character that somebody forgot to escape: rather hide too much.
  const auto host = shown.find("://");
  const auto at = shown.rfind('@');
  if (host != std::string::npos && at != std::string::npos) {
    const auto colon = shown.find(':', host + 3);
    if (colon < at) shown.replace(colon + 1, at - colon - 1, kHidden);
  }
  constexpr std::string_view kParameter = "password=";
  const auto parameter = to_lower_ascii(shown).find(kParameter);
  if (parameter != std::string::npos) {
    const auto start = parameter + kParameter.size();
    const auto end = std::min(shown.find('&', start), shown.size());
    shown.replace(start, end - start, kHidden);
  }
  return shown;
}

}  // namespace doppel::database
