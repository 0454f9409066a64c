#pragma once

#include <string>
#include <string_view>

#include "tests/support/rows_carrier.hpp"

namespace doppel::postgres::testing {

/// A sandbox of the shop by the carrier that is the test's parameter.
class EitherCarrier : public CopyCarrier, public ::testing::WithParamInterface<const char*> {
 protected:
  explicit EitherCarrier(const std::string& more = "")
      : CopyCarrier(GetParam(), (is_shared() ? kSharableShop : "") + more) {}

  static bool is_shared() { return std::string_view(GetParam()) == "rows"; }
};

inline std::string carrier_of(const ::testing::TestParamInfo<const char*>& tested) {
  return tested.param;
}

}  // namespace doppel::postgres::testing
