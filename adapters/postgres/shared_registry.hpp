#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

/// It is none any more from now on: only its rows still stand. REQUIRES: its role is gone.
void let_leave(Connection& connection, std::int32_t number);
/// Whether it is still known, also as one that leaves.
bool is_known(Connection& connection, std::int32_t number);
/// Those whose rows still stand though nobody removes them; locked, so that nobody else does.
/// REQUIRES: an open transaction.
std::vector<SharedSandbox> find_leaving(Connection& connection);
/// Generations of which no sandbox is left but such as leave.
std::vector<int> unused_generations(Connection& connection);
/// Waits for whoever removes the rows of those that leave, and forgets them.
void forget_leaving(Connection& connection, int generation);

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
