#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/row_change.hpp"
#include "database/schema.hpp"
#include "manifest/manifest.hpp"

/// A manifest bound to a database: names are resolved to columns, what the database declares (keys,
/// unique keys, foreign keys) and what the manifest adds stand side by side. Merge, overlay and
/// plan work on this alone.
namespace doppel::manifest {

/// The compiled patterns of a column's embedded ids.
struct IdSearch;

struct ColumnModel {
  MergeUnit merge = MergeUnit::kWhole;
  bool is_volatile = false;
  bool secret = false;
  bool binding = false;
  std::vector<EmbeddedIds> ids;               ///< read by find_ids()
  std::shared_ptr<const IdSearch> id_search;  ///< made by bind(); absent: compiled when used
  std::vector<ArrayRule> arrays = {};         ///< of merge json
  /// A binding or secret that merges like anything else: what live takes back is its own.
  bool travels = false;

  /// Whether each environment has a value of its own, which never goes to another one.
  bool stays() const { return (binding || secret) && !travels; }
};

struct Reference {
  std::vector<std::size_t> columns;  ///< of this table's shape
  struct Target {
    Value discriminator;  ///< NULL in a plain reference
    std::string table;
    std::vector<std::string> columns;  ///< of the target, aligned with `columns` above
  };
  std::vector<Target> targets;
  std::optional<std::size_t> discriminator;  ///< column of this table
  /// The discriminator is one join away: this reference column's target row holds `via_column`.
  std::optional<std::size_t> via;
  std::string via_column;
  std::vector<std::pair<std::size_t, std::string>> scope;
  std::vector<Value> none;
  std::string on_delete;  ///< the database's action; empty where it doesn't declare the reference
  bool declared() const { return !on_delete.empty(); }
  bool plain() const { return !discriminator && !via; }
};

struct UniqueKeyModel {
  std::string name;
  std::vector<std::size_t> columns;
  std::vector<bool> folded = {};  ///< aligned with columns: case is ignored; empty: nowhere
  /// Only rows of a condition are in it: which ones, the database knows alone.
  bool partial = false;
  /// It compares something else than its columns hold: expressions of them, computed columns, or
  /// texts by a collation of its own. `columns` are then the stored ones that it is made of.
  bool computed = false;
  /// Whether only the database can say which rows collide in it.
  bool judged() const { return partial || computed; }
};

struct ListModel {
  std::size_t order = 0;
  std::vector<std::size_t> within;
};

struct NaturalPart {
  std::size_t column = 0;
  NaturalKeyPart::Fold fold = NaturalKeyPart::Fold::kNone;
};

struct TableModel {
  TableShapePtr shape;
  RoleRule role;
  std::vector<NaturalPart> natural_key;
  std::optional<std::size_t> label;
  std::optional<std::size_t> part_of;  ///< index into references
  std::optional<std::size_t> born;
  std::optional<ListModel> list;
  std::vector<Reference> references;        ///< declared and added, each once
  std::vector<UniqueKeyModel> unique_keys;  ///< of stored columns, the key not among them
  std::vector<ColumnModel> columns;         ///< aligned with shape->columns
  std::vector<std::string> rebuild;
  database::KeySource key_source = database::KeySource::kApplication;
  bool shared_write = false;
  std::map<std::string, database::TriggerUse> triggers;

  const std::string& name() const { return shape->name; }
  /// Whether rows of it belong to a sandbox's config: role config, or config for some rows.
  bool may_hold_config() const;
};

/// Where a table is referred to from: (table, index into its references).
struct Referrer {
  std::string table;
  std::size_t reference = 0;
};

struct Model {
  std::string application;
  std::string carrier;
  std::vector<std::string> after_promote;
  database::SessionLimits limits;
  Tracking track = Tracking::kNone;
  std::vector<TableModel> tables;  ///< by name; only those with a key
  std::map<std::string, std::vector<Referrer>, std::less<>> referrers;  ///< by target table

  const TableModel* table(std::string_view name) const;
  /// Throws Error(kNotFound).
  const TableModel& require(std::string_view name) const;
};

/// The natural key's values of a row, folded; empty where the table has none.
std::vector<Value> natural_key_of(const TableModel& table, const Row& row);

/// What a unique key compares of a row.
std::vector<Value> unique_values(const UniqueKeyModel& unique, const Row& row);

/// What people know the row by: its label, natural key or key.
std::string label_of(const TableModel& table, const Row& row);

/// Answers the row of `table` with this key, or nothing where there is none or it isn't known.
using RowLookup = std::function<std::optional<Row>(const std::string& table, const Key& key)>;

/// What a row's reference points to: rows of `target->table` whose `target->columns` equal
/// `values`, and whose scope columns equal this row's.
struct Referred {
  const Reference::Target* target = nullptr;
  std::vector<Value> values;
};

/// Nothing where the row refers to nothing (NULL, or a value that means none), where no case names
/// its discriminator, and where the discriminator's row (`via`) isn't found.
std::optional<Referred> referred_by(const Model& model, const TableModel& table,
                                    const Reference& reference, const Row& row,
                                    const RowLookup& lookup);

/// An id of another row inside a text: the bytes [begin, begin + length) of the value.
struct FoundId {
  std::size_t begin = 0;
  std::size_t length = 0;
  std::string table;
};

/// The ids inside one column's value, by where they stand; of overlapping ones the first. None
/// where the value is no text or the row doesn't hold what `when` asks for.
std::vector<FoundId> find_ids(const TableModel& table, std::size_t column, const Row& row);

/// The role of one row. `lookup` answers the rows that references point to (for roles `of` a
/// reference); where it can't, and after kRoleDepthLimit steps, the table's default role counts.
inline constexpr int kRoleDepthLimit = 16;
Role role_of(const Model& model, const TableModel& table, const Row& row, const RowLookup& lookup);

/// Everything that contradicts the database or is missing [M2 M3]: tables and text columns that the
/// manifest doesn't classify, names the database doesn't have, config tables without a key,
/// references whose types or keys don't fit, roles `of` a cycle.
std::vector<Problem> check(const Manifest& manifest, const database::Schema& schema);

/// Binds, or throws Error(kUnclassified) for gaps and Error(kInvalidManifest) for contradictions,
/// with the whole list in the message.
Model bind(const Manifest& manifest, const database::Schema& schema);

}  // namespace doppel::manifest
