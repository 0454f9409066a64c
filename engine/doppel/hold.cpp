#include "doppel/hold.hpp"

#include <utility>

#include "base/error.hpp"

namespace doppel {

Hold::Hold(Hold&& other) noexcept
    : lock_(std::move(other.lock_)),
      store_(std::exchange(other.store_, nullptr)),
      lease_(std::move(other.lease_)),
      heartbeat_(std::move(other.heartbeat_)) {}

Hold& Hold::operator=(Hold&& other) noexcept {
  if (this == &other) return *this;
  let_go();
  lock_ = std::move(other.lock_);
  store_ = std::exchange(other.store_, nullptr);
  lease_ = std::move(other.lease_);
  heartbeat_ = std::move(other.heartbeat_);
  return *this;
}

void Hold::let_go() noexcept {
  heartbeat_.reset();
  if (store_ == nullptr) return;
  try {
    store_->end(lease_);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // The store can't be reached: the lease ends by itself.
  }
}

}  // namespace doppel
