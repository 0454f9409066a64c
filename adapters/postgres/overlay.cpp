#include <algorithm>
#include <map>

#include "adapters/postgres/capture.hpp"
#include "adapters/postgres/overlay_carriers.hpp"
#include "adapters/postgres/sql_session.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::postgres {
namespace {

constexpr const char* kNotePrefix = "note:";

/// A read transaction, unless the caller has one open.
std::unique_ptr<database::Transaction> snapshot_of(Connection& connection) {
  if (connection.in_transaction()) return nullptr;
  return connection.begin(database::TransactionKind::kRead);
}

class OpenOverlay final : public database::Overlay {
 public:
  OpenOverlay(std::unique_ptr<Connection> connection, std::string dsn)
      : connection_(std::move(connection)),
        dsn_(std::move(dsn)),
        tables_(read_captured_tables(*connection_)) {}

  Connection& connection() override { return *connection_; }
  database::SqlRunner& sql() override { return *connection_->sql(); }

  std::vector<database::CapturedChange> read_changes() override {
    const auto moment = snapshot_of(*connection_);
    // The columns' types as they are now.
    tables_ = read_captured_tables(*connection_);
    std::vector<database::CapturedChange> changes = read_captured(*connection_, tables_);
    std::ranges::sort(changes, [](const auto& a, const auto& b) {
      const int order = a.change.table->name.compare(b.change.table->name);
      return order != 0 ? order < 0 : a.change.key < b.change.key;
    });
    return changes;
  }

  std::string state() override { return capture_state(*connection_); }

  /// Of the copies only the columns and the key are as in live: defaults are written in another
  /// way, references to data, some triggers and functions are left out.
  std::vector<std::string> schema_differences(const database::Schema& live) override {
    return database::differences(columns_of_copies(connection_->read_schema()),
                                 columns_of_copies(live));
  }

  bool seal(const std::string& state) override {
    const auto transaction = connection_->begin(database::TransactionKind::kWrite);
    // Waits for whoever writes, so that what the state says then is all.
    install_seal(*connection_);
    if (capture_state(*connection_) != state) return false;
    transaction->commit();
    return true;
  }

  void move_base(std::span<const RowChange> new_bases) override {
    std::map<std::size_t, std::vector<const RowChange*>> by_table;
    for (const RowChange& change : new_bases) {
      by_table[table_of(change.table->name).number].push_back(&change);
    }
    for (const auto& [number, bases] : by_table) {
      rebase_captured(*connection_, tables_[number], bases);
    }
  }

  void set_author(const std::string& author) override {
    connection_->run("SELECT set_config('doppel.author', $1, false)",
                     std::vector<Value>{Value(author)});
  }

  void restore_touches(std::span<const database::CapturedChange> touched) override {
    std::map<std::size_t, std::vector<const database::CapturedChange*>> by_table;
    for (const database::CapturedChange& row : touched) {
      by_table[table_of(row.change.table->name).number].push_back(&row);
    }
    for (const auto& [number, rows] : by_table) stamp_captured(*connection_, tables_[number], rows);
  }

  void scan_base(const TableShape& table, const database::Matching& matching,
                 const database::RowSink& sink) override {
    const CapturedTable& known = table_of(table.name);
    std::vector<Row> rows = read_base(*connection_, known, matching);
    std::ranges::sort(rows, {}, [&](const Row& row) { return known.shape->key_of(row); });
    for (Row& row : rows) sink(std::move(row));
  }

  /// Live's own sequences count: they never give a key again.
  void restore_counters() override {}

  std::optional<std::string> note(const std::string& name) override {
    return read_mark(*connection_, kNotePrefix + name);
  }
  void set_note(const std::string& name, const std::string& text) override {
    write_mark(*connection_, kNotePrefix + name, text);
  }
  void remove_note(const std::string& name) override {
    sql().execute("DELETE FROM doppel_mark WHERE name = $1", {Value(kNotePrefix + name)});
  }
  std::vector<std::string> note_names() override {
    std::vector<std::string> names;
    for (const Row& row : sql().query("SELECT substr(name, 6) FROM doppel_mark WHERE name LIKE "
                                      "'note:%' ORDER BY name COLLATE \"C\"",
                                      {})) {
      names.push_back(row[0].text());
    }
    return names;
  }

  std::unique_ptr<database::SqlSession> open_session(std::string author) override {
    if (dsn_.empty()) {
      throw Error(ErrorCode::kNotFound, "the sandbox's password is gone",
                  {.place = {}, .remedy = "`doppel env` makes a new one"});
    }
    // As an option of the connection a name outlives the session's own RESET.
    std::string option = "-c doppel.author=";
    for (const char c : author) {
      if (c == ' ' || c == '\\') option += '\\';
      option += c;
    }
    std::string dsn = dsn_ + "&options=";
    for (const char c : option) dsn += "%" + to_hex(std::string_view(&c, 1));
    return make_sandbox_session(
        postgres::open({.dsn = std::move(dsn), .access = connection_->options().access}));
  }

 private:
  database::Schema columns_of_copies(const database::Schema& schema) const {
    database::Schema reduced;
    for (const CapturedTable& copied : tables_) {
      if (copied.view) continue;  // Its view has live's rows, and is made anew by a refresh.
      const database::Table* table = schema.table(copied.shape->name);
      if (table == nullptr) continue;
      database::Table& kept = reduced.tables.emplace_back();
      kept.name = table->name;
      kept.primary_key = table->primary_key;
      kept.columns = table->columns;
      for (database::Column& column : kept.columns) column.default_sql.reset();
    }
    return reduced;
  }

  const CapturedTable& table_of(const std::string& name) const {
    const auto found = std::ranges::find_if(
        tables_, [&](const CapturedTable& table) { return table.shape->name == name; });
    if (found != tables_.end()) return *found;
    throw Error(ErrorCode::kInternal, "not a table of the sandbox's own", {.place = name});
  }

  std::unique_ptr<Connection> connection_;
  std::string dsn_;
  std::vector<CapturedTable> tables_;
};

}  // namespace

std::unique_ptr<database::Overlay> make_overlay(std::unique_ptr<Connection> connection,
                                                std::string dsn) {
  return std::make_unique<OpenOverlay>(std::move(connection), std::move(dsn));
}

}  // namespace doppel::postgres
