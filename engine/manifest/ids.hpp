#pragma once

#include <memory>
#include <vector>

#include "manifest/model.hpp"

/// Internal to this room: how bind() compiles what find_ids() searches with.
namespace doppel::manifest {

/// Null where there are no patterns.
std::shared_ptr<const IdSearch> compile_ids(const std::vector<EmbeddedIds>& ids);

}  // namespace doppel::manifest
