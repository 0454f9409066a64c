#include "cli/heartbeat.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace doppel::cli {
namespace {

class Heartbeat {
 public:
  Heartbeat(std::int64_t every_microseconds, std::function<void()> beat)
      : every_(every_microseconds), beat_(std::move(beat)), thread_([this] { run(); }) {}
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;
  ~Heartbeat() {
    {
      const std::lock_guard guard(mutex_);
      ended_ = true;
    }
    woken_.notify_all();
    thread_.join();
  }

 private:
  void run() {
    std::unique_lock guard(mutex_);
    while (!woken_.wait_for(guard, every_, [this] { return ended_; })) {
      guard.unlock();
      beat_();
      guard.lock();
    }
  }

  std::chrono::microseconds every_;
  std::function<void()> beat_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace

std::shared_ptr<void> repeat(std::int64_t every_microseconds, std::function<void()> beat) {
  return std::make_shared<Heartbeat>(every_microseconds, std::move(beat));
}

}  // namespace doppel::cli
