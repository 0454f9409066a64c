#include "adapters/postgres/pool.hpp"

#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::postgres {

using Clock = std::chrono::steady_clock;

Lease::~Lease() {
  if (pool_ != nullptr && link_ != nullptr) pool_->give_back(std::move(link_));
}

Pool::Idle Pool::take_place() {
  const auto patience = std::chrono::milliseconds(options_.wait_ms);
  std::unique_lock lock(mutex_);
  const auto free = [&] { return !idle_.empty() || counts_.used < options_.most; };
  if (!free()) ++counts_.waited;
  if (!given_back_.wait_for(lock, patience, free)) {
    ++counts_.refused;
    throw Error(ErrorCode::kBusy,
                "all " + counted(static_cast<std::int64_t>(options_.most), "connection") +
                    " to the database are in use",
                {.place = {}, .remedy = "try again when another request has ended"});
  }
  ++counts_.used;
  if (idle_.empty()) return {};
  Idle idle = std::move(idle_.back());
  idle_.pop_back();
  return idle;
}

bool Pool::answers(const Idle& idle) {
  if (!idle.link->is_open()) return false;
  if (Clock::now() - idle.since < std::chrono::milliseconds(options_.trusted_ms)) return true;
  {
    const std::scoped_lock lock(mutex_);
    ++counts_.asked;
  }
  try {
    idle.link->run("SELECT 1");
    return true;
  } catch (const Error&) {
    return false;
  }
}

Lease Pool::take(OpenOptions options) {
  options.dsn = options_.dsn;
  for (Idle idle = take_place(); idle.link != nullptr; idle = take_place()) {
    if (!answers(idle)) {
      throw_away(std::move(idle.link), &PoolCounts::broken);
      continue;
    }
    idle.link->begin_anew(options);
    const std::scoped_lock lock(mutex_);
    ++counts_.reused;
    return {shared_from_this(), std::move(idle.link)};
  }
  try {
    auto link = std::make_unique<Link>(options, Settings::kWithTheFirst);
    const std::scoped_lock lock(mutex_);
    ++counts_.opened;
    return {shared_from_this(), std::move(link)};
  } catch (...) {
    throw_away(nullptr, nullptr);
    throw;
  }
}

void Pool::throw_away(std::unique_ptr<Link> link, std::int64_t PoolCounts::* why) noexcept {
  link.reset();  // Before its place is another's: the server counts it until then.
  const std::scoped_lock lock(mutex_);
  --counts_.used;
  if (why != nullptr) ++(counts_.*why);
  given_back_.notify_one();
}

void Pool::give_back(std::unique_ptr<Link> link) noexcept {
  try {
    const PGTransactionStatusType status = link->status();
    if (status != PQTRANS_IDLE) {
      const auto why = status == PQTRANS_UNKNOWN ? &PoolCounts::broken : &PoolCounts::tainted;
      return throw_away(std::move(link), why);
    }
    link->forget_all();
  } catch (const Error&) {
    return throw_away(std::move(link), &PoolCounts::broken);
  }
  const std::scoped_lock lock(mutex_);
  --counts_.used;
  idle_.push_back({std::move(link), Clock::now()});
  given_back_.notify_one();
}

PoolCounts Pool::counts() const {
  const std::scoped_lock lock(mutex_);
  PoolCounts counts = counts_;
  counts.idle = idle_.size();
  return counts;
}

}  // namespace doppel::postgres
