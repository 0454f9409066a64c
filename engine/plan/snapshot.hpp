#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/shelf.hpp"
#include "changeset/changeset.hpp"
#include "database/connection.hpp"
#include "manifest/model.hpp"

/// The whole config of an environment as a file or, in a control store that several machines share,
/// as a text there, taken before every promotion [P6]: verified by its hash, restorable by itself
/// as a plan. The format is documented in docs/formats/snapshot.md.
namespace doppel::plan {

struct SnapshotInfo {
  std::string name;  ///< 000003-01993f2a: number of the promotion that it was taken for, and its id
  std::string tenant;
  std::string at;
  std::int64_t promotion = 0;
  std::int64_t rows = 0;
  std::string hash;  ///< of the content
  std::filesystem::path file;
  /// Whether that promotion is recorded in live. Not: it was refused after the snapshot, was
  /// killed, or is under way.
  bool promoted = true;
};

/// How the snapshot is called that is taken for a promotion.
std::string snapshot_name(std::int64_t promotion, const std::string& id);

/// All config rows of `live`, table by table. For one moment the caller holds a transaction.
changeset::State read_config(const manifest::Model& model, database::Connection& live);

/// The same as the lines of a snapshot.
struct ConfigText {
  std::string lines;
  std::string hash;  ///< of the lines
  std::int64_t rows = 0;
  friend bool operator==(const ConfigText&, const ConfigText&) = default;
};
ConfigText read_config_text(const manifest::Model& model, database::Connection& live);

/// Nobody else may write one of the same name.
SnapshotInfo write_snapshot(Shelf& shelf, SnapshotInfo info, const ConfigText& config);
void remove_snapshot(Shelf& shelf, const SnapshotInfo& info);

/// Removes what a crash left: files half written, and one for the same promotion with the same
/// content. REQUIRES: nobody else puts anything there.
void remove_leftovers(Shelf& shelf, const SnapshotInfo& written);

/// Newest first. What aren't snapshots are left out; damaged ones are found by read_snapshot.
std::vector<SnapshotInfo> list_snapshots(Shelf& shelf);

/// Throws Error(kInvalidInput) for a file whose content isn't what its hash says.
changeset::State read_snapshot(Shelf& shelf, const SnapshotInfo& info);

/// The inverse of read_config_text(). Throws Error(kInvalidInput) with `place`.
changeset::State read_config_lines(std::string_view lines, const std::string& place);

/// Removes what is beyond the newest `keep_count` and older than `keep_since` (an instant's text).
void prune_snapshots(Shelf& shelf, std::size_t keep_count, const std::string& keep_since);

}  // namespace doppel::plan
