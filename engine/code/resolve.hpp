#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "code/document.hpp"
#include "code/namer.hpp"

namespace doppel::code {

/// A row of the folder on its way to a row of the environment.
struct Entry {
  const Document* document = nullptr;
  const manifest::TableModel* table = nullptr;
  const RowForm* form = nullptr;
  enum class State { kOpen, kBusy, kDone } state = State::kOpen;
  std::optional<Key> now;    ///< the row of the environment that it is; absent: a new one
  bool renamed_key = false;  ///< found by what it was called, so that its key changes, too
  std::optional<Key> key;    ///< it has afterwards
  Row row;                   ///< and what it is
};

/// Finds out which row of the environment each row of the folder is, and what it becomes.
class Resolver {
 public:
  Resolver(const manifest::Model& model, const Documents& documents, const changeset::State& config,
           const Surroundings& surroundings, const ReadOptions& options);

  Read run();

 private:
  using RowId = std::pair<std::string, Key>;
  /// Whether references to new rows are answered with the keys that these get.
  enum class Pass { kIdentify, kFinal };

  void index_entries();
  void index_entry(Entry& entry, const std::vector<Cell>& name, bool must_be_its_own);
  void identify(Entry& entry);
  std::optional<Key> find_now(Entry& entry);
  std::optional<Key> find_by_key(Entry& entry);
  std::optional<Key> find_by_was(Entry& entry);
  std::optional<Key> find_by_content(Entry& entry);
  /// In another tenant a key is no more than a guess, which holds where everything fits: rows that
  /// refer to each other and have no names are found in no other way.
  void claim_guesses();
  std::vector<Entry*> fitting(const std::vector<Entry*>& guessed);
  bool is_ambiguous(const Entry& entry, const std::vector<std::size_t>& columns) const;
  /// The columns that the entry gives, and their values; nothing where it refers to new rows.
  struct Wanted {
    Row row;
    std::vector<bool> set;
    bool is(const Row& other) const;
  };
  std::optional<Wanted> wanted_of(const Entry& entry);
  bool claim(Entry& entry, const Key& key);

  void give_keys();
  void give_key(Entry& entry);
  void build(Entry& entry);
  void check_role(const Entry& entry);
  void collect(Read& read);
  void collect_missing(Read& read);

  /// The key of the row that a name means. Nothing: none, or one that is new in kIdentify.
  std::optional<Key> key_of(const manifest::TableModel& table, const std::vector<Cell>& name,
                            Pass pass);
  std::optional<Key> key_here(const manifest::TableModel& table, const std::vector<Cell>& name,
                              Pass pass);
  /// The values that cells give the columns; nothing where a reference can't be followed.
  std::optional<std::vector<Value>> values_of(const manifest::TableModel& table,
                                              const std::vector<std::size_t>& columns,
                                              const std::vector<Cell>& cells, Pass pass);
  bool set_cell(const manifest::TableModel& table, const Cell& cell, Pass pass, Row& row,
                std::vector<bool>& set);
  std::optional<std::string> text_of(const std::vector<Form>& parts, Pass pass);
  void say_unknown(const Form& reference);
  void say(const std::string& file, std::size_t line, const std::string& message,
           const std::string& remedy);

  const manifest::Model& model_;
  const changeset::State& config_;
  const Surroundings& surroundings_;
  const ReadOptions& options_;
  const Documents& documents_;
  Namer namer_;
  bool same_tenant_;
  std::deque<Entry> entries_;
  std::map<std::string, std::map<std::string, Entry*>, std::less<>> by_name_;
  std::map<RowId, Entry*> claimed_;
  std::map<RowId, const Entry*> built_;  ///< by key afterwards
  std::set<RowId> referred_;             ///< rows of the environment that rows of the folder need
  const Entry* current_ = nullptr;       ///< whose mistakes are told
  std::vector<manifest::Problem> problems_;
};

}  // namespace doppel::code
