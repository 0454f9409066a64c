#include <set>
#include <utility>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "adapters/contract/backend.hpp"
#include "base/error.hpp"

/// The adapters are each other's model: whatever is asked of them, they answer alike. PostgreSQL
/// takes part in every fiftieth case: it counts on after a roll back, so that its keys to come
/// aren't compared.
namespace doppel::contract {
namespace {

using database::Access;
using database::Connection;
using database::TransactionKind;

/// A change as it is drawn: what it does to a row is decided by the row that is there.
struct Wish {
  bool queue = false;
  std::int64_t key = 1;
  int name = 0;
  std::int64_t reference = 0;
  bool remove = false;
  bool mistaken = false;  ///< expects another row than there is
};

rc::Gen<Wish> any_wish() {
  return rc::gen::build<Wish>(
      rc::gen::set(&Wish::queue), rc::gen::set(&Wish::key, rc::gen::inRange<std::int64_t>(1, 5)),
      rc::gen::set(&Wish::name, rc::gen::inRange(0, 4)),
      rc::gen::set(&Wish::reference, rc::gen::inRange<std::int64_t>(0, 4)),
      rc::gen::set(&Wish::remove),
      rc::gen::set(&Wish::mistaken,
                   rc::gen::map(rc::gen::inRange(0, 40), [](int n) { return n == 0; })));
}

Value name_of(int number) {
  return number == 0 ? Value() : Value(std::string(1, static_cast<char>('a' + number)));
}

RowChange change_of(const Wish& wish, const database::Schema& schema, Connection& connection) {
  const database::Table& table = *schema.table(wish.queue ? "queues" : "areas");
  const auto shape = database::shape_of(table, table.primary_key);
  const Key key{wish.key};
  auto before = connection.read_rows(*shape, std::span(&key, 1)).front();
  const Value reference = wish.reference == 0 ? Value() : Value(wish.reference);
  std::optional<Row> after = wish.queue ? Row{wish.key, reference, name_of(wish.name), {}}
                                        : Row{wish.key, name_of(wish.name), reference};
  if (wish.remove && before) after.reset();
  if (wish.mistaken && before) before->back() = "another";
  return {shape, key, std::move(before), std::move(after)};
}

/// Everything that can be seen of one transaction.
struct Outcome {
  std::string error;
  bool error_at_commit = false;
  std::vector<std::pair<std::size_t, std::optional<Row>>> moved;
  std::vector<std::vector<Row>> rows;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome run(Connection& connection, const database::Schema& schema,
            const std::vector<RowChange>& changes) {
  Outcome outcome;
  try {
    const auto transaction = connection.begin(TransactionKind::kWrite);
    for (auto& moved : connection.apply_changes(changes)) {
      outcome.moved.emplace_back(moved.change, std::move(moved.found));
    }
    if (outcome.moved.empty()) {
      outcome.error_at_commit = true;
      transaction->commit();
      outcome.error_at_commit = false;
    }
  } catch (const Error& error) {
    outcome.error = std::string(error_info(error.code()).name) + " " + error.place();
  }
  for (const database::Table& table : schema.tables) {
    auto& rows = outcome.rows.emplace_back();
    connection.scan_rows(*database::shape_of(table, table.primary_key), {},
                         [&](Row&& row) { rows.push_back(std::move(row)); });
  }
  return outcome;
}

struct Adapter {
  explicit Adapter(const BackendKind& kind)
      : dialect(kind.dialect),
        schema(suite_schema(kind.dialect)),
        backend(kind.make(schema)),
        connection(backend->connect(Access::kReadWrite)) {}

  Dialect dialect;
  database::Schema schema;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Connection> connection;
};

std::vector<std::int64_t> next_keys(const Adapter& adapter, const char* table) {
  return adapter.connection->propose_keys(*adapter.schema.table(table), "id", 2);
}

RC_GTEST_PROP(AdapterLaws, AllAdaptersAnswerAlike, ()) {
  const bool all = *rc::gen::inRange(0, 50) == 0;
  std::vector<std::unique_ptr<Adapter>> adapters;
  for (const BackendKind& kind : backend_kinds()) {
    if (kind.dialect == Dialect::kSqlite || all)
      adapters.push_back(std::make_unique<Adapter>(kind));
  }
  const Adapter& model = *adapters.front();
  const auto batches = *rc::gen::container<std::vector<std::vector<Wish>>>(
      rc::gen::container<std::vector<Wish>>(any_wish()));
  for (const auto& wishes : batches) {
    std::vector<RowChange> changes;
    std::set<std::pair<bool, std::int64_t>> drawn;
    for (const Wish& wish : wishes) {
      // A second wish for a row expects it as it was before the first, so it always has moved.
      if (!drawn.emplace(wish.queue, wish.key).second && !wish.mistaken) continue;
      changes.push_back(change_of(wish, model.schema, *model.connection));
    }
    const Outcome expected = run(*model.connection, model.schema, changes);
    for (const auto& adapter : adapters) {
      if (adapter.get() == &model) continue;
      Outcome found = run(*adapter->connection, adapter->schema, changes);
      // Which of several broken references is named at the commit is the server's choice.
      if (adapter->dialect != model.dialect && found.error_at_commit) {
        found.error = expected.error;
        RC_ASSERT(expected.error_at_commit);
      }
      RC_ASSERT(found == expected);
    }
    for (const char* table : {"areas", "queues"}) {
      for (const auto& adapter : adapters) {
        if (adapter->dialect != model.dialect) continue;
        RC_ASSERT(next_keys(*adapter, table) == next_keys(model, table));
      }
    }
  }
}

}  // namespace
}  // namespace doppel::contract
