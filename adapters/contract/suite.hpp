#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/contract/backend.hpp"
#include "base/error.hpp"

/// The fixture of the suite; included by its tests only.
namespace doppel::contract {

using database::Access;
using database::TransactionKind;

class Contract : public testing::TestWithParam<BackendKind> {
 protected:
  void SetUp() override {
    backend = GetParam().make(schema);
    connection = backend->connect(Access::kReadWrite);
  }

  TableShapePtr shape(const std::string& table) const {
    return database::shape_of(*schema.table(table), schema.table(table)->primary_key);
  }
  RowChange insert(const std::string& table, const Row& row) const {
    return {shape(table), shape(table)->key_of(row), std::nullopt, row};
  }
  RowChange update(const std::string& table, const Row& before, const Row& after) const {
    return {shape(table), shape(table)->key_of(before), before, after};
  }
  RowChange erase(const std::string& table, const Row& row) const {
    return {shape(table), shape(table)->key_of(row), row, std::nullopt};
  }

  /// Applies and commits; what moved is a failure of the test.
  void apply(const std::vector<RowChange>& changes) const {
    const auto transaction = connection->begin(TransactionKind::kWrite);
    ASSERT_TRUE(connection->apply_changes(changes).empty());
    transaction->commit();
  }

  static std::vector<Row> all_rows(database::Connection& from, const TableShape& table) {
    std::vector<Row> rows;
    from.scan_rows(table, {}, [&](Row&& row) { rows.push_back(std::move(row)); });
    return rows;
  }
  std::vector<Row> all_rows(const std::string& table) const {
    return all_rows(*connection, *shape(table));
  }
  std::optional<Row> row(const std::string& table, const Key& key) const {
    return connection->read_rows(*shape(table), std::span(&key, 1)).front();
  }

  const database::Schema schema = suite_schema(GetParam().dialect);
  std::unique_ptr<Backend> backend;
  std::unique_ptr<database::Connection> connection;
};

/// The error that a call throws, as "code: text"; empty when it throws none.
template <typename Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return std::string(error_info(error.code()).name) + ": " + error.what();
  }
  return {};
}

}  // namespace doppel::contract
