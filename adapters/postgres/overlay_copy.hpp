#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/postgres/connection.hpp"
#include "database/overlay.hpp"

/// The carrier `copy`: a sandbox is a schema with real copies of live's config tables and of all
/// that must bind to them, and a role whose search_path begins with it.
namespace doppel::postgres {

class CopyOverlayBuilder final : public database::OverlayBuilder {
 public:
  explicit CopyOverlayBuilder(std::string dsn) : dsn_(std::move(dsn)) {}

  std::string default_carrier() const override { return "copy"; }
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

  std::string dsn_;
};

/// An open sandbox over a connection whose search_path begins with its schema; `dsn` is its role's.
std::unique_ptr<database::Overlay> make_overlay(std::unique_ptr<Connection> connection,
                                                std::string dsn);

}  // namespace doppel::postgres
