#pragma once

#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>
#include <boost/json/value.hpp>

#include "base/value.hpp"

namespace doppel {

namespace json = boost::json;

/// Reads one JSON document. Throws Error(kInvalidInput) with `source`:line:column as its place.
/// Limits: depth 64, no duplicate keys are detected (the last one wins).
json::value parse_json(std::string_view text, std::string_view source);

enum class JsonStyle {
  kCompact,  ///< one line, no blanks: for storage and hashing
  kPretty,   ///< two blanks a level, for people and --json
};

/// Writes JSON with numbers that read back exactly and look as people write them (0.1, not 1E-1).
std::string write_json(const json::value& value, JsonStyle style);

/// A database value in JSON, exactly and reversibly: null, numbers and text as they are, and where
/// JSON has no such thing an object with one key: {"integer": "9007199254740993"} beyond 2^53,
/// {"real": "inf"}, {"text_hex": "c328"} for text that isn't UTF-8, {"blob_hex": "00ff"}.
json::value to_json(const Value& value);
json::value to_json(const std::vector<Value>& values);

/// Appends what write_json(to_json(values), kCompact) gives, without the tree between: snapshots
/// and stored changesets are made of rows and little else.
void append_json(const std::vector<Value>& values, std::string& out);
/// A text as JSON, with its quotes.
void append_json(std::string_view text, std::string& out);

/// The inverse of to_json. Throws Error(kInvalidInput) with `place`.
Value value_from_json(const json::value& value, std::string_view place);
std::vector<Value> values_from_json(const json::value& values, std::string_view place);

/// Member access with an error that names place and member.
const json::value& member(const json::value& object, std::string_view name, std::string_view place);
std::string text_member(const json::value& object, std::string_view name, std::string_view place);

}  // namespace doppel
