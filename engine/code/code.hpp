#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "changeset/changeset.hpp"
#include "manifest/model.hpp"

/// Config as code [P10]: the config of an environment as a folder of YAML files by natural key, and
/// such a folder as changes of an environment. The format is documented in docs/formats/code.md.
/// Pure: what must be known of rows outside the config is asked of `Surroundings`.
namespace doppel::code {

/// A folder as a value: text by file name.
using Files = std::map<std::string, std::string>;

/// The file that says of which application and tenant a folder is.
inline constexpr const char* kHeadFile = "doppel.yaml";

/// A column as the database declares it.
struct ColumnFacts {
  Value initial;             ///< what a new row has where nobody says: the default, or NULL
  bool needs_value = false;  ///< NOT NULL without a default
  enum class Holds { kAnything, kText, kInteger } holds = Holds::kAnything;
};

/// The environment around its config.
struct Surroundings {
  /// A row of any table by its key.
  manifest::RowLookup row;
  /// Rows of a table that is no config whose `columns` hold `values`.
  std::function<std::vector<Row>(const manifest::TableModel& table,
                                 const std::vector<std::size_t>& columns,
                                 const std::vector<Value>& values)>
      find;
  /// Keys that no row of the table has.
  std::function<std::vector<std::int64_t>(const manifest::TableModel& table, std::size_t count)>
      new_keys;
  std::function<ColumnFacts(const manifest::TableModel& table, std::size_t column)> column;
};

enum class Keys {
  kWhereNeeded,  ///< of rows that have no other name
  kAll,          ///< of every row with a key that the database gave: renamed rows are known by it
};

struct WriteOptions {
  std::string tenant;
  Keys keys = Keys::kWhereNeeded;
};

/// The same config gives the same bytes. Secrets, bindings and volatile columns are left out.
/// Throws Error(kInvalidInput) for a table or column whose name isn't UTF-8.
Files write(const manifest::Model& model, const changeset::State& config,
            const Surroundings& surroundings, const WriteOptions& options);

/// What is done with rows of a table that its file doesn't name.
enum class Missing { kKeep, kDelete };

struct ReadOptions {
  std::string tenant;  ///< keys are only believed that were written of this one
  Missing missing = Missing::kKeep;
};

struct Read {
  std::vector<manifest::Problem> problems;  ///< with errors nothing else is to be used
  changeset::ChangeSet changes;             ///< from `config` to what the folder says
  /// Rows that the files of their tables don't name: table and label.
  std::vector<std::pair<std::string, std::string>> missing;
};

/// What the folder says of an environment whose config is `config`. Tables without a file are left
/// alone, so are columns that a row doesn't name. read(write(config)) changes nothing.
Read read(const manifest::Model& model, const Files& files, const changeset::State& config,
          const Surroundings& surroundings, const ReadOptions& options);

}  // namespace doppel::code
