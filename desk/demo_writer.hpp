#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "database/connection.hpp"
#include "desk/schema.hpp"

/// Rows of the demo on their way into the database. Internal to this room.
namespace doppel::desk {

/// Collects rows by table and writes them in the order in which references stand.
class DemoWriter {
 public:
  explicit DemoWriter(database::Connection& connection) : connection_(connection) {}

  /// Tables are written in the order of their first column lists. `columns` are those besides id,
  /// version, created_at and updated_at, which every row has.
  void table(const std::string& name, std::vector<std::string> columns);
  void add(const std::string& table, std::string id, Instant at, std::vector<Value> values);
  /// Writes what there is, in one transaction.
  void flush();
  /// flush(), once enough has come together.
  void flush_if_full();

  const std::map<std::string, std::int64_t>& counts() const { return counts_; }

 private:
  struct Table {
    std::string name;
    std::vector<std::string> columns;
    std::vector<Row> rows;
  };
  database::Connection& connection_;
  std::vector<Table> tables_;
  std::map<std::string, std::size_t> places_;
  std::map<std::string, std::int64_t> counts_;
  std::size_t pending_ = 0;
};

/// A key as of that instant.
std::string demo_id(Random& random, Instant at);

}  // namespace doppel::desk
