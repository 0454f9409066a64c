#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace doppel::http {

/// Headers by which a client says what it wants. What can't be read in a list is passed over, as
/// RFC 9110 has it for headers that only express wishes; If-Match is a condition and is refused.

/// Which of the offered media types ("application/json") the header Accept likes best; among equals
/// the one offered first. Nothing when it takes none of them. Without the header: the first.
std::optional<std::string> preferred_type(std::string_view accept,
                                          const std::vector<std::string>& offered);

/// A media type as Content-Type has it.
struct ContentType {
  std::string type;          ///< "application/json", in lower case; "" when there is none
  std::string charset = {};  ///< in lower case; "" when it isn't given
};
ContentType parse_content_type(std::string_view header);

/// The header Prefer (RFC 7240): `dry-run`, `return=minimal`, `wait=10`.
struct Preferences {
  struct Preference {
    std::string name;   ///< in lower case
    std::string value;  ///< "" when there is none
  };
  std::vector<Preference> preferences;

  bool has(std::string_view name) const { return find(name) != nullptr; }
  /// The value of the first of this name; null when it isn't there.
  const std::string* find(std::string_view name) const;
};
Preferences parse_prefer(std::string_view header);

/// A version of a resource as ETag writes it (RFC 9110, section 8.8.3).
struct EntityTag {
  enum class Strength { kStrong, kWeak };
  std::string text;  ///< without its quotes
  Strength strength = Strength::kStrong;
};

/// `"7"` or `W/"7"`. REQUIRES: no quotes and control characters in it.
std::string to_header(const EntityTag& tag);

/// If-Match and If-None-Match.
struct TagCondition {
  bool is_any = false;  ///< `*`: any version, as long as there is one
  std::vector<EntityTag> tags;

  /// For If-Match, which guards writes: weak tags never match.
  bool matches_strongly(std::string_view tag) const;
  /// For If-None-Match, which saves an answer.
  bool matches_weakly(std::string_view tag) const;
};

/// Throws Error(kMalformedRequest) for anything that isn't `*` or a list of tags.
TagCondition parse_tags(std::string_view header);

}  // namespace doppel::http
