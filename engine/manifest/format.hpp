#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.hpp"
#include "manifest/manifest.hpp"

/// The words of a manifest and how its nodes are read. Internal to this room.
namespace doppel::manifest {

inline constexpr std::size_t kPatternBytesLimit = 2'000;
inline constexpr std::size_t kProblemLimit = 1'000;
inline constexpr std::size_t kTableLimit = 10'000;
inline constexpr std::size_t kListLimit = 2'000;  ///< names in a list, references of a table

using Words = std::span<const std::string_view>;

std::optional<MergeUnit> parse_merge_unit(std::string_view text);
Words merge_unit_words();
Words role_words();
/// The kinds of personal data that `personal:` may name.
Words personal_words();

/// "; did you mean 'config'?" or the list of what is known.
std::string remedy_for_unknown(std::string_view word, const std::vector<std::string>& known);
std::vector<std::string> to_strings(Words words);

/// Reads nodes as what they must be and collects every mistake; a read that fails says so and
/// gives an empty answer, so that reading goes on.
class FormatReader {
 public:
  explicit FormatReader(std::string_view file) : file_(file) {}

  Place place(const yaml::Node& node) const { return {file_, node.line}; }
  void error(const yaml::Node& at, const std::string& message, const std::string& remedy);

  /// `what` names the place in messages: "queues.role".
  bool is_mapping(const yaml::Node& node, const std::string& what);
  void only_words(const yaml::Node& mapping, const std::string& what, Words words);
  std::optional<std::string> text(const yaml::Node& node, const std::string& what);
  std::optional<bool> flag(const yaml::Node& node, const std::string& what);
  /// A scalar as the value it means: a plain canonical number is a number, the rest is text.
  std::optional<Value> value(const yaml::Node& node, const std::string& what);
  /// One name, or a list of names, each once.
  std::vector<std::string> names(const yaml::Node& node, const std::string& what);
  /// One text, or a list of texts.
  std::vector<std::string> texts(const yaml::Node& node, const std::string& what);
  std::optional<Role> role(const yaml::Node& node, const std::string& what);

  std::vector<Problem>& problems() { return problems_; }

 private:
  std::string file_;
  std::vector<Problem> problems_;
};

/// Reads one entry of `tables:` (name and what is said of it).
TableEntry read_table(FormatReader& reader, const yaml::Node& name, const yaml::Node& node);

std::vector<ReferenceEntry> read_references(FormatReader& reader, const yaml::Node& node,
                                            const std::string& table);
std::vector<ColumnEntry> read_columns(FormatReader& reader, const yaml::Node& node,
                                      const std::string& table);

}  // namespace doppel::manifest
