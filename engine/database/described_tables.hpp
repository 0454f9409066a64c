#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "database/overlay.hpp"

namespace doppel::database {

/// For adapters: what the table numbers of a sandbox's capture mean. The sandbox says so itself, as
/// JSON in its table doppel_mark, because the application's schema and its manifest go on.
/// Kept are name, columns, key and kind; `shared_write` isn't.
std::string describe_tables(std::span<const TrackedTable> tables);

/// Throws Error(kNotADatabase) with `place` where there is none, or one that isn't as
/// describe_tables() writes it.
std::vector<TrackedTable> described_tables(const std::optional<std::string>& description,
                                           const std::string& place);

}  // namespace doppel::database
