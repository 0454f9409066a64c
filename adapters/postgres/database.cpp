#include "adapters/postgres/database.hpp"

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/examine.hpp"
#include "adapters/postgres/guard.hpp"
#include "adapters/postgres/listen.hpp"
#include "adapters/postgres/live_notes.hpp"
#include "adapters/postgres/overlay_carriers.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "adapters/postgres/pool.hpp"
#include "adapters/postgres/sql_session.hpp"
#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::postgres {
namespace {

/// A writer that waits keeps what it has locked already from live's own writers: so it waits for
/// moments and begins anew (may_try_again).
constexpr int kWritePatienceMs = 500;
/// How long a rehearsal waits for rows that somebody else is writing.
constexpr int kRehearsalPatienceMs = 500;

/// The DSN without its password, so that it can be kept and still be connected to.
std::string without_password(std::string dsn) {
  const auto host = dsn.find("://");
  const auto path = dsn.find_first_of("/?", host == std::string::npos ? 0 : host + 3);
  const auto at = dsn.rfind('@', path);
  if (host != std::string::npos && at != std::string::npos) {
    const auto colon = dsn.find(':', host + 3);
    if (colon < at) dsn.erase(colon, at - colon);
  }
  const auto parameters = dsn.find('?');
  if (parameters == std::string::npos) return dsn;
  std::vector<std::string> kept;
  for (const std::string& parameter : split(dsn.substr(parameters + 1), '&')) {
    if (!parameter.starts_with("password=")) kept.push_back(parameter);
  }
  return dsn.substr(0, parameters) + (kept.empty() ? "" : "?" + join(kept, "&"));
}

class AttachedServer final : public database::Database {
 public:
  explicit AttachedServer(std::string dsn)
      : dsn_(std::move(dsn)),
        pool_(std::make_shared<Pool>(PoolOptions{.dsn = dsn_})),
        builder_(make_builder(pool_)) {}

  std::string dsn() const override { return without_password(dsn_); }

  std::unique_ptr<database::Connection> open(database::Access access) override {
    const bool writes = access == database::Access::kReadWrite;
    if (!writes && spare_ != nullptr) return std::move(spare_);
    return postgres::open(
        {.dsn = {},
         .access = access,
         .lock_timeout_ms = writes ? kWritePatienceMs : OpenOptions{}.lock_timeout_ms},
        *pool_);
  }

  std::unique_ptr<database::SqlSession> open_session() override {
    return make_live_session(postgres::open({.dsn = dsn_}));
  }

  database::OverlayBuilder& overlays() override { return *builder_; }

  std::vector<database::Finding> examine(const database::OverlaySpec& spec,
                                         std::span<const database::Lookup> lookups) override {
    return postgres::examine(*postgres::open({.dsn = {}}, *pool_), spec, lookups);
  }

  std::vector<database::EndedSession> end_harmful_sessions(
      const database::SessionLimits& limits) override {
    const auto connection =
        postgres::open({.dsn = {}, .access = database::Access::kReadWrite}, *pool_);
    return postgres::end_harmful_sessions(*connection, limits);
  }

  std::unique_ptr<database::LiveTracking> tracking() override { return track_live(pool_); }

  std::unique_ptr<database::Listener> listen() override { return postgres::listen(dsn_); }

  std::optional<std::string> sandbox_mark() override {
    auto connection = postgres::open({.dsn = {}}, *pool_);
    // The role of a sandbox sees the sandbox's schema first.
    if (connection->path().empty() || !connection->path().front().starts_with(kSandboxPrefix)) {
      spare_ = std::move(connection);
      return std::nullopt;
    }
    if (sees_shared(connection->path())) {
      const ResultHandle mark =
          connection->run("SELECT value FROM doppel_mark WHERE name = 'mark'");
      const std::vector<Row> rows = rows_of(mark.get());
      return rows.empty() ? connection->path().front() : rows[0][0].text();
    }
    const Value parameters[]{Value(connection->path().front())};
    const ResultHandle result = connection->run(
        "SELECT coalesce(obj_description(oid, 'pg_namespace'), nspname::text) FROM pg_namespace "
        "WHERE nspname = $1",
        parameters);
    return rows_of(result.get()).at(0).at(0).text();
  }

  /// The database itself, in a transaction that is never committed: nothing is copied.
  std::unique_ptr<database::Connection> throw_away_copy(const std::filesystem::path& /*folder*/,
                                                        std::int64_t /*limit_bytes*/) override {
    auto connection = postgres::open({.dsn = {},
                                      .access = database::Access::kReadWrite,
                                      .lock_timeout_ms = kRehearsalPatienceMs},
                                     *pool_);
    connection->never_commit();
    return connection;
  }

 private:
  std::string dsn_;
  std::shared_ptr<Pool> pool_;
  std::unique_ptr<database::OverlayBuilder> builder_;
  /// Whoever has seen that this is live reads it next, by the same connection.
  std::unique_ptr<Connection> spare_;
};

}  // namespace

std::unique_ptr<database::Database> attach(const std::string& dsn) {
  return std::make_unique<AttachedServer>(dsn);
}

}  // namespace doppel::postgres
