#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace doppel::net {

/// Threads that run handlers, and the bounded queue before them. Threads: any.
class WorkerPool {
 public:
  using Job = std::function<void()>;

  WorkerPool(std::size_t threads, std::size_t most_waiting);
  /// Stops.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False when as many wait as may. Jobs must not throw.
  bool try_submit(Job job);
  /// For what was begun and must go on: the pieces of a stream. These are bounded by the
  /// connections.
  void submit(Job job);
  /// Waits for the jobs that run, and drops those that wait. What is submitted later is dropped.
  void stop();

  std::size_t waiting() const;

 private:
  void work();

  const std::size_t most_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::size_t idle_ = 0;
  bool is_stopped_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace doppel::net
