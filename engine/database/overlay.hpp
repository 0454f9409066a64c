#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/row_change.hpp"
#include "base/shelf.hpp"
#include "database/connection.hpp"
#include "database/finding.hpp"
#include "database/limits.hpp"
#include "database/live_tracking.hpp"
#include "database/schema.hpp"
#include "database/sql_session.hpp"

/// The port through which sandboxes are carried. Which rows are config, what merges and what a
/// checkpoint is, is decided above; here are real tables, capture and base.
namespace doppel::database {

/// A table whose changes a sandbox keeps.
struct TrackedTable {
  TableShapePtr shape;
  enum class Kind {
    kConfig,  ///< the sandbox's own, with a base copy: a compare with it settles the capture
    kData,    ///< file: the clone's own rows, captured for reset; split: live's, not tracked
  };
  Kind kind = Kind::kConfig;
  /// Data that the sandbox may write [O3]. split: live's rows; copy: its own, over live's.
  bool shared_write = false;
  std::map<std::string, TriggerUse> triggers = {};
};

/// The shape by which rows of a table without a key are told of: its columns and, last, which one
/// of equal rows it is, from 1; rows that are gone count from -1 down. All of it is the key.
TableShapePtr keyless_shape(const Table& table);
bool is_keyless(const TableShape& shape);

/// Which data a sandbox writes.
enum class DataWrites {
  kDeclared,  ///< what TrackedTable::shared_write says
  kAll,       ///< kind shadow: all of it, and live's stays as it is
};

/// Columns of live's data that refer to config: a row that would refer to config which exists only
/// in the sandbox is refused [O3], also where the database declares no foreign key.
struct DataReference {
  std::string table;
  std::vector<std::string> columns;
  std::string target;
  std::vector<std::string> target_columns;  ///< aligned with `columns`
  std::vector<Value> none = {};             ///< in the first column: it refers to nothing
  /// Where the target depends on the row: only rows count that hold `value` in `column`, or, with
  /// `via`, whose `via` column refers to a row (of `via_table`, by `via_key`) that holds it.
  struct When {
    std::string column;
    Value value;
    std::string via = {};
    std::string via_table = {};
    std::string via_key = {};
  };
  std::optional<When> when = {};
};

struct OverlaySpec {
  std::string carrier;           ///< SQLite: file, split; PostgreSQL: copy, rows
  std::filesystem::path folder;  ///< the sandbox's own; made by create, removed by remove
  std::string mark;              ///< one line of JSON that says what sandbox this is [E5]
  /// The how many-th sandbox of its tenant this is, from 1: keeps the counted keys of sandboxes
  /// apart from each other's.
  int ordinal = 1;
  std::vector<TrackedTable> tables;
  std::vector<DataReference> references = {};  ///< split: of tables with shared_write
  std::string name = {};                       ///< for messages; empty: the folder's
  DataWrites data_writes = DataWrites::kDeclared;
  /// Where the sandbox's password is kept, by the name of the folder, and nothing is in the folder;
  /// null: in the folder.
  Shelf* secrets = nullptr;
  SessionLimits limits = {};
};

struct RowCount {
  std::string table;
  std::int64_t rows = 0;
  bool estimate = false;  ///< above 100,000 rows the database's estimate [O1]
};

/// A row that differs from its base, and who touched it last.
struct CapturedChange {
  RowChange change;
  std::string by;  ///< empty: the application, by its own connection
  std::string at;  ///< UTC, ISO 8601
};

/// One sandbox, opened. Its connection is the environment: unqualified names mean the sandbox's
/// config. Threads: as a Connection.
class Overlay {
 public:
  virtual ~Overlay() = default;

  virtual Connection& connection() = 0;
  virtual SqlRunner& sql() = 0;

  /// Net changes since the base, by table and key, of all tracked tables. First the capture is
  /// settled by a compare with the base if anybody but this class may have written since the last
  /// time (see docs/decisions); never on an unchanged file.
  /// Throws Error(kSchemaChanged) when a tracked table no longer has its columns.
  virtual std::vector<CapturedChange> read_changes() = 0;

  /// How live's schema differs from the one that the sandbox was made of, in words, as far as the
  /// sandbox has a part of it. Empty: it can go on.
  virtual std::vector<std::string> schema_differences(const Schema& live) = 0;

  /// Changes with every commit, whoever makes it, while this is open: read before and after, it
  /// tells whether what was read in between is still what the sandbox holds.
  virtual std::string state() = 0;

  /// Ends all writing: from now on every write of a row of its own, by whoever has it open, is
  /// refused and says why. False, with nothing done, when somebody has written since state() said
  /// `state`: what was read then isn't all. Sealing what is sealed does nothing.
  virtual bool seal(const std::string& state) = 0;

  /// Net changes of one table are kept against these images from now on, and what
  /// equals its base afterwards is no change: for rows whose base moved (a partial promotion).
  /// REQUIRES: an open write transaction.
  virtual void move_base(std::span<const RowChange> new_bases) = 0;

  /// Whoever writes through this connection from now on, for CapturedChange::by.
  virtual void set_author(const std::string& author) = 0;

  /// Who touched rows and when, as it was before they were written again by a refresh.
  /// REQUIRES: an open write transaction.
  virtual void restore_touches(std::span<const CapturedChange> touched) = 0;

  /// Adds and takes away rows of tables without a key, as read_changes() tells of them: one of
  /// equal rows each. Throws Error(kStale) where one that is to go isn't there. REQUIRES: an open
  /// write transaction.
  virtual void write_keyless(std::span<const RowChange> changes);

  /// The base rows of one config table that match, in key order; rows whose base moved as they are
  /// now.
  virtual void scan_base(const TableShape& table, const Matching& matching,
                         const RowSink& sink) = 0;

  /// The next numbers of counted keys, as create left them: reset gives the same keys again.
  virtual void restore_counters() = 0;

  /// Small named texts kept in the sandbox itself, in its transactions (checkpoints).
  virtual std::optional<std::string> note(const std::string& name) = 0;
  virtual void set_note(const std::string& name, const std::string& text) = 0;
  virtual void remove_note(const std::string& name) = 0;
  virtual std::vector<std::string> note_names() = 0;

  /// A session of its own connection to the sandbox; `author` is who its changes are by. It may
  /// outlive this. For reading only where the overlay was opened so.
  virtual std::unique_ptr<SqlSession> open_session(std::string author) = 0;
};

/// What somebody outside needs to open the environment by himself (`doppel env`).
struct ApplicationAccess {
  std::string dsn;
  std::vector<std::string> remarks;
};

class OverlayBuilder {
 public:
  virtual ~OverlayBuilder() = default;

  /// What carries a sandbox where neither the manifest nor the caller says it.
  virtual std::string default_carrier() const = 0;
  /// What carries one that writes all of its data [E1].
  virtual std::string shadow_carrier() const { return default_carrier(); }

  /// Makes the sandbox from the database as it is at one moment, while it is written to. Nothing is
  /// left in the folder when it throws; after a crash remove() clears what stands there.
  virtual std::vector<RowCount> create(const OverlaySpec& spec) = 0;

  /// Throws Error(kNotFound) when its files are gone, Error(kMarkedSandbox) when they are another
  /// sandbox's.
  virtual std::unique_ptr<Overlay> open(const OverlaySpec& spec, Access access) = 0;

  virtual ApplicationAccess access_for_application(const OverlaySpec& spec) = 0;

  /// Takes the place of the sandbox's content by `next`'s (made by create in another folder), at
  /// once for everybody who has it open. `next` is removed. A crash leaves the one or the other.
  /// `state` is what Overlay::state() said when the sandbox's own changes were read for `next`:
  /// throws Error(kBusy) when it was written since.
  virtual void replace(const OverlaySpec& spec, const OverlaySpec& next,
                       const std::string& state) = 0;

  /// Finishes or undoes what a crash in create or replace left. Repeating it does nothing more.
  virtual void recover(const OverlaySpec& spec) = 0;

  /// Removes everything of it; nothing there is fine.
  virtual void remove(const OverlaySpec& spec) = 0;
};

/// Hears what SqlRunner::announce says from the moment on at which this was made.
class Listener {
 public:
  virtual ~Listener() = default;
  /// What was announced, as soon as it is; absent after the timeout.
  virtual std::optional<std::string> wait(std::int64_t timeout_ms) = 0;
};

/// A database that doppel is attached to, by its DSN. Opens connections on demand.
class Database {
 public:
  virtual ~Database() = default;
  virtual std::string dsn() const = 0;  ///< without secrets
  virtual std::unique_ptr<Connection> open(Access access) = 0;
  /// A session on live, for reading only: a write is refused with Error(kLiveIsReadOnly).
  virtual std::unique_ptr<SqlSession> open_session() = 0;
  virtual OverlayBuilder& overlays() = 0;

  /// What making a sandbox would find in its way, and what will be otherwise in one; and which of
  /// `lookups` have no index. Nothing is made: neither folder nor mark of the spec are looked at.
  virtual std::vector<Finding> examine(const OverlaySpec& spec,
                                       std::span<const Lookup> lookups) = 0;

  /// Ends sessions of sandboxes that live waits for, and those beyond the limits, which a session
  /// can lift for itself. Throws Error(kUnsupported) where sandboxes share no server with live.
  virtual std::vector<EndedSession> end_harmful_sessions(const SessionLimits& limits) = 0;

  /// What others changed in live, where it is tracked; null where it can't be.
  virtual std::unique_ptr<LiveTracking> tracking() { return nullptr; }

  /// Null where the database has no such thing.
  virtual std::unique_ptr<Listener> listen() { return nullptr; }

  /// The mark of a sandbox, if this database is one [E5].
  virtual std::optional<std::string> sandbox_mark() = 0;

  /// A throw-away copy of the whole database as it is now, in `folder`, opened for writing, gone
  /// with the connection; null where more than `limit_bytes` would have to be copied for it.
  virtual std::unique_ptr<Connection> throw_away_copy(const std::filesystem::path& folder,
                                                      std::int64_t limit_bytes) = 0;
};

/// DSN -> database. The two mains give it to the engine; nobody else knows an adapter.
using Connector = std::function<std::unique_ptr<Database>(const std::string& dsn)>;

}  // namespace doppel::database
