#include "adapters/sqlite/guard.hpp"

#include <exception>
#include <utility>

#include "adapters/sqlite/pragmas.hpp"
#include "base/text.hpp"
#include "database/schema.hpp"

namespace doppel::sqlite {
namespace {

using Environment = GuardRules::Environment;

bool is_own(const std::string& name) { return database::is_own_name(to_lower_ascii(name)); }

constexpr const char* kLiveName = "live";

/// SQLite's own schema tables: it writes them for statements that are judged by themselves, and
/// refuses those who write them directly.
bool is_catalogue(const std::string& table) {
  return table == "sqlite_master" || table == "sqlite_temp_master" || table == "sqlite_schema" ||
         table == "sqlite_temp_schema";
}

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

}  // namespace

Guard::Guard(sqlite3* database, GuardRules rules) : database_(database), rules_(std::move(rules)) {
  sqlite3_set_authorizer(database_, &Guard::callback, this);
}

Guard::~Guard() { sqlite3_set_authorizer(database_, nullptr, nullptr); }

bool Guard::owns_file() const {
  return rules_.environment == Environment::kClone && rules_.access == database::Access::kReadWrite;
}

void Guard::begin_statement() {
  facts_ = {};
  refusal_.reset();
}

int Guard::callback(void* self, int code, const char* first, const char* second,
                    const char* database, const char* trigger) noexcept {
  Guard& guard = *static_cast<Guard*>(self);
  if (guard.lifted_ > 0) return SQLITE_OK;
  try {
    const bool allowed = guard.judge({code, text_or_empty(first), text_or_empty(second),
                                      text_or_empty(database), text_or_empty(trigger)});
    return allowed ? SQLITE_OK : SQLITE_DENY;
  } catch (const std::exception&) {
    return SQLITE_DENY;  // Not enough memory to judge.
  }
}

bool Guard::refuse(ErrorCode code, std::string message, std::string remedy) {
  if (!refusal_) refusal_ = Refusal{code, std::move(message), std::move(remedy)};
  return false;
}

bool Guard::refuse_write(const std::string& what) {
  if (rules_.environment == Environment::kLive) {
    return refuse(ErrorCode::kLiveIsReadOnly, "live is only read here: " + what,
                  "change it in a sandbox (`doppel sql TENANT/SANDBOX`) and promote it");
  }
  return refuse(ErrorCode::kReadOnly, "the sandbox is open for reading only: " + what, "");
}

bool Guard::judge(const Action& action) {
  switch (action.code) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
      return true;
    case SQLITE_READ:
      // The capture's own triggers read its tables; a trigger with such a name can't be made here.
      if (!is_own(action.first) || is_own(action.trigger)) return true;
      if (rules_.own == GuardRules::Own::kAllowed) return true;
      return refuse(ErrorCode::kUnsupported, action.first + " is doppel's own",
                    "`doppel diff` shows what was captured");
    case SQLITE_FUNCTION:
      if (to_lower_ascii(action.second) != "load_extension") return true;
      return refuse(ErrorCode::kUnsupported, "extensions aren't loaded here", "");
    case SQLITE_TRANSACTION:
      facts_.transaction = action.first;
      return true;
    case SQLITE_SAVEPOINT:
      facts_.savepoint = action.first;
      return true;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
      return judge_write(action);
    case SQLITE_PRAGMA:
      return judge_pragma(action);
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
      return refuse(ErrorCode::kUnsupported, "other files aren't attached in a session",
                    "open the other database by itself");
    default:
      return judge_schema(action);
  }
}

bool Guard::judge_write(const Action& action) {
  if (is_catalogue(action.first) || action.database == "temp") return true;
  if (is_own(action.first)) {
    if (is_own(action.trigger) || rules_.own == GuardRules::Own::kAllowed) return true;
    return refuse(ErrorCode::kUnsupported,
                  action.first + " is doppel's own and not written by hand",
                  "`doppel sandbox reset` undoes what was changed");
  }
  if (rules_.environment == Environment::kSplit && !judge_split_write(action)) return false;
  if (rules_.environment == Environment::kLive || rules_.access == database::Access::kReadOnly) {
    return refuse_write("it would write " + action.first);
  }
  facts_.written.insert(action.first);
  (action.database == kLiveName ? facts_.writes_live : facts_.writes_sandbox) = true;
  return rules_.environment != Environment::kSplit || judge_one_file();
}

bool Guard::judge_split_write(const Action& action) {
  if (action.database != kLiveName) return true;
  const std::string table = to_lower_ascii(action.first);
  const std::string trigger = to_lower_ascii(action.trigger);
  if (!trigger.empty() && !rules_.temporary_triggers.contains(trigger)) return true;
  if (rules_.shared_write.contains(table)) return true;
  if (sqlite3_table_column_metadata(database_, "main", action.first.c_str(), nullptr, nullptr,
                                    nullptr, nullptr, nullptr, nullptr) == SQLITE_OK) {
    return refuse(ErrorCode::kLiveIsReadOnly, "live's " + action.first + " is only read here",
                  "write " + action.first +
                      " without `live.` before it: that is the sandbox's own; a promotion "
                      "brings it to live");
  }
  return refuse(ErrorCode::kLiveIsReadOnly,
                action.first + " is live's data, and sandboxes only read it",
                "say `shared_write: true` of it in the manifest if sandboxes may write live's "
                "rows, or use a sandbox of carrier file");
}

/// A commit over two files isn't atomic, so a transaction writes one of them.
bool Guard::judge_one_file() {
  const char* remedy = "COMMIT first, and write the other in a transaction of its own";
  if (facts_.writes_live && facts_.writes_sandbox) {
    return refuse(ErrorCode::kUnsupported,
                  "one statement would write both the sandbox's config and live's data", remedy);
  }
  const char* other = facts_.writes_live ? "main" : "live";
  if (sqlite3_txn_state(database_, other) != SQLITE_TXN_WRITE) return true;
  return refuse(
      ErrorCode::kUnsupported,
      facts_.writes_live
          ? "the transaction has written the sandbox's config and would write live's data"
          : "the transaction has written live's data and would write the sandbox's config",
      remedy);
}

bool Guard::judge_schema(const Action& action) {
  switch (action.code) {
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_DROP_TEMP_INDEX:
    case SQLITE_DROP_TEMP_TABLE:
    case SQLITE_DROP_TEMP_TRIGGER:
    case SQLITE_DROP_TEMP_VIEW:
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_DROP_VIEW:
    case SQLITE_DROP_VTABLE:
    case SQLITE_ALTER_TABLE:
    case SQLITE_REINDEX:
    case SQLITE_ANALYZE:
      break;
    default:
      return refuse(ErrorCode::kUnsupported, "a session doesn't do this", "");
  }
  if (is_own(action.first) || is_own(action.second)) {
    if (rules_.own == GuardRules::Own::kAllowed) return true;
    return refuse(ErrorCode::kUnsupported,
                  "names that begin with doppel_ are doppel's own, and a table that it captures "
                  "keeps its triggers",
                  "");
  }
  if (rules_.environment == Environment::kSplit) {
    return refuse(ErrorCode::kUnsupported, "a sandbox of carrier split has live's schema",
                  "change the schema in live and make the sandbox anew, or use carrier file");
  }
  if (action.database == "temp" || action.first == "temp") return true;
  if (rules_.environment == Environment::kLive || rules_.access == database::Access::kReadOnly) {
    return refuse_write("it would change the schema");
  }
  return true;
}

bool Guard::judge_pragma(const Action& action) {
  const std::string name = to_lower_ascii(action.first);
  const auto use = pragma_use(name);
  const bool sets = !action.second.empty();
  if (!use) {
    return refuse(ErrorCode::kUnsupported, "PRAGMA " + name + " isn't used in a session", "");
  }
  if (*use == PragmaUse::kAsk || *use == PragmaUse::kSet) return true;
  if (!sets && name != "incremental_vacuum" && name != "wal_checkpoint" && name != "optimize") {
    return true;
  }
  if (*use == PragmaUse::kRead) {
    return refuse(ErrorCode::kUnsupported, "PRAGMA " + name + " is only read in a session",
                  "the capture of changes relies on it");
  }
  if (owns_file()) return true;
  if (rules_.environment == Environment::kSplit) {
    return refuse(ErrorCode::kUnsupported, "PRAGMA " + name + " is only read in this sandbox", "");
  }
  return refuse_write("it would set " + name);
}

}  // namespace doppel::sqlite
