#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "database/overlay.hpp"

/// What a sandbox's things are called in the application's database.
namespace doppel::postgres {

struct SandboxNames {
  std::string schema;    ///< zz_doppel_ID; with a suffix for the one that a refresh makes beside it
  std::string role;      ///< doppel_ID: the same for both
  bool passing = false;  ///< whether this is the one that a refresh makes
};

/// By the name of the spec's folder, which is the sandbox's id.
SandboxNames names_of(const database::OverlaySpec& spec);

/// A text as a literal: for statements that take no parameters.
std::string quote_text(std::string_view text);

/// `{"a","b"}`: texts as one parameter of type text[].
std::string text_array(const std::vector<std::string>& texts);

/// The schemas of a search_path, quoted and separated.
std::string path_list(const std::vector<std::string>& schemas);

}  // namespace doppel::postgres
