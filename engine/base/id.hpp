#pragma once

#include <compare>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace doppel {

/// A distinct type for each kind of id, so that a plan's hash can't be given as an environment.
template <class Tag>
struct Id {
  std::string text;
  bool empty() const { return text.empty(); }
  friend auto operator<=>(const Id&, const Id&) = default;
};

using PlanHash = Id<struct PlanHashTag>;

/// A UUID of version 7 (RFC 9562): sorts by time of making.
std::string make_uuid7(const Clock& clock, Random& random);

}  // namespace doppel
