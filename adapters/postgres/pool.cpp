#include "adapters/postgres/pool.hpp"

#include <utility>

#include "adapters/postgres/values.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::postgres {
namespace {

using Clock = std::chrono::steady_clock;

/// What a session was set to, and whether it holds something that ends with it.
constexpr const char* kState = R"(
SELECT (SELECT md5(string_agg(name || '=' || setting, ',' ORDER BY name)) FROM pg_settings
        WHERE source = 'session') || ' ' || current_user || ' ' || session_user,
  EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory')
  OR EXISTS (SELECT FROM pg_cursors WHERE name <> '')
  OR EXISTS (SELECT FROM pg_prepared_statements)
  OR EXISTS (SELECT FROM pg_listening_channels())
  OR EXISTS (SELECT FROM pg_class WHERE relnamespace = pg_my_temp_schema()))";

struct State {
  std::string settings;
  bool holds = false;
};

State state_of(Connection& connection) {
  const Row row = row_of(connection.run(kState).get(), 0);
  return {.settings = row[0].text(), .holds = row[1] != Value(0)};
}

}  // namespace

Pool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), member_(std::move(other.member_)) {}

Pool::Lease::~Lease() {
  if (pool_ != nullptr) pool_->give_back(std::move(member_));
}

Pool::Member Pool::open_one() {
  Member member;
  member.connection = postgres::open(options_.open);
  member.settings = state_of(*member.connection).settings;
  return member;
}

bool Pool::answers(Member& member) {
  if (Clock::now() - member.since < std::chrono::milliseconds(options_.trusted_ms)) return true;
  {
    const std::scoped_lock lock(mutex_);
    ++counts_.asked;
  }
  try {
    member.connection->run("SELECT 1");
    return true;
  } catch (const Error&) {
    return false;
  }
}

Pool::Lease Pool::take() {
  const auto deadline = Clock::now() + std::chrono::milliseconds(options_.wait_ms);
  while (true) {
    Member member;
    {
      std::unique_lock lock(mutex_);
      const auto free = [&] { return !idle_.empty() || counts_.used < options_.most; };
      if (!free()) ++counts_.waited;
      if (!given_back_.wait_until(lock, deadline, free)) {
        ++counts_.refused;
        throw Error(ErrorCode::kBusy,
                    "all " + counted(static_cast<std::int64_t>(options_.most), "connection") +
                        " to the database are in use",
                    {.place = {}, .remedy = "try again when another request has ended"});
      }
      ++counts_.used;
      if (!idle_.empty()) {
        member = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (member.connection == nullptr) {
      try {
        member = open_one();
      } catch (...) {
        throw_away({}, nullptr);
        throw;
      }
      const std::scoped_lock lock(mutex_);
      ++counts_.opened;
      return {*this, std::move(member)};
    }
    if (answers(member)) {
      const std::scoped_lock lock(mutex_);
      ++counts_.reused;
      return {*this, std::move(member)};
    }
    throw_away(std::move(member), &PoolCounts::broken);
  }
}

void Pool::throw_away(Member member, std::int64_t PoolCounts::* why) noexcept {
  member.connection.reset();  // Before its place is another's: the server counts it until then.
  const std::scoped_lock lock(mutex_);
  --counts_.used;
  if (why != nullptr) ++(counts_.*why);
  given_back_.notify_one();
}

void Pool::give_back(Member member) noexcept {
  try {
    const PGTransactionStatusType status = member.connection->link().status();
    if (status == PQTRANS_UNKNOWN) return throw_away(std::move(member), &PoolCounts::broken);
    const bool same_turns = member.connection->options().writer_lock == options_.open.writer_lock;
    if (status != PQTRANS_IDLE || !same_turns) {
      return throw_away(std::move(member), &PoolCounts::tainted);
    }
    const State state = state_of(*member.connection);
    if (state.holds || state.settings != member.settings) {
      return throw_away(std::move(member), &PoolCounts::tainted);
    }
  } catch (const Error&) {
    return throw_away(std::move(member), &PoolCounts::broken);
  }
  member.since = Clock::now();
  const std::scoped_lock lock(mutex_);
  --counts_.used;
  idle_.push_back(std::move(member));
  given_back_.notify_one();
}

PoolCounts Pool::counts() const {
  const std::scoped_lock lock(mutex_);
  PoolCounts counts = counts_;
  counts.idle = idle_.size();
  return counts;
}

}  // namespace doppel::postgres
