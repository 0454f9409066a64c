#include "adapters/memory/connection.hpp"

#include <algorithm>
#include <utility>

#include "adapters/memory/table_view.hpp"
#include "base/error.hpp"

namespace doppel::memory {
namespace {

/// Rows as the shape orders them, in key order.
std::vector<Row> in_shape(const TableView& view, const TableShape& shape,
                          const std::vector<const Row*>& rows) {
  const auto columns = view.positions(shape.columns);
  std::vector<Row> shaped;
  shaped.reserve(rows.size());
  for (const Row* row : rows) shaped.push_back(TableShape::project(*row, columns));
  std::ranges::stable_sort(shaped, {}, [&](const Row& row) { return shape.key_of(row); });
  return shaped;
}

bool has_null(const std::vector<Value>& values) {
  return std::ranges::any_of(values, &Value::is_null);
}

}  // namespace

class OpenTransaction final : public database::Transaction {
 public:
  explicit OpenTransaction(Connection& connection) : connection_(connection) {}
  OpenTransaction(const OpenTransaction&) = delete;
  OpenTransaction& operator=(const OpenTransaction&) = delete;
  ~OpenTransaction() override { end(); }

  void commit() override {
    if (!open_) {
      throw Error(ErrorCode::kWrongState, "the transaction has ended already",
                  {.place = {}, .remedy = "begin another one"});
    }
    if (connection_.working_) {
      Store& store = *connection_.store_;
      const auto broken =
          find_broken_reference(store.schema(), *store.committed(), *connection_.working_);
      if (broken) {
        end();
        throw Error(ErrorCode::kConstraint, broken->message,
                    {.place = broken->place, .remedy = {}});
      }
      store.commit(std::move(*connection_.working_));
    }
    end();
  }

 private:
  void end() noexcept {
    if (!std::exchange(open_, false)) return;
    connection_.snapshot_.reset();
    if (std::exchange(connection_.working_, nullptr)) connection_.store_->end_write();
  }

  Connection& connection_;
  bool open_ = true;
};

Connection::Connection(std::shared_ptr<Store> store, database::Access access)
    : store_(std::move(store)), access_(access) {}

std::shared_ptr<const State> Connection::view() const {
  if (working_) return working_;
  return snapshot_ ? snapshot_ : store_->committed();
}

std::unique_ptr<database::Transaction> Connection::begin(database::TransactionKind kind) {
  if (working_ || snapshot_) {
    throw Error(ErrorCode::kInternal, "transactions don't nest");
  }
  auto transaction = std::make_unique<OpenTransaction>(*this);
  if (kind == database::TransactionKind::kRead) {
    snapshot_ = store_->committed();
    return transaction;
  }
  if (access_ == database::Access::kReadOnly) {
    throw Error(ErrorCode::kReadOnly, "the database is open for reading only");
  }
  if (!store_->try_begin_write()) throw Error(ErrorCode::kBusy, "database is locked");
  working_ = std::make_shared<State>(*store_->committed());
  return transaction;
}

std::vector<std::optional<Row>> Connection::read_rows(const TableShape& table,
                                                      std::span<const Key> keys) {
  const auto state = view();
  const TableView rows(store_->schema(), *state, table.name);
  const auto key_columns = rows.key_positions(table);
  std::vector<std::optional<Row>> found(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto shaped = in_shape(rows, table, rows.matching(key_columns, keys[i]));
    if (!shaped.empty()) found[i] = std::move(shaped.front());
  }
  return found;
}

void Connection::scan_rows(const TableShape& table, const database::Matching& matching,
                           const database::RowSink& sink) {
  const auto state = view();
  const TableView rows(store_->schema(), *state, table.name);
  const auto found = rows.matching(rows.positions(matching.columns), matching.values);
  for (Row& row : in_shape(rows, table, found)) sink(std::move(row));
}

std::vector<std::vector<Row>> Connection::find_rows(const TableShape& table,
                                                    const std::vector<std::string>& columns,
                                                    std::span<const std::vector<Value>> values,
                                                    std::size_t limit) {
  const auto state = view();
  const TableView rows(store_->schema(), *state, table.name);
  const auto positions = rows.positions(columns);
  std::vector<std::vector<Row>> found(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (has_null(values[i])) continue;
    found[i] = in_shape(rows, table, rows.matching(positions, values[i]));
    found[i].resize(std::min(found[i].size(), limit));
  }
  return found;
}

std::vector<std::int64_t> Connection::count_rows(const std::string& table,
                                                 const std::vector<std::string>& columns,
                                                 std::span<const std::vector<Value>> values) {
  const auto state = view();
  const TableView rows(store_->schema(), *state, table);
  const auto positions = rows.positions(columns);
  std::vector<std::int64_t> counts;
  for (const std::vector<Value>& wanted : values) {
    const std::size_t count = has_null(wanted) ? 0 : rows.matching(positions, wanted).size();
    counts.push_back(static_cast<std::int64_t>(count));
  }
  return counts;
}

std::int64_t Connection::count_rows(const std::string& table) {
  const auto state = view();
  const TableView rows(store_->schema(), *state, table);
  return static_cast<std::int64_t>(rows.rows().rows.size());
}

std::vector<std::int64_t> Connection::propose_keys(const database::Table& table,
                                                   const std::string& key_column,
                                                   std::size_t count) {
  const auto state = view();
  const TableView rows(store_->schema(), *state, table.name);
  const std::size_t column = rows.positions({key_column}).front();
  const bool counted = table.key_source == database::KeySource::kCounted;
  std::optional<std::int64_t> last;
  if (counted) last = rows.rows().last_key;
  for (const auto& [identity, row] : rows.rows().rows) {
    if (row[column].kind() != ValueKind::kInteger) continue;
    last = std::max(last.value_or(row[column].integer()), row[column].integer());
  }
  std::vector<std::int64_t> keys(count);
  std::int64_t next = last.value_or(0);
  for (std::int64_t& key : keys) key = ++next;
  return keys;
}

std::shared_ptr<Store> make_store(database::Schema schema) {
  return std::make_shared<Store>(std::move(schema));
}

std::unique_ptr<Connection> open(std::shared_ptr<Store> store, database::Access access) {
  return std::make_unique<Connection>(std::move(store), access);
}

}  // namespace doppel::memory
