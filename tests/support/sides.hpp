#pragma once

#include <rapidcheck.h>

#include "tests/support/choices.hpp"
#include "tests/support/world.hpp"

namespace doppel::testing {

/// Three states of one random schema. The two sides' new rows have keys of their own unless
/// `keys_collide`.
struct Sides {
  World world;
  changeset::State live;
  changeset::State sandbox;
};

enum class NewKeys { kApart, kCollide };

inline Sides make_sides(const WorldOptions& options, NewKeys keys) {
  // Always many: a list that ends early leaves the edits nothing to choose. Shrinking makes zeros.
  Choices choices(*rc::gen::resize(300, rc::gen::container<std::vector<std::uint32_t>>(
                                            600, rc::gen::inRange<std::uint32_t>(0, 10'000))));
  Sides sides;
  sides.world = make_world(choices, options);
  sides.live = edit(sides.world, sides.world.base, choices, {.edits = 8, .first_key = 100});
  sides.sandbox = edit(sides.world, sides.world.base, choices,
                       {.edits = 8, .first_key = keys == NewKeys::kApart ? 200 : 100});
  return sides;
}

}  // namespace doppel::testing
