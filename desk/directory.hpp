#pragma once

#include <memory>
#include <optional>
#include <string>

#include "access/directory.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "database/connection.hpp"

namespace doppel::desk {

/// The desk's people over a connection to live: accounts are rows of `users`, and what they may do
/// follows from live's `roles`. Borrows everything.
std::unique_ptr<access::Directory> open_directory(database::Connection& live, const Clock& clock,
                                                  Random& random);

/// The rights of a role's list; what is no list of texts gives nothing.
access::Grants grants_of(const std::string& rights);

/// What a role of an environment says, which nobody has by it: live's roles are the judge. Nothing
/// where there is none of this code.
std::optional<access::Grants> grants_of_role(database::SqlRunner& sql, const std::string& code);

}  // namespace doppel::desk
