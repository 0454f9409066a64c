#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "database/overlay.hpp"

/// What a sandbox's things are called in the application's database.
namespace doppel::postgres {

/// What the schema behind its views of data is called besides the sandbox's.
inline constexpr std::string_view kDeltaSuffix = "_d";
/// And the role that writes there besides the sandbox's.
inline constexpr std::string_view kWriterSuffix = "_w";

struct SandboxNames {
  std::string schema;  ///< zz_doppel_ID; with a suffix for the one that a refresh makes beside it
  std::string delta = {};   ///< the schema beside it with what stands behind its views of data
  std::string role;         ///< doppel_ID: the same for both
  std::string writer = {};  ///< who writes behind those views; it can't log in
  bool passing = false;     ///< whether this is the one that a refresh makes
};

/// By the name of the spec's folder, which is the sandbox's id.
SandboxNames names_of(const database::OverlaySpec& spec);

/// Carrier rows: tables that all sandboxes of an application share stand in kSharedRows + a number,
/// the views through which each sees its own rows in kSharedViews + the same number.
inline constexpr std::string_view kSharedRows = "zz_doppel_rows_";
inline constexpr std::string_view kSharedViews = "zz_doppel_view_";
/// Leads every shared table: whose row it is.
inline constexpr std::string_view kSandboxColumn = "doppel_sandbox";

/// Whether unqualified names mean such views.
bool sees_shared(const std::vector<std::string>& path);

/// The schema that holds the tables themselves of the sandbox whose path this is.
std::string tables_schema(const std::vector<std::string>& path);

/// What doppel's own tables of a sandbox are keyed by beside their own key: nothing, or the column
/// that says whose row it is, with a comma.
std::string key_lead(const std::vector<std::string>& path);

/// A text as a literal: for statements that take no parameters.
std::string quote_text(std::string_view text);

/// `{"a","b"}`: texts as one parameter of type text[].
std::string text_array(const std::vector<std::string>& texts);

/// The schemas of a search_path, quoted and separated.
std::string path_list(const std::vector<std::string>& schemas);

}  // namespace doppel::postgres
