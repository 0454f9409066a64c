#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace doppel::cli {

/// Calls `beat` every so often on a thread of its own, which ends with what is returned.
std::shared_ptr<void> repeat(std::int64_t every_microseconds, std::function<void()> beat);

}  // namespace doppel::cli
