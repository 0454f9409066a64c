#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.hpp"
#include "manifest/manifest.hpp"

/// What the desk's collections are: read from the schema and the manifest that the binary carries,
/// so that a new kind of record is a matter of these two.
namespace doppel::desk {

enum class FieldType {
  kText,
  kInteger,
  kBoolean,    ///< 0 or 1
  kInstant,    ///< 2026-11-22T09:15:00.123456Z
  kDate,       ///< 2026-11-22
  kChoice,     ///< a text out of Field::choices
  kReference,  ///< a key of another collection
  kJson,       ///< text that is a JSON document
  kBytes,
};

std::string_view to_text(FieldType type);

struct Field {
  std::string name;
  FieldType type = FieldType::kText;
  bool nullable = false;
  bool writable = true;   ///< else the desk sets it
  bool hidden = false;    ///< a credential: neither shown nor asked for
  bool personal = false;  ///< shown in clear to who may read unmasked
  Value default_value = {};
  std::vector<std::string> choices = {};
  std::optional<std::int64_t> least = {}, most = {};
  std::string refers_to = {};  ///< collection
  /// Whether whoever creates a record has to give it.
  bool required() const { return writable && !nullable && default_value.is_null(); }
};

struct Collection {
  std::string name;  ///< also its table's
  manifest::Role role = manifest::Role::kData;
  std::string module = {};  ///< that must be enabled; empty: it is always there
  std::string label = {};   ///< the field that people know a record by
  std::vector<Field> fields;
  bool has_custom_fields = false;

  const Field* field(std::string_view field_name) const;
  std::size_t index(std::string_view field_name) const;  ///< REQUIRES: it has the field
};

/// All collections by name. Throws Error(kInternal) where the carried files contradict each other.
using Collections = std::map<std::string, Collection, std::less<>>;
Collections read_collections();

/// Throws Error(kNotFound) with the nearest name.
const Collection& require_collection(const Collections& collections, std::string_view name);

}  // namespace doppel::desk
