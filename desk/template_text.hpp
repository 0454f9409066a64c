#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Templates of mails and documents. `{{account.name}}` is a value, `{{#if case.category_id}}...
/// {{else}}...{{/if}}` a condition (something that isn't empty or 0), `{{#each lines}}...{{/each}}`
/// a loop. Pure.
namespace doppel::desk {

/// What a template can name.
struct TemplateData {
  std::map<std::string, std::string, std::less<>> values = {};
  std::map<std::string, std::vector<TemplateData>, std::less<>> lists = {};
};

enum class Escaping {
  kNone,  ///< plain text
  kHtml,
};

struct TemplateProblem {
  std::size_t line = 1;
  std::string message;
  friend bool operator==(const TemplateProblem&, const TemplateProblem&) = default;
};

struct Rendered {
  std::string text;
  std::vector<TemplateProblem> problems;  ///< names that mean nothing, blocks that don't end
};

inline constexpr std::size_t kTemplateDepth = 16;
inline constexpr std::size_t kRenderedBytes = 1'000'000;

Rendered render(std::string_view text, const TemplateData& data, Escaping escaping);

}  // namespace doppel::desk
