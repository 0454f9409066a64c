#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/shared_registry.hpp"
#include "database/overlay.hpp"

/// The carrier `rows`: a sandbox is rows in tables that all sandboxes of the application share, and
/// a role whose name is its number. No relation is made for it.
namespace doppel::postgres {

class RowsOverlayBuilder final : public database::OverlayBuilder {
 public:
  explicit RowsOverlayBuilder(std::string dsn) : dsn_(std::move(dsn)) {}

  std::string default_carrier() const override { return "rows"; }
  std::vector<database::RowCount> create(const database::OverlaySpec& spec) override;
  std::unique_ptr<database::Overlay> open(const database::OverlaySpec& spec,
                                          database::Access access) override;
  database::ApplicationAccess access_for_application(const database::OverlaySpec& spec) override;
  void replace(const database::OverlaySpec& spec, const database::OverlaySpec& next,
               const std::string& state) override;
  void recover(const database::OverlaySpec& spec) override;
  void remove(const database::OverlaySpec& spec) override;

 private:
  std::unique_ptr<Connection> connect(database::Access access) const;
  std::vector<database::RowCount> make(Connection& connection, const database::OverlaySpec& spec,
                                       int generation);

  std::string dsn_;
};

}  // namespace doppel::postgres
