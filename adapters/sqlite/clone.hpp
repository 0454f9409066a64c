#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>

namespace doppel::sqlite {

/// How a clone came about: says what it cost.
enum class CloneKind {
  kShared,    ///< the file system shares the blocks: milliseconds
  kCopied,    ///< copied inside the kernel
  kBackup,    ///< SQLite's backup interface, for a database in WAL mode
  kTooLarge,  ///< nothing was made: the blocks can't be shared and are too many to copy
};

/// Makes `target` a consistent copy of the database at `source`, which others may be writing to and
/// which is only read. Not flushed: the caller does, when it has finished with the new file.
/// Throws Error(kBusy) when a writer doesn't end in time, Error(kAlreadyExists) for the target.
CloneKind clone_file(const std::filesystem::path& source, const std::filesystem::path& target,
                     std::int64_t copy_limit_bytes = std::numeric_limits<std::int64_t>::max());

}  // namespace doppel::sqlite
