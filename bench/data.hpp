#pragma once

#include <filesystem>
#include <string>

#include "manifest/model.hpp"

/// The data sets, made from seeds once and kept in build/bench-data.
namespace doppel::bench {

namespace fs = std::filesystem;

/// CRM: one config table `contacts` of a million rows of ten columns, and a little data.
inline constexpr std::int64_t kCrmRows = 1'000'000;
fs::path crm_database();
std::string crm_manifest();

/// CFG: config tables t00 to t19 of 500 rows each, every one referring to the one before it, names
/// unique; and a data table of 20,000 rows that refers to t19 by an index and to t05 without one.
inline constexpr int kCfgTables = 20;
inline constexpr int kCfgRows = 500;
fs::path cfg_database();
std::string cfg_manifest();
std::string cfg_table(int number);  ///< t00, t01, ...

/// The manifest bound to the file.
manifest::Model model_of(const std::string& manifest, const fs::path& database);

/// An empty folder of this name beside the data sets, for what a benchmark writes.
fs::path fresh_folder(const std::string& name);

/// A plain copy of a database file that nobody has open.
fs::path copy_database(const fs::path& from, const fs::path& to);

}  // namespace doppel::bench
