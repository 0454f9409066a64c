#pragma once

#include <optional>
#include <string>

#include "adapters/postgres/connection.hpp"

namespace doppel::postgres {

/// What doppel.sandbox, in live's database, says of a sandbox.
struct Registered {
  std::string schema, role, reader, mark;
};

/// Makes the table where it is missing. REQUIRES: an open transaction.
void make_registry(Connection& connection);

/// Nothing where the schema is gone.
std::optional<Registered> find_registered(Connection& connection, const std::string& schema);
/// The same, also of one whose removal was interrupted: the schema goes first.
std::optional<Registered> find_entry(Connection& connection, const std::string& schema);
void add_registered(Connection& connection, const Registered& sandbox);
void remove_registered(Connection& connection, const std::string& schema);
/// The sandbox `next` goes by `schema` from now on, and the old one of that name is forgotten.
void rename_registered(Connection& connection, const std::string& next, const std::string& schema);

}  // namespace doppel::postgres
