#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "adapters/postgres/connection.hpp"

/// Carrier rows: which generations of shared tables there are and which sandboxes, in live's
/// database: doppel.shared_generation and doppel.shared_sandbox.
namespace doppel::postgres {

struct SharedSandbox {
  std::int32_t number = 0;
  std::string id;  ///< SandboxNames::schema
  int generation = 0;
  std::string role;  ///< empty: none of its own, a refresh makes it
  std::string mark;
};

/// Makes the tables and doppel.sandbox() where they are missing. REQUIRES: an open transaction that
/// alone may do so.
void make_shared_registry(Connection& connection);

/// The generation that was made of this state of live.
std::optional<int> find_generation(Connection& connection, const std::string& fingerprint);
/// The number of a new one.
int add_generation(Connection& connection, const std::string& fingerprint);

std::optional<SharedSandbox> find_shared(Connection& connection, const std::string& id);
/// With a number that no other sandbox has or had.
SharedSandbox add_shared(Connection& connection, const std::string& id, int generation,
                         const std::string& mark);

/// Whether there are sandboxes of this generation, and of any.
struct SharedUse {
  bool generation = false;
  bool any = false;
};
SharedUse shared_use(Connection& connection, int generation);

/// Who makes and drops generations holds the lock alone, who makes sandboxes shares it: until the
/// connection ends or lets it go. REQUIRES: no open transaction, whose snapshot would be too old.
enum class SharedLock { kShared, kAlone };
void lock_shared(Connection& connection, SharedLock lock);
void unlock_shared(Connection& connection, SharedLock lock);
void unlock_all_shared(Connection& connection);

}  // namespace doppel::postgres
