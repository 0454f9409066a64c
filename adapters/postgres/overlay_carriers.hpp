#pragma once

#include <string>
#include <vector>

#include "adapters/postgres/overlay_copy.hpp"
#include "adapters/postgres/overlay_rows.hpp"

namespace doppel::postgres {

/// The carriers of PostgreSQL sandboxes, each asked for what is its own by the spec.
class CarriedOverlayBuilder final : public database::OverlayBuilder {
 public:
  explicit CarriedOverlayBuilder(const std::string& dsn) : copy_(dsn), rows_(dsn) {}

  std::string default_carrier() const override { return copy_.default_carrier(); }
  std::vector<database::RowCount> create(const database::OverlaySpec& spec) override;
  std::unique_ptr<database::Overlay> open(const database::OverlaySpec& spec,
                                          database::Access access) override;
  database::ApplicationAccess access_for_application(const database::OverlaySpec& spec) override;
  void replace(const database::OverlaySpec& spec, const database::OverlaySpec& next,
               const std::string& state) override;
  void recover(const database::OverlaySpec& spec) override;
  void remove(const database::OverlaySpec& spec) override;

 private:
  bool is_known(const database::OverlaySpec& spec) const;
  database::OverlayBuilder& carrier_of(const database::OverlaySpec& spec);

  CopyOverlayBuilder copy_;
  RowsOverlayBuilder rows_;
};

}  // namespace doppel::postgres
