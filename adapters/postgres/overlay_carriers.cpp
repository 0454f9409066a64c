#include "adapters/postgres/overlay_carriers.hpp"

#include "base/error.hpp"

namespace doppel::postgres {

using database::OverlaySpec;

bool CarriedOverlayBuilder::is_known(const OverlaySpec& spec) const {
  return spec.carrier == copy_.default_carrier() || spec.carrier == rows_.default_carrier();
}

database::OverlayBuilder& CarriedOverlayBuilder::carrier_of(const OverlaySpec& spec) {
  if (spec.carrier == copy_.default_carrier()) return copy_;
  if (spec.carrier == rows_.default_carrier()) return rows_;
  throw Error(ErrorCode::kUnsupported, "PostgreSQL has no carrier '" + spec.carrier + "'",
              {.place = spec.name, .remedy = "carriers: copy, rows"});
}

std::vector<database::RowCount> CarriedOverlayBuilder::create(const OverlaySpec& spec) {
  return carrier_of(spec).create(spec);
}

std::unique_ptr<database::Overlay> CarriedOverlayBuilder::open(const OverlaySpec& spec,
                                                               database::Access access) {
  return carrier_of(spec).open(spec, access);
}

database::ApplicationAccess CarriedOverlayBuilder::access_for_application(const OverlaySpec& spec) {
  return carrier_of(spec).access_for_application(spec);
}

void CarriedOverlayBuilder::replace(const OverlaySpec& spec, const OverlaySpec& next,
                                    const std::string& state) {
  carrier_of(spec).replace(spec, next, state);
}

void CarriedOverlayBuilder::recover(const OverlaySpec& spec) {
  if (is_known(spec)) carrier_of(spec).recover(spec);
}

void CarriedOverlayBuilder::remove(const OverlaySpec& spec) {
  // Of a carrier that there isn't nothing was made.
  if (is_known(spec)) carrier_of(spec).remove(spec);
}

}  // namespace doppel::postgres
