#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_tree.hpp"
#include "base/value.hpp"
#include "base/yaml.hpp"

/// Database values as YAML, exactly and reversibly.
namespace doppel::code {

/// Where a scalar stands: inside `{ }` and `[ ]` more has to be quoted.
enum class Context { kBlock, kFlow };

/// NULL as `~`, numbers and text as they are, text in quotes where it would be read as something
/// else; what YAML can't hold as `{$blob: 00ff}`, `{$text: c328}`.
std::string scalar(const Value& value, Context context);

/// Text of several lines as a block whose lines begin with `indent` blanks; nothing where a block
/// can't hold it exactly.
std::optional<std::string> block(std::string_view text, std::size_t indent);

/// A plain scalar as the value that it means; quoted ones are text.
Value read_scalar(const yaml::Node& node);

/// How a JSON text is written so that it reads back as the same bytes; nothing where it can't be.
std::optional<JsonSpacing> spacing_of(std::string_view text, const JsonTree& tree);

/// The lines below `label:`, each with `indent` blanks; `{}` and `[]` and short lists beside it.
std::string json_lines(const JsonTree& tree, std::size_t indent);

/// Throws Error(kInvalidInput) at what is no JSON: text that JSON would need no quotes for is text.
JsonTree json_from(const yaml::Node& node);

}  // namespace doppel::code
