#include "code/resolve.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace doppel::code {
namespace {

using manifest::Problem;
using manifest::Reference;
using manifest::TableModel;

const Reference* reference_of(const TableModel& table, const std::vector<std::size_t>& columns,
                              const std::string& target, const Reference::Target*& to) {
  for (const Reference& reference : table.references) {
    if (reference.columns != columns) continue;
    const auto found = std::ranges::find(reference.targets, target, &Reference::Target::table);
    if (found == reference.targets.end()) continue;
    to = &*found;
    return &reference;
  }
  return nullptr;
}

std::string plain_text(const Value& value) {
  return value.kind() == ValueKind::kText ? value.text() : display(value);
}

std::string words_of(const std::vector<Cell>& name) {
  std::vector<std::string> words;
  for (const Cell& cell : name) {
    words.push_back(cell.form.kind == Form::Kind::kReference
                        ? cell.form.table + " " + words_of(cell.form.name)
                        : display(cell.form.value));
  }
  return join(words, ", ");
}

}  // namespace

Resolver::Resolver(const manifest::Model& model, const Documents& documents,
                   const changeset::State& config, const Surroundings& surroundings,
                   const ReadOptions& options)
    : model_(model),
      config_(config),
      surroundings_(surroundings),
      options_(options),
      documents_(documents),
      namer_(model, config, surroundings),
      same_tenant_(!documents.tenant.empty() && documents.tenant == options.tenant) {}

Read Resolver::run() {
  index_entries();
  // Keys are told outright; what has none may only take what is left.
  for (Entry& entry : entries_) {
    current_ = &entry;
    if (const auto key = find_by_key(entry)) {
      if (claim(entry, *key)) entry.state = Entry::State::kDone;
    }
  }
  if (!same_tenant_) claim_guesses();
  for (Entry& entry : entries_) identify(entry);
  give_keys();
  for (Entry& entry : entries_) build(entry);
  for (const Entry& entry : entries_) check_role(entry);
  Read read;
  if (problems_.empty()) collect(read);
  if (!problems_.empty()) read.changes = {};
  read.problems = std::move(problems_);
  return read;
}

void Resolver::say(const std::string& file, std::size_t line, const std::string& message,
                   const std::string& remedy) {
  problems_.push_back({.severity = Problem::Severity::kError,
                       .place = file + ":" + std::to_string(line),
                       .message = message,
                       .remedy = remedy});
}

void Resolver::index_entries() {
  for (const Document& document : documents_.tables) {
    const TableModel& table = *document.table;
    const NameRule rule = name_rule(table);
    for (const RowForm& row : document.rows) {
      Entry& entry = entries_.emplace_back();
      entry.document = &document;
      entry.table = &table;
      entry.form = &row;
      current_ = &entry;
      if (row.key) index_entry(entry, {Cell{{}, *row.key}}, true);
      const auto key = name_cells(table.shape->key, row.cells);
      const bool has_own_key = !has_given_key(table);
      if (has_own_key) {
        if (key.empty()) {
          say(document.file, row.line, "the row lacks its key",
              "columns: " + label_of(table, table.shape->key));
        }
        index_entry(entry, key, true);
      }
      if (!rule.is_key && !rule.columns.empty()) {
        index_entry(entry, name_cells(rule.columns, row.cells), !row.key && !has_own_key);
      }
    }
  }
}

void Resolver::index_entry(Entry& entry, const std::vector<Cell>& name, bool must_be_its_own) {
  if (name.empty()) return;
  auto& names = by_name_[entry.table->name()];
  const auto [known, is_new] = names.emplace(canonical(model_, *entry.table, name), &entry);
  if (is_new) return;
  if (must_be_its_own) {
    const std::string first =
        known->second == nullptr
            ? ""
            : " (the first in line " + std::to_string(known->second->form->line) + ")";
    say(entry.document->file, entry.form->line,
        "the row " + words_of(name) + " stands twice" + first, "");
  }
  known->second = nullptr;  // It tells nobody.
}

bool Resolver::claim(Entry& entry, const Key& key) {
  const auto [known, is_new] = claimed_.emplace(RowId{entry.table->name(), key}, &entry);
  if (!is_new && known->second != &entry) {
    say(entry.document->file, entry.form->line,
        "this is the same row as in line " + std::to_string(known->second->form->line), "");
    return false;
  }
  entry.now = key;
  return true;
}

std::optional<Key> Resolver::find_by_key(Entry& entry) {
  const auto rows = config_.tables.find(entry.table->name());
  if (rows == config_.tables.end()) return std::nullopt;
  if (has_given_key(*entry.table)) {
    if (!entry.form->key || !same_tenant_) return std::nullopt;
    const Key key{entry.form->key->value};
    return rows->second.rows.contains(key) ? std::optional(key) : std::nullopt;
  }
  const auto& columns = entry.table->shape->key;
  // References in a key may be to rows that are told by their names: these come later.
  const auto cells = name_cells(columns, entry.form->cells);
  const bool is_plain = std::ranges::all_of(
      cells, [](const Cell& cell) { return cell.form.kind == Form::Kind::kValue; });
  if (cells.empty() || !is_plain) return std::nullopt;
  const auto key = values_of(*entry.table, columns, cells, Pass::kIdentify);
  return key && rows->second.rows.contains(*key) ? key : std::nullopt;
}

std::optional<Key> Resolver::find_by_was(Entry& entry) {
  if (!entry.form->was) return std::nullopt;
  const auto& name = entry.form->was->name;
  const auto& names = by_name_[entry.table->name()];
  if (names.contains(canonical(model_, *entry.table, name))) return std::nullopt;
  return key_here(*entry.table, name, Pass::kIdentify);
}

bool Resolver::Wanted::is(const Row& other) const {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (set[i] && row[i] != other[i]) return false;
  }
  return true;
}

std::optional<Resolver::Wanted> Resolver::wanted_of(const Entry& entry) {
  const std::size_t columns = entry.table->shape->columns.size();
  Wanted wanted{Row(columns), std::vector<bool>(columns, false)};
  for (const Cell& cell : entry.form->cells) {
    if (!set_cell(*entry.table, cell, Pass::kIdentify, wanted.row, wanted.set)) return {};
  }
  return wanted;
}

std::vector<Entry*> Resolver::fitting(const std::vector<Entry*>& guessed) {
  std::map<Entry*, bool> is_guessed;
  for (Entry* entry : guessed) {
    entry->now = Key{entry->form->key->value};
    entry->state = Entry::State::kDone;
    is_guessed[entry] = true;
  }
  std::vector<Entry*> fit;
  for (Entry* entry : guessed) {
    const auto wanted = wanted_of(*entry);
    const Row& row = config_.tables.at(entry->table->name()).rows.at(*entry->now);
    if (wanted && wanted->is(row)) fit.push_back(entry);
  }
  // What was found out on the way was found by guesses, too.
  for (Entry& entry : entries_) {
    const auto claimed =
        entry.now ? claimed_.find({entry.table->name(), *entry.now}) : claimed_.end();
    const bool is_sure = !is_guessed.contains(&entry) && claimed != claimed_.end() &&
                         find_by_key(entry) == entry.now;
    if (is_sure) continue;
    if (claimed != claimed_.end() && claimed->second == &entry) claimed_.erase(claimed);
    entry.now.reset();
    entry.renamed_key = false;
    entry.state = Entry::State::kOpen;
  }
  return fit;
}

void Resolver::claim_guesses() {
  constexpr int kRounds = 100;
  std::vector<Entry*> guessed;
  for (Entry& entry : entries_) {
    const auto rows = config_.tables.find(entry.table->name());
    const bool is_there = entry.form->key && rows != config_.tables.end() &&
                          rows->second.rows.contains({entry.form->key->value});
    if (is_there) guessed.push_back(&entry);
  }
  for (int round = 0; !guessed.empty(); ++round) {
    std::vector<Entry*> fit = fitting(guessed);
    if (fit.size() == guessed.size()) break;
    guessed = std::move(fit);
    if (round == kRounds) guessed.clear();
  }
  for (Entry* entry : guessed) {
    if (claim(*entry, {entry->form->key->value})) entry->state = Entry::State::kDone;
  }
}

bool Resolver::is_ambiguous(const Entry& entry, const std::vector<std::size_t>& columns) const {
  const auto names = by_name_.find(entry.table->name());
  if (names == by_name_.end()) return false;
  const auto name = name_cells(columns, entry.form->cells);
  const auto found = names->second.find(canonical(model_, *entry.table, name));
  return found != names->second.end() && found->second == nullptr;
}

std::optional<Key> Resolver::find_by_content(Entry& entry) {
  const auto rows = config_.tables.find(entry.table->name());
  const auto wanted = wanted_of(entry);
  if (rows == config_.tables.end() || !wanted) return std::nullopt;
  for (const auto& [key, row] : rows->second.rows) {
    if (!claimed_.contains({entry.table->name(), key}) && wanted->is(row)) return key;
  }
  return std::nullopt;
}

std::optional<Key> Resolver::find_now(Entry& entry) {
  const TableModel& table = *entry.table;
  const NameRule rule = name_rule(table);
  const auto rows = config_.tables.find(table.name());
  if (rows == config_.tables.end()) return std::nullopt;
  if (!has_given_key(table)) {
    const auto key = values_of(table, table.shape->key, entry.form->cells, Pass::kIdentify);
    if (key && rows->second.rows.contains(*key)) return key;
  }
  if (auto key = find_by_was(entry)) {
    entry.renamed_key = !has_given_key(table);
    return key;
  }
  if (!rule.is_key && !rule.columns.empty() && !is_ambiguous(entry, rule.columns)) {
    const auto values = values_of(table, rule.columns, entry.form->cells, Pass::kIdentify);
    auto key = values ? namer_.find(table, *values) : std::nullopt;
    // One that another row of the folder names by its key is that one's.
    if (key && !claimed_.contains({table.name(), *key})) return key;
    if (key && !entry.form->key && has_given_key(table)) return key;
  }
  const bool is_nameless = rule.columns.empty() || entry.form->key;
  return has_given_key(table) && is_nameless ? find_by_content(entry) : std::nullopt;
}

void Resolver::identify(Entry& entry) {
  if (entry.state != Entry::State::kOpen) return;
  entry.state = Entry::State::kBusy;
  const Entry* outer = std::exchange(current_, &entry);
  if (const auto key = find_now(entry)) claim(entry, *key);
  current_ = outer;
  entry.state = Entry::State::kDone;
}

void Resolver::give_keys() {
  std::map<const TableModel*, std::vector<Entry*>> without;
  std::map<const TableModel*, std::set<std::int64_t>> reserved;
  for (Entry& entry : entries_) {
    current_ = &entry;
    if (entry.now && !entry.renamed_key) {
      entry.key = entry.now;
    } else if (has_given_key(*entry.table)) {
      const bool is_known =
          same_tenant_ && entry.form->key && entry.form->key->value.kind() == ValueKind::kInteger;
      if (is_known) {
        entry.key = Key{entry.form->key->value};
        reserved[entry.table].insert(entry.form->key->value.integer());
      } else {
        without[entry.table].push_back(&entry);
      }
    }
  }
  for (auto& [table, entries] : without) {
    const auto& taken = reserved[table];
    const auto keys = surroundings_.new_keys(*table, entries.size() + taken.size());
    auto next = keys.begin();
    for (Entry* entry : entries) {
      while (taken.contains(*next)) ++next;
      entry->key = Key{Value(*next++)};
    }
  }
  for (Entry& entry : entries_) give_key(entry);
}

/// A key of the application's own may hold those of other new rows.
void Resolver::give_key(Entry& entry) {
  if (entry.key || entry.state == Entry::State::kBusy) return;
  entry.state = Entry::State::kBusy;
  const Entry* outer = std::exchange(current_, &entry);
  entry.key = values_of(*entry.table, entry.table->shape->key, entry.form->cells, Pass::kFinal);
  if (!entry.key && problems_.empty()) {
    say(entry.document->file, entry.form->line, "the row's key can't be found out",
        "keys may not refer to each other in a circle");
  }
  current_ = outer;
  entry.state = Entry::State::kDone;
}

std::optional<Key> Resolver::key_of(const TableModel& table, const std::vector<Cell>& name,
                                    Pass pass) {
  const auto names = by_name_.find(table.name());
  if (names != by_name_.end()) {
    const auto found = names->second.find(canonical(model_, table, name));
    if (found != names->second.end() && found->second != nullptr) {
      Entry& entry = *found->second;
      if (pass == Pass::kFinal) {
        give_key(entry);
        return entry.key;
      }
      identify(entry);
      // Its key afterwards is another: nothing of the environment refers to that.
      return entry.renamed_key ? std::nullopt : entry.now;
    }
  }
  auto key = key_here(table, name, pass);
  if (key && pass == Pass::kFinal) referred_.emplace(table.name(), *key);
  return key;
}

std::optional<Key> Resolver::key_here(const TableModel& table, const std::vector<Cell>& name,
                                      Pass pass) {
  if (name.size() == 1 && name.front().columns.empty()) {
    const Key key{name.front().form.value};
    return same_tenant_ && namer_.row(table.name(), key) ? std::optional(key) : std::nullopt;
  }
  const NameRule rule = name_rule(table);
  if (const auto values = values_of(table, rule.columns, name, pass);
      values && !rule.columns.empty()) {
    if (auto key = namer_.find(table, *values)) return key;
  }
  if (has_given_key(table)) return std::nullopt;
  auto key = values_of(table, table.shape->key, name, pass);
  return key && namer_.row(table.name(), *key) ? key : std::nullopt;
}

std::optional<std::vector<Value>> Resolver::values_of(const TableModel& table,
                                                      const std::vector<std::size_t>& columns,
                                                      const std::vector<Cell>& cells, Pass pass) {
  const std::vector<Cell> wanted = name_cells(columns, cells);
  if (wanted.empty()) return std::nullopt;
  Row row(table.shape->columns.size());
  std::vector<bool> set(row.size(), false);
  for (const Cell& cell : wanted) {
    if (!set_cell(table, cell, pass, row, set)) return std::nullopt;
  }
  return TableShape::project(row, columns);
}

bool Resolver::set_cell(const TableModel& table, const Cell& cell, Pass pass, Row& row,
                        std::vector<bool>& set) {
  for (const std::size_t column : cell.columns) set[column] = true;
  switch (cell.form.kind) {
    case Form::Kind::kValue:
      row[cell.columns.front()] = cell.form.value;
      return true;
    case Form::Kind::kParts: {
      auto text = text_of(cell.form.parts, pass);
      if (text) row[cell.columns.front()] = std::move(*text);
      return text.has_value();
    }
    case Form::Kind::kReference:
      break;
  }
  const Reference::Target* to = nullptr;
  const TableModel* target = model_.table(cell.form.table);
  if (target == nullptr || reference_of(table, cell.columns, cell.form.table, to) == nullptr) {
    return false;
  }
  const auto key = key_of(*target, cell.form.name, pass);
  if (!key) {
    if (pass == Pass::kFinal) say_unknown(cell.form);
    return false;
  }
  const auto order = key_order(*target, *to);
  for (std::size_t i = 0; i < order->size(); ++i) row[cell.columns[(*order)[i]]] = (*key)[i];
  return true;
}

std::optional<std::string> Resolver::text_of(const std::vector<Form>& parts, Pass pass) {
  std::string text;
  for (const Form& part : parts) {
    if (part.kind != Form::Kind::kReference) {
      text += plain_text(part.value);
      continue;
    }
    const auto key = key_of(model_.require(part.table), part.name, pass);
    if (!key) {
      if (pass == Pass::kFinal) say_unknown(part);
      return std::nullopt;
    }
    text += plain_text(key->front());
  }
  return text;
}

void Resolver::say_unknown(const Form& reference) {
  say(current_->document->file, reference.line,
      "there is no " + reference.table + " " + words_of(reference.name) +
          ", neither in the folder nor here",
      "");
}

void Resolver::build(Entry& entry) {
  const TableModel& table = *entry.table;
  current_ = &entry;
  if (!entry.key) return;
  const std::size_t known = problems_.size();
  std::vector<bool> set(table.shape->columns.size(), false);
  if (entry.now) {
    entry.row = config_.tables.at(table.name()).rows.at(*entry.now);
  } else {
    entry.row.resize(set.size());
  }
  Row given = entry.row;
  for (const Cell& cell : entry.form->cells) set_cell(table, cell, Pass::kFinal, given, set);
  if (problems_.size() != known) return;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (set[i]) entry.row[i] = given[i];
    if (set[i] || entry.now) continue;
    const ColumnFacts facts = surroundings_.column ? surroundings_.column(table, i) : ColumnFacts{};
    entry.row[i] = facts.initial;
    const bool is_key = std::ranges::find(table.shape->key, i) != table.shape->key.end();
    if (!facts.needs_value || is_key) continue;
    // A credential is set in the environment itself, never in a file.
    if (is_left_out(table, i)) {
      entry.row[i] = facts.holds == ColumnFacts::Holds::kInteger ? Value(0) : Value("");
    } else {
      say(entry.document->file, entry.form->line,
          "the new row lacks the column " + table.shape->columns[i], "");
    }
  }
  for (std::size_t i = 0; i < table.shape->key.size(); ++i) {
    entry.row[table.shape->key[i]] = (*entry.key)[i];
  }
  built_.emplace(RowId{table.name(), *entry.key}, &entry);
}

void Resolver::check_role(const Entry& entry) {
  const TableModel& table = *entry.table;
  if ((table.role.by.empty() && table.role.of.empty()) || entry.row.empty()) return;
  const manifest::RowLookup lookup = [this](const std::string& name, const Key& key) {
    const auto built = built_.find({name, key});
    return built == built_.end() ? namer_.row(name, key) : std::optional(built->second->row);
  };
  if (manifest::role_of(model_, table, entry.row, lookup) == manifest::Role::kConfig) return;
  say(entry.document->file, entry.form->line, "such a row of " + table.name() + " is no config",
      "the manifest decides it by " + (table.role.by.empty() ? table.role.of : table.role.by));
}

void Resolver::collect(Read& read) {
  changeset::ChangeSet all;
  for (Entry& entry : entries_) {
    const TableModel& table = *entry.table;
    const auto rows = config_.tables.find(table.name());
    std::optional<Row> before;
    if (rows != config_.tables.end()) {
      const auto found = rows->second.rows.find(*entry.key);
      if (found != rows->second.rows.end()) before = found->second;
    }
    if (entry.now && *entry.now != *entry.key) {
      all.changes.push_back({table.shape, *entry.now, rows->second.rows.at(*entry.now), {}});
    }
    if (before && entry.now != entry.key && !claimed_.contains({table.name(), *entry.key})) {
      say(entry.document->file, entry.form->line, "another row has the key already", "");
    }
    if (before != entry.row) {
      all.changes.push_back({table.shape, *entry.key, std::move(before), entry.row});
    }
  }
  collect_missing(read);
  for (RowChange& change : read.changes.changes) all.changes.push_back(std::move(change));
  read.changes = changeset::normalise(all);
}

void Resolver::collect_missing(Read& read) {
  for (const Document& document : documents_.tables) {
    const TableModel& table = *document.table;
    const auto rows = config_.tables.find(table.name());
    if (rows == config_.tables.end()) continue;
    for (const auto& [key, row] : rows->second.rows) {
      if (claimed_.contains({table.name(), key})) continue;
      read.missing.emplace_back(table.name(), manifest::label_of(table, row));
      if (options_.missing == Missing::kKeep) continue;
      read.changes.changes.push_back({table.shape, key, row, std::nullopt});
      if (referred_.contains({table.name(), key})) {
        say(document.file, 1,
            "rows of the folder refer to " + table.name() + " '" + manifest::label_of(table, row) +
                "', which it doesn't have and which would be deleted",
            "add it to the file");
      }
    }
  }
}

Read read(const manifest::Model& model, const Files& files, const changeset::State& config,
          const Surroundings& surroundings, const ReadOptions& options) {
  std::vector<Problem> problems;
  const Documents documents = read_documents(model, files, surroundings, problems);
  if (!problems.empty()) return {.problems = std::move(problems), .changes = {}, .missing = {}};
  return Resolver(model, documents, config, surroundings, options).run();
}

}  // namespace doppel::code
