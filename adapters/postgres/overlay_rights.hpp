#pragma once

#include <string>
#include <vector>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/copied_tables.hpp"
#include "adapters/postgres/overlay_names.hpp"
#include "database/limits.hpp"

/// Who may do what with a sandbox. doppel's own role owns everything of it. The sandbox's login
/// role writes the sandbox's tables and reads live's data, never live's config. What it may read of
/// live it has through a role that all sandboxes with the same config share, so that live's
/// catalogue isn't written for each of them. Owners of live's tables read the sandbox's, because
/// their pg_dump stops at the first table that it may not read.
namespace doppel::postgres {

/// What the sandbox consists of, for its rights.
struct Granted {
  SandboxNames names;
  Oids config;                      ///< live's tables and views that have a copy
  std::vector<std::string> tables;  ///< the sandbox's own
  std::vector<std::string> views;
  bool delta = false;  ///< whether there is a schema behind its views of data
  bool writes_data = false;
  std::vector<std::string> owners;  ///< of live's tables that the sandbox has its own of
  /// The sandbox's tables with row-level security, and live's owner of each: a dump of rows that
  /// a policy hides fails but for the owner's.
  std::vector<std::pair<std::string, std::string>> secured;
};

/// The role through which a sandbox reads live. REQUIRES of all of these: an open transaction.
std::string make_reader(Connection& connection, const Granted& granted);

/// A login role with this password and limits on what its sessions may cost. Remarks on those that
/// the server lets nobody but a superuser set.
std::vector<std::string> make_role(Connection& connection, const SandboxNames& names,
                                   const std::string& reader, const std::string& password,
                                   const database::SessionLimits& limits);

/// Who writes behind the views of data: a role that can't log in, reads live as the sandbox does
/// and owns the functions there.
void make_writer(Connection& connection, const SandboxNames& names, const std::string& reader);

/// What of live's `config` the role may read all the same, as remarks. Throws Error(kUnsupported)
/// where it could write live.
std::vector<std::string> check_reach(Connection& connection, const std::string& role,
                                     const Oids& config);

/// Answers and throws as check_reach().
std::vector<std::string> grant_rights(Connection& connection, const Granted& granted);

void set_password(Connection& connection, const std::string& role, const std::string& password);

/// Nobody works as the role any more, and it can't log in.
void end_sessions(Connection& connection, const std::string& role);

/// Nobody works as the role any more; it may log in again.
void end_open_sessions(Connection& connection, const std::string& role);

/// The role reads through another and its search_path leads elsewhere, for new sessions.
/// REQUIRES: an open transaction.
void move_role(Connection& connection, const std::string& role, const std::string& from_reader,
               const SandboxNames& names, const std::string& to_reader);

/// With its writer, and the reader where no other sandbox reads through it.
/// REQUIRES: no open transaction.
void drop_role(Connection& connection, const std::string& role, const std::string& reader);

/// The sandbox's DSN: where `connection` leads to, as the role.
std::string dsn_of_role(Connection& connection, const std::string& role,
                        const std::string& password);

}  // namespace doppel::postgres
