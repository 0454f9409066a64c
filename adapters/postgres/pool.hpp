#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/postgres/connection.hpp"

/// Connections of one kind for many requests, bounded, so that a busy server doesn't take all that
/// the database has. Only connections as they were opened are given out again.
namespace doppel::postgres {

struct PoolOptions {
  OpenOptions open;
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
  /// Thrown away: left in a transaction, with other settings, or with something that ends with the
  /// session: advisory locks, temporary tables, prepared statements, cursors, LISTEN.
  std::int64_t tainted = 0;
  std::size_t idle = 0, used = 0;
};

/// Threads: any. A connection that was taken is its taker's.
class Pool {
 public:
  explicit Pool(PoolOptions options) : options_(std::move(options)) {
    idle_.reserve(options_.most);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// A connection until the end of this, which the pool outlives.
  class Lease {
   public:
    Lease(Lease&& other) noexcept;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection& operator*() const { return *member_.connection; }
    Connection* operator->() const { return member_.connection.get(); }

   private:
    friend class Pool;
    struct Member {
      std::unique_ptr<Connection> connection;
      std::string settings;  ///< as it was opened
      std::chrono::steady_clock::time_point since = {};
    };
    Lease(Pool& pool, Member member) : pool_(&pool), member_(std::move(member)) {}
    Pool* pool_;
    Member member_;
  };

  /// Throws Error(kBusy) when nobody gives one back in time, and what open() throws.
  Lease take();
  PoolCounts counts() const;

 private:
  using Member = Lease::Member;

  Member open_one();
  bool answers(Member& member);
  void give_back(Member member) noexcept;
  void throw_away(Member member, std::int64_t PoolCounts::* why) noexcept;

  const PoolOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<Member> idle_;  ///< the last one given back at the end
  PoolCounts counts_;
};

}  // namespace doppel::postgres
