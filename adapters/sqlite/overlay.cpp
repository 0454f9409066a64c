#include "adapters/sqlite/overlay.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include <fmt/core.h>

#include "adapters/sqlite/base_copy.hpp"
#include "adapters/sqlite/capture.hpp"
#include "adapters/sqlite/catalogue.hpp"
#include "adapters/sqlite/keyless.hpp"
#include "adapters/sqlite/session_trust.hpp"
#include "adapters/sqlite/sql_session.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "database/described_tables.hpp"
#include "database/quote.hpp"

namespace doppel::sqlite {
namespace {

namespace fs = std::filesystem;
using database::OverlaySpec;
using database::TrackedTable;

/// How far above live's a sandbox counts on: nobody makes a million rows of config by hand.
constexpr std::int64_t kCounterGap = 1'000'000;

constexpr const char* kCheckpointPrefix = "note:";

/// The counters of AUTOINCREMENT tables, far above live's and each sandbox's apart, and what they
/// were set to.
std::string raise_counters(Connection& connection, const OverlaySpec& spec,
                           const database::Schema& schema) {
  json::object counters;
  database::SqlRunner& sql = *connection.sql();
  for (const TrackedTable& tracked : own_tables(spec)) {
    const database::Table* table = schema.table(tracked.shape->name);
    if (table == nullptr || table->key_source != database::KeySource::kCounted) continue;
    const auto rows =
        sql.query("SELECT seq FROM sqlite_sequence WHERE name = $1", {Value(table->name)});
    const std::int64_t live = rows.empty() ? 0 : rows[0][0].integer();
    const std::int64_t raised = live + kCounterGap * spec.ordinal;
    sql.execute("DELETE FROM sqlite_sequence WHERE name = $1", {Value(table->name)});
    sql.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)",
                {Value(table->name), Value(raised)});
    counters[table->name] = raised;
  }
  return write_json(counters, JsonStyle::kCompact);
}

bool matches(const TableShape& table, const Row& row, const database::Matching& matching) {
  for (std::size_t i = 0; i < matching.columns.size(); ++i) {
    const auto column = table.column(matching.columns[i]);
    if (!column || row[*column] != matching.values[i]) return false;
  }
  return true;
}

/// A read transaction, unless the caller has one open.
std::unique_ptr<database::Transaction> snapshot_of(Connection& connection) {
  if (connection.in_transaction()) return nullptr;
  return connection.begin(database::TransactionKind::kRead);
}

/// 1 and 1.0 are one key to SQLite, and the capture may hold either.
Key as_one_key(Key key) {
  constexpr double kLimit = 9e15;  // Below it every whole number is exact.
  for (Value& value : key) {
    if (value.kind() != ValueKind::kReal || !(std::abs(value.real()) < kLimit)) continue;
    if (std::trunc(value.real()) == value.real()) value = static_cast<std::int64_t>(value.real());
  }
  return key;
}

/// Texts that only a collation takes for equal.
bool is_spelt_otherwise(const Value& a, const Value& b) {
  return a != b && a.kind() == ValueKind::kText && b.kind() == ValueKind::kText;
}

/// The rows with these keys: a key's collation may find one that is spelt differently, and that is
/// another row.
std::vector<std::optional<Row>> rows_of(Connection& connection, const TableShape& table,
                                        const std::vector<Key>& keys) {
  std::vector<std::optional<Row>> rows = connection.read_rows(table, keys);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] &&
        !std::ranges::equal(table.key_of(*rows[i]), keys[i], std::not_fn(is_spelt_otherwise))) {
      rows[i].reset();
    }
  }
  return rows;
}

class OpenOverlay final : public database::Overlay {
 public:
  OpenOverlay(std::unique_ptr<Connection> connection, OverlaySpec spec, Connect connect)
      : spec_(std::move(spec)),
        connect_(std::move(connect)),
        connection_(std::move(connection)),
        base_(sqlite::open(
            {.path = base_file(spec_).string(), .access = connection_->options().access})) {
    tables_ = database::described_tables(read_mark(*connection_, "tables"), connection_->path());
    version_at_open_ = data_version();
    trusted_ = settled_state() == file_state(*connection_);
  }

  ~OpenOverlay() override {
    try {
      keep_trust();
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
      // Nothing is lost: the next reader compares with the base once more.
    }
  }
  OpenOverlay(const OpenOverlay&) = delete;
  OpenOverlay& operator=(const OpenOverlay&) = delete;

  Connection& connection() override { return *connection_; }
  database::SqlRunner& sql() override { return *connection_->sql(); }

  std::vector<database::CapturedChange> read_changes() override {
    settle();
    // One moment for all tables, and one lock instead of one for every row that is looked up.
    const auto moment = snapshot_of(*connection_);
    const auto base_moment = snapshot_of(*base_);
    std::vector<database::CapturedChange> changes;
    for (std::size_t number = 0; number < tables_.size(); ++number) {
      if (!database::is_keyless(*tables_[number].shape)) {
        read_changes_of(number, changes);
        continue;
      }
      for (auto& change : read_keyless(*connection_, tables_[number], number)) {
        changes.push_back(std::move(change));
      }
    }
    std::ranges::sort(changes, [](const auto& a, const auto& b) {
      const int order = a.change.table->name.compare(b.change.table->name);
      return order != 0 ? order < 0 : a.change.key < b.change.key;
    });
    return changes;
  }

  std::string state() override { return file_state(*connection_); }

  std::vector<std::string> schema_differences(const database::Schema& live) override {
    return database::differences(connection_->read_schema(), live);
  }

  bool seal(const std::string& state) override {
    const auto transaction = connection_->begin(database::TransactionKind::kWrite);
    if (file_state(*connection_) != state) return false;
    install_seal(*connection_);
    transaction->commit();
    trusted_ = false;  // Nobody settles it again.
    return true;
  }

  void move_base(std::span<const RowChange> new_bases) override {
    for (const RowChange& change : new_bases) {
      rebase_in_capture(*connection_, *change.table, number_of(change.table->name), change.key,
                        change.after);
    }
  }

  void write_keyless(std::span<const RowChange> changes) override {
    sqlite::write_keyless(*connection_, changes);
  }

  void set_author(const std::string& author) override { write_author(*connection_, author); }

  void restore_touches(std::span<const database::CapturedChange> touched) override {
    for (const database::CapturedChange& row : touched) {
      stamp_capture(*connection_, *row.change.table, number_of(row.change.table->name),
                    row.change.key, row.by, row.at);
    }
  }

  void scan_base(const TableShape& table, const database::Matching& matching,
                 const database::RowSink& sink) override {
    std::map<Key, Row> rows;
    base_->scan_rows(table, matching, [&](Row&& row) {
      Key key = table.key_of(row);
      rows.emplace(std::move(key), std::move(row));
    });
    for (CapturedRow& moved : read_capture(*connection_, table, number_of(table.name))) {
      if (!moved.rebased) continue;
      rows.erase(moved.key);
      if (moved.image && matches(table, *moved.image, matching)) {
        rows.emplace(std::move(moved.key), std::move(*moved.image));
      }
    }
    for (auto& [key, row] : rows) sink(std::move(row));
  }

  void restore_counters() override {
    const auto counters = read_mark(*connection_, "counters");
    if (!counters) return;
    const json::value values = parse_json(*counters, "doppel_mark");
    for (const auto& entry : values.as_object()) {
      sql().execute("UPDATE sqlite_sequence SET seq = $2 WHERE name = $1",
                    {Value(std::string(entry.key())), Value(entry.value().as_int64())});
    }
  }

  std::optional<std::string> note(const std::string& name) override {
    return read_mark(*connection_, kCheckpointPrefix + name);
  }
  void set_note(const std::string& name, const std::string& text) override {
    write_mark(*connection_, kCheckpointPrefix + name, text);
  }
  void remove_note(const std::string& name) override {
    sql().execute("DELETE FROM doppel_mark WHERE name = $1", {Value(kCheckpointPrefix + name)});
  }
  std::vector<std::string> note_names() override {
    std::vector<std::string> names;
    for (const Row& row :
         sql().query("SELECT substr(name, 6) FROM doppel_mark WHERE substr(name, 1, 5) = 'note:' "
                     "ORDER BY name",
                     {})) {
      names.push_back(row[0].text());
    }
    return names;
  }

  std::unique_ptr<database::SqlSession> open_session(std::string author) override {
    auto session = connect_(ConnectionUse::kSession);
    if (connection_->options().access == database::Access::kReadOnly) {
      return make_session(std::move(session), SessionCapture::kNone, std::move(author));
    }
    auto trust = std::make_unique<SessionTrust>(*session, base_file(spec_));
    // Asked after the session has looked: what it begins with is what was settled.
    if (!trusted_ || data_version() != version_at_open_) trust.reset();
    return make_session(std::move(session), SessionCapture::kCaptured, std::move(author),
                        std::move(trust));
  }

 private:
  Value data_version() { return sql().query("PRAGMA main.data_version", {}).at(0).at(0); }

  std::string settled_state() { return read_settled(*base_); }
  void set_settled(const std::string& state) { write_settled(*base_, state); }

  /// If only this connection has written since a settled state, the triggers have seen it all. The
  /// file's state is read before the version, so that a commit in between shows in the version.
  void keep_trust() {
    if (!trusted_ || connection_->options().access == database::Access::kReadOnly) return;
    const std::string state = file_state(*connection_);
    if (data_version() == version_at_open_ && settled_state() != state) set_settled(state);
  }

  std::size_t number_of(const std::string& table) const {
    const auto found = std::ranges::find_if(
        tables_, [&](const TrackedTable& tracked) { return tracked.shape->name == table; });
    if (found == tables_.end()) {
      throw Error(ErrorCode::kInternal, "not a table of the sandbox's own", {.place = table});
    }
    return static_cast<std::size_t>(found - tables_.begin());
  }

  void check_columns(const database::Schema& schema) const {
    for (const TrackedTable& tracked : tables_) {
      const database::Table* table = schema.table(tracked.shape->name);
      if (table == nullptr) {
        throw Error(ErrorCode::kSchemaChanged, "the sandbox no longer has the table",
                    {.place = tracked.shape->name});
      }
      for (const std::string& column : tracked.shape->columns) {
        const bool is_own =
            database::is_keyless(*tracked.shape) && column == tracked.shape->columns.back();
        if (is_own || table->column(column) != nullptr) continue;
        throw Error(ErrorCode::kSchemaChanged, "the sandbox no longer has the column",
                    {.place = tracked.shape->name + "." + column});
      }
    }
  }

  /// Compares with the base where anybody else may have written, and adds what the triggers missed.
  void settle() {
    if (trusted_ && data_version() == version_at_open_) return;
    // The state is read first: a commit after it makes the next reader settle again.
    const std::string state = file_state(*connection_);
    if (settled_state() == state) return;
    const database::Schema schema = read_catalogue(*connection_);
    check_columns(schema);
    const bool whole = capture_is_whole(*connection_, tables_, schema);
    const auto missed = find_missed();
    if (connection_->options().access == database::Access::kReadOnly) return;
    if (whole && missed.empty()) {
      set_settled(state);
    } else {
      repair(schema, missed);
    }
    version_at_open_ = data_version();
    trusted_ = settled_state() == file_state(*connection_);
  }

  struct Missed {
    std::size_t number;
    Key key;
    std::optional<Row> base;
  };

  std::vector<Missed> find_missed() {
    std::vector<Missed> missed;
    for (std::size_t number = 0; number < tables_.size(); ++number) {
      if (tables_[number].kind != TrackedTable::Kind::kConfig) continue;
      std::set<Key> captured;
      for (CapturedRow& row : read_capture(*connection_, *tables_[number].shape, number)) {
        captured.insert(as_one_key(std::move(row.key)));
      }
      compare_with_base(*connection_, *base_, *tables_[number].shape,
                        [&](const Key& key, std::optional<Row> base) {
                          if (captured.contains(as_one_key(key))) return;
                          missed.push_back({number, key, std::move(base)});
                        });
    }
    return missed;
  }

  void repair(const database::Schema& schema, const std::vector<Missed>& missed) {
    const auto transaction = connection_->begin(database::TransactionKind::kWrite);
    reinstall_triggers(*connection_, tables_, schema);
    for (const Missed& row : missed) {
      add_to_capture(*connection_, *tables_[row.number].shape, row.number, row.key, row.base);
    }
    transaction->commit();
    set_settled(file_state(*connection_));
  }

  void read_changes_of(std::size_t number, std::vector<database::CapturedChange>& changes) {
    const TrackedTable& table = tables_[number];
    std::vector<CapturedRow> captured = read_capture(*connection_, *table.shape, number);
    if (captured.empty()) return;
    std::vector<Key> keys;
    keys.reserve(captured.size());
    for (const CapturedRow& row : captured) keys.push_back(row.key);
    std::vector<std::optional<Row>> now = rows_of(*connection_, *table.shape, keys);
    std::vector<std::optional<Row>> base;
    const bool has_base = table.kind == TrackedTable::Kind::kConfig;
    if (has_base) base = rows_of(*base_, *table.shape, keys);
    for (std::size_t i = 0; i < captured.size(); ++i) {
      // A config row's base copy can't be wrong; a captured image can, when triggers were off.
      auto& before = has_base && !captured[i].rebased ? base[i] : captured[i].image;
      if (before == now[i]) continue;
      // As the row itself has it.
      if (now[i] || before) keys[i] = table.shape->key_of(now[i] ? *now[i] : *before);
      changes.push_back({{table.shape, std::move(keys[i]), std::move(before), std::move(now[i])},
                         std::move(captured[i].by),
                         std::move(captured[i].at)});
    }
  }

  OverlaySpec spec_;
  Connect connect_;
  std::vector<TrackedTable> tables_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Connection> base_;
  Value version_at_open_;
  bool trusted_ = false;
};

}  // namespace

fs::path base_file(const OverlaySpec& spec) {
  return spec.folder / ("base-" + sha256(spec.mark).substr(0, 12) + ".db");
}

std::vector<TrackedTable> own_tables(const OverlaySpec& spec) {
  if (spec.carrier != "split") return spec.tables;
  std::vector<TrackedTable> own;
  std::ranges::copy_if(spec.tables, std::back_inserter(own), [](const TrackedTable& table) {
    return table.kind == TrackedTable::Kind::kConfig;
  });
  return own;
}

std::vector<database::RowCount> install_overlay(Connection& sandbox, const OverlaySpec& spec,
                                                const fs::path& base) {
  const database::Schema schema = read_catalogue(sandbox);
  std::vector<TrackedTable> tables = own_tables(spec);
  const std::size_t keyed = tables.size();
  if (spec.carrier != "split") {
    for (TrackedTable& table : keyless_tables(schema, tables)) tables.push_back(std::move(table));
  }
  const std::vector<std::int64_t> config_rows = make_base(sandbox, base, tables);
  {
    const auto transaction = sandbox.begin(database::TransactionKind::kWrite);
    install_capture(sandbox, tables, schema);
    install_limit(sandbox, spec.limits.changed_rows);
    write_mark(sandbox, "mark", spec.mark);
    write_mark(sandbox, "tables", database::describe_tables(tables));
    write_mark(sandbox, "counters", raise_counters(sandbox, spec, schema));
    transaction->commit();
  }
  std::vector<database::RowCount> counts;
  for (std::size_t i = 0; i < keyed; ++i) {
    if (tables[i].kind == TrackedTable::Kind::kConfig) {
      counts.push_back({tables[i].shape->name, config_rows[i], false});
    } else {
      counts.push_back(count_or_estimate(sandbox, tables[i].shape->name));
    }
  }
  return counts;
}

std::unique_ptr<database::Overlay> make_overlay(std::unique_ptr<Connection> connection,
                                                const OverlaySpec& spec, Connect connect) {
  return std::make_unique<OpenOverlay>(std::move(connection), spec, std::move(connect));
}

database::RowCount count_or_estimate(Connection& connection, const std::string& table) {
  constexpr std::int64_t kExactLimit = 100'000;
  const std::string name = database::quote_name(table);
  database::SqlRunner& sql = *connection.sql();
  const auto counted = sql.query(
      fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {})", name, kExactLimit + 1), {});
  const std::int64_t rows = counted.at(0).at(0).integer();
  if (rows <= kExactLimit) return {table, rows, false};
  try {
    const auto highest = sql.query(fmt::format("SELECT max(rowid) FROM {}", name), {});
    return {table, std::max(rows, highest.at(0).at(0).integer()), true};
  } catch (const Error&) {
    return {table, connection.count_rows(table), false};  // WITHOUT ROWID: there is no estimate.
  }
}

}  // namespace doppel::sqlite
