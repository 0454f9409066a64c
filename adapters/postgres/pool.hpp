#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/postgres/link.hpp"

/// Links to one database for many uses, bounded, so that a busy server doesn't take all that the
/// database has. A use finds nothing of the one before it, and who is idle holds nothing.
namespace doppel::postgres {

struct PoolOptions {
  std::string dsn;
  std::size_t most = 8;
  int wait_ms = 5000;  ///< for somebody to give one back
  /// One that nobody used for so long is asked whether it still answers before it is given out.
  int trusted_ms = 1000;
};

/// How often something happened, and how many there are now.
struct PoolCounts {
  std::int64_t opened = 0, reused = 0, asked = 0, waited = 0;
  std::int64_t refused = 0;  ///< nobody gave one back in time
  std::int64_t broken = 0;   ///< thrown away: they answered no more
  std::int64_t tainted = 0;  ///< thrown away: they were left in a transaction
  std::size_t idle = 0, used = 0;
};

class Pool;

/// A link until the end of this: a pool's, or one of its own. Its settings go with the first
/// statement, which doesn't fail.
class Lease {
 public:
  explicit Lease(const OpenOptions& options)
      : link_(std::make_unique<Link>(options, Settings::kWithTheFirst)) {}
  Lease(Lease&& other) noexcept = default;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Lease& operator=(Lease&&) = delete;
  ~Lease();
  Link& operator*() const { return *link_; }
  Link* operator->() const { return link_.get(); }

 private:
  friend class Pool;
  Lease(std::shared_ptr<Pool> pool, std::unique_ptr<Link> link)
      : pool_(std::move(pool)), link_(std::move(link)) {}
  std::shared_ptr<Pool> pool_;
  std::unique_ptr<Link> link_;
};

/// Threads: any. A link that was taken is its taker's.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  explicit Pool(PoolOptions options) : options_(std::move(options)) {
    idle_.reserve(options_.most);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// A link with these options, whose DSN is the pool's. Throws Error(kBusy) when nobody gives one
  /// back in time, and what the constructor of Link throws. REQUIRES: a shared pointer holds this.
  Lease take(OpenOptions options);
  const std::string& dsn() const { return options_.dsn; }
  PoolCounts counts() const;

 private:
  friend class Lease;
  using Moment = std::chrono::steady_clock::time_point;

  struct Idle {
    std::unique_ptr<Link> link;
    Moment since;
  };

  /// Takes a place, and a link where one is idle.
  Idle take_place();
  bool answers(const Idle& idle);
  void give_back(std::unique_ptr<Link> link) noexcept;
  void throw_away(std::unique_ptr<Link> link, std::int64_t PoolCounts::* why) noexcept;

  const PoolOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<Idle> idle_;  ///< the last one given back at the end
  PoolCounts counts_;
};

}  // namespace doppel::postgres
