#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "database/connection.hpp"
#include "merge/parts.hpp"
#include "overlay/overlay.hpp"

/// What is different in a sandbox, for people: three states side by side [P1].
namespace doppel::plan {

enum class DiffKind { kAdded, kRemoved, kChanged, kMoved, kRenamed };

std::string_view to_text(DiffKind kind);

struct DiffField {
  std::string column;
  Value base, live, sandbox;                  ///< NULL where the row isn't there; see DiffRow
  std::vector<merge::PartChange> parts = {};  ///< from base to sandbox, where it merges inside
};

struct DiffRow {
  std::string table;
  TableShapePtr shape;
  Key key;
  std::string label;
  /// Renamed: its natural key or label changed. Moved: only its place in an ordered list did.
  DiffKind kind = DiffKind::kChanged;
  std::vector<DiffField> fields;  ///< columns that differ; volatile ones left out
  bool in_base = false, in_live = false, in_sandbox = false;
  overlay::Touch touch;
  /// Who changed live's row since the base, where that is noted.
  overlay::Touch live_touch = {};
  bool moved_in_live() const;
};

struct Diff {
  std::string environment;
  std::vector<DiffRow> rows;  ///< config, by table and key
  std::map<std::string, changeset::Counts, std::less<>>
      counts;                 ///< of every config table, zeros too
  std::size_t data_rows = 0;  ///< rows of data that the sandbox has otherwise than its base
};

/// Whether a row only changed in columns that no diff should show.
bool changes_only_volatile(const manifest::Model& model, const RowChange& change);

/// Rows that differ only in volatile columns are left out.
Diff make_diff(const manifest::Model& model, const std::string& environment,
               const overlay::Changes& changes, database::Connection& live);

}  // namespace doppel::plan
