#include "manifest/column_type.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.hpp"

namespace doppel::manifest {
namespace {

struct TypeWord {
  std::string_view begins;
  TypeFamily family;
};

/// The first that fits counts. A type named nowhere is unknown.
constexpr std::array kTypeWords{
    TypeWord{"interval", TypeFamily::kTime},     TypeWord{"int", TypeFamily::kInteger},
    TypeWord{"bigint", TypeFamily::kInteger},    TypeWord{"smallint", TypeFamily::kInteger},
    TypeWord{"tinyint", TypeFamily::kInteger},   TypeWord{"mediumint", TypeFamily::kInteger},
    TypeWord{"unsigned", TypeFamily::kInteger},  TypeWord{"serial", TypeFamily::kInteger},
    TypeWord{"bigserial", TypeFamily::kInteger}, TypeWord{"smallserial", TypeFamily::kInteger},
    TypeWord{"bool", TypeFamily::kBoolean},      TypeWord{"bit", TypeFamily::kBoolean},
    TypeWord{"date", TypeFamily::kTime},         TypeWord{"time", TypeFamily::kTime},
    TypeWord{"year", TypeFamily::kTime},         TypeWord{"num", TypeFamily::kNumber},
    TypeWord{"dec", TypeFamily::kNumber},        TypeWord{"real", TypeFamily::kNumber},
    TypeWord{"double", TypeFamily::kNumber},     TypeWord{"float", TypeFamily::kNumber},
    TypeWord{"money", TypeFamily::kNumber},      TypeWord{"uuid", TypeFamily::kUuid},
    TypeWord{"char", TypeFamily::kText},         TypeWord{"varchar", TypeFamily::kText},
    TypeWord{"nchar", TypeFamily::kText},        TypeWord{"nvarchar", TypeFamily::kText},
    TypeWord{"varying", TypeFamily::kText},      TypeWord{"bpchar", TypeFamily::kText},
    TypeWord{"text", TypeFamily::kText},         TypeWord{"citext", TypeFamily::kText},
    TypeWord{"clob", TypeFamily::kText},         TypeWord{"tinytext", TypeFamily::kText},
    TypeWord{"mediumtext", TypeFamily::kText},   TypeWord{"longtext", TypeFamily::kText},
    TypeWord{"blob", TypeFamily::kBytes},        TypeWord{"bytea", TypeFamily::kBytes},
    TypeWord{"binary", TypeFamily::kBytes},      TypeWord{"varbinary", TypeFamily::kBytes},
};

}  // namespace

TypeFamily family_of(std::string_view declared_type) {
  const std::string type = to_lower_ascii(trim(declared_type));
  if (type.find('[') != std::string::npos) return TypeFamily::kUnknown;
  const auto found = std::ranges::find_if(
      kTypeWords, [&](const TypeWord& word) { return type.starts_with(word.begins); });
  return found == kTypeWords.end() ? TypeFamily::kUnknown : found->family;
}

bool holds_text(TypeFamily family) {
  return family == TypeFamily::kText || family == TypeFamily::kBytes ||
         family == TypeFamily::kUnknown;
}

bool can_equal(TypeFamily a, TypeFamily b) {
  const auto is_number = [](TypeFamily family) {
    return family == TypeFamily::kInteger || family == TypeFamily::kNumber ||
           family == TypeFamily::kBoolean;
  };
  if (a == TypeFamily::kUnknown || b == TypeFamily::kUnknown) return true;
  return is_number(a) == is_number(b);
}

Value stored_as(const Value& written, TypeFamily family) {
  if (family == TypeFamily::kText && written.kind() == ValueKind::kInteger) {
    return Value(std::to_string(written.integer()));
  }
  if (family == TypeFamily::kText && written.kind() == ValueKind::kReal) {
    return Value(format_real(written.real()));
  }
  if (written.kind() != ValueKind::kText) return written;
  if (family == TypeFamily::kBoolean && written.text() == "true") return Value(1);
  if (family == TypeFamily::kBoolean && written.text() == "false") return Value(0);
  const auto integer = parse_integer(written.text());
  const bool is_number = family == TypeFamily::kInteger || family == TypeFamily::kNumber;
  return is_number && integer ? Value(*integer) : written;
}

}  // namespace doppel::manifest
