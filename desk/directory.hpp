#pragma once

#include <memory>

#include "access/directory.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "database/connection.hpp"

namespace doppel::desk {

/// The desk's people over a connection to live: accounts are rows of `users`, and what they may do
/// follows from live's `roles`. Borrows everything.
std::unique_ptr<access::Directory> open_directory(database::Connection& live, const Clock& clock,
                                                  Random& random);

}  // namespace doppel::desk
