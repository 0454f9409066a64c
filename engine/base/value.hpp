#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace doppel {

/// Bytes that are no text.
struct Blob {
  std::string bytes;
  friend auto operator<=>(const Blob&, const Blob&) = default;
};

enum class ValueKind : std::uint8_t { kNull, kInteger, kReal, kText, kBlob };

/// One value of a database, exactly as the database holds it: nothing passes through another type.
/// Equality is identity of kind and bits (1 differs from 1.0, 0.0 from -0.0; text may hold NUL and
/// invalid UTF-8), because a diff that calls two stored values equal when they aren't loses an
/// edit.
class Value {
 public:
  Value() = default;
  Value(std::int64_t integer) : data_(integer) {}             // NOLINT(google-explicit-constructor)
  Value(int integer) : data_(std::int64_t{integer}) {}        // NOLINT(google-explicit-constructor)
  Value(double real) : data_(real) {}                         // NOLINT(google-explicit-constructor)
  Value(std::string text) : data_(std::move(text)) {}         // NOLINT(google-explicit-constructor)
  Value(const char* text) : data_(std::string(text)) {}       // NOLINT(google-explicit-constructor)
  Value(std::string_view text) : data_(std::string(text)) {}  // NOLINT
  Value(Blob blob) : data_(std::move(blob)) {}                // NOLINT(google-explicit-constructor)

  ValueKind kind() const { return static_cast<ValueKind>(data_.index()); }
  bool is_null() const { return kind() == ValueKind::kNull; }

  /// REQUIRES: kind() is the one asked for.
  std::int64_t integer() const { return std::get<std::int64_t>(data_); }
  double real() const { return std::get<double>(data_); }
  const std::string& text() const { return std::get<std::string>(data_); }
  const std::string& blob() const { return std::get<Blob>(data_).bytes; }

  friend bool operator==(const Value& a, const Value& b) { return (a <=> b) == 0; }
  /// A total order: by kind, then by value; reals by the order of their bits (IEEE 754 totalOrder).
  friend std::strong_ordering operator<=>(const Value& a, const Value& b);

 private:
  std::variant<std::monostate, std::int64_t, double, std::string, Blob> data_;
};

/// The values of one row, in the order of its TableShape's columns.
using Row = std::vector<Value>;
/// The values of a row's key columns, in key order.
using Key = std::vector<Value>;

std::size_t hash_value(const Value& value);
std::size_t hash_value(const std::vector<Value>& values);

struct RowHash {
  std::size_t operator()(const std::vector<Value>& values) const { return hash_value(values); }
};

/// For people and messages: NULL, 12, 1.5, 'text', x'00ff'. Long text is cut with an ellipsis.
std::string display(const Value& value);
std::string display(const std::vector<Value>& values);

/// The exact form of a number in text; reals with the fewest digits that read back as the same bits
/// and always a sign that they are reals (`1.0`, `-0.0`, `1e+300`).
std::string format_real(double real);

}  // namespace doppel
