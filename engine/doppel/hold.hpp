#pragma once

#include <memory>
#include <optional>

#include "base/files.hpp"
#include "environment/store.hpp"

namespace doppel {

/// Keeps other processes from working on something for as long as it lives: a lock of the home's,
/// gone with the process, or a lease of a store that several machines share, which a heartbeat
/// renews. Borrows the store.
class Hold {
 public:
  Hold() = default;  ///< of nothing
  explicit Hold(FileLock lock) : lock_(std::move(lock)) {}
  Hold(environment::ControlStore& store, environment::Lease lease, std::shared_ptr<void> heartbeat)
      : store_(&store), lease_(std::move(lease)), heartbeat_(std::move(heartbeat)) {}
  ~Hold() { let_go(); }
  Hold(Hold&& other) noexcept;
  Hold& operator=(Hold&& other) noexcept;

 private:
  void let_go() noexcept;

  std::optional<FileLock> lock_;
  environment::ControlStore* store_ = nullptr;
  environment::Lease lease_;
  std::shared_ptr<void> heartbeat_;
};

}  // namespace doppel
