#pragma once

#include <string>
#include <vector>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/overlay_names.hpp"

/// How a sandbox is logged in to. The password of its role stands in its folder and nowhere in the
/// database, so that a dump of the database can't log in anywhere.
namespace doppel::postgres {

bool has_password(const database::OverlaySpec& spec);
std::string read_password(const database::OverlaySpec& spec);
void keep_password(const database::OverlaySpec& spec, const std::string& password);

/// Where a sandbox's own files go, if it has any: OverlaySpec::secrets.
void prepare_folder(const database::OverlaySpec& spec);
/// With the password, wherever that is. Nothing there is fine.
void remove_folder(const database::OverlaySpec& spec);

/// From the server's own chance.
std::string new_password(Connection& connection);

/// Logs in as the sandbox's application would and sees that its names mean the sandbox. Throws
/// Error(kUnsupported) where they don't.
void test_login(const std::string& dsn, const SandboxNames& names,
                const std::vector<TableShapePtr>& shapes);

}  // namespace doppel::postgres
