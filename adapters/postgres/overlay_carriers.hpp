#pragma once

#include <memory>
#include <string>

#include "adapters/postgres/connection.hpp"
#include "database/overlay.hpp"

/// The carriers of PostgreSQL sandboxes, and what they have in common.
namespace doppel::postgres {

/// A sandbox in live's own database: whatever makes or changes one is one transaction.
class ServerOverlayBuilder : public database::OverlayBuilder {
 public:
  explicit ServerOverlayBuilder(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}

  /// Removes the fresh one that a refresh had made beside the sandbox.
  void recover(const database::OverlaySpec& spec) override;

 protected:
  std::unique_ptr<Connection> connect(database::Access access) const;

  /// The DSN of the sandbox's role with its password, which is made anew where none is kept.
  static std::string dsn_of_login(Connection& connection, const database::OverlaySpec& spec,
                                  const std::string& role);

 private:
  std::shared_ptr<Pool> pool_;
};

/// Carrier `copy`: a sandbox is a schema with real copies of live's config tables and of all that
/// must bind to them, and a role whose search_path begins with it.
std::unique_ptr<database::OverlayBuilder> make_copy_builder(std::shared_ptr<Pool> pool);

/// Carrier `rows`: a sandbox is rows in tables that all sandboxes of the application share, and a
/// role whose name is its number. No relation is made for it.
std::unique_ptr<database::OverlayBuilder> make_rows_builder(std::shared_ptr<Pool> pool);

/// Either, by the spec; `copy` where nothing is said.
std::unique_ptr<database::OverlayBuilder> make_builder(const std::shared_ptr<Pool>& pool);

/// An open sandbox over a connection whose search_path begins with its schema; `dsn` is its role's.
std::unique_ptr<database::Overlay> make_overlay(std::unique_ptr<Connection> connection,
                                                std::string dsn);

}  // namespace doppel::postgres
