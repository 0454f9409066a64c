#include "base/error.hpp"
#include "environment/store.hpp"

namespace doppel::environment {
namespace {

using database::TransactionKind;

class StoreShelf final : public Shelf {
 public:
  StoreShelf(database::Connection& store, std::string name, const std::string& place)
      : store_(store), name_(std::move(name)), place_(place + "/" + name_) {}

  void put(const std::string& name, std::string_view content) override {
    const auto transaction = store_.begin(TransactionKind::kWrite);
    erase(name);
    store_.sql()->execute(
        "INSERT INTO document (shelf, name, head, content) VALUES ($1, $2, $3, $4)",
        {Value(name_), Value(name), Value(content.substr(0, content.find('\n'))), Value(content)});
    transaction->commit();
  }

  std::string get(const std::string& name) override {
    const auto rows = ask("SELECT content FROM document WHERE shelf = $1 AND name = $2", name);
    if (!rows.empty()) return rows[0][0].text();
    throw Error(ErrorCode::kNotFound, "the control store has no such text",
                {.place = where(name).string()});
  }

  bool has(const std::string& name) override {
    return !ask("SELECT 1 FROM document WHERE shelf = $1 AND name = $2", name).empty();
  }

  std::vector<Item> list() override {
    std::vector<Item> items;
    for (const Row& row : store_.sql()->query(
             "SELECT name, head FROM document WHERE shelf = $1 ORDER BY name", {Value(name_)})) {
      items.push_back({row[0].text(), row[1].text()});
    }
    return items;
  }

  void remove(const std::string& name) override {
    const auto transaction = store_.begin(TransactionKind::kWrite);
    erase(name);
    transaction->commit();
  }

  std::filesystem::path where(const std::string& name) const override {
    return place_ + "/" + name;
  }

  // Whoever puts something there has the tenant's lease.
  std::shared_ptr<void> try_lock() override { return std::make_shared<int>(); }
  void clear_leftovers() override {}

 private:
  std::vector<Row> ask(const std::string& sql, const std::string& name) {
    return store_.sql()->query(sql, {Value(name_), Value(name)});
  }
  void erase(const std::string& name) {
    store_.sql()->execute("DELETE FROM document WHERE shelf = $1 AND name = $2",
                          {Value(name_), Value(name)});
  }

  database::Connection& store_;
  std::string name_, place_;
};

}  // namespace

std::unique_ptr<Shelf> ControlStore::shelf(const std::string& name) {
  return std::make_unique<StoreShelf>(*connection_, name, place_);
}

}  // namespace doppel::environment
