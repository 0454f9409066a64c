#include <algorithm>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "desk/feed.hpp"
#include "desk/rows.hpp"
#include "desk/validate.hpp"

/// A batch of rows becomes records: those that can't are left out and say why, and the others are
/// written in one transaction.
namespace doppel::desk {
namespace {

using Action = FeedRowResult::Action;

Checked check(const FeedMapping& mapping, const Value& value) {
  return mapping.field != nullptr ? check_value(*mapping.field, value)
                                  : check_custom(mapping.target, mapping.custom_kind, value);
}

/// The value as it is stored; a problem is left to the write.
Value stored(const FeedMapping& mapping, const Value& value) {
  Checked checked = check(mapping, value);
  if (checked.problem) return value;
  return std::move(checked.value);
}

std::string text_of_key(const Value& value) {
  return value.kind() == ValueKind::kInteger ? std::to_string(value.integer()) : value.text();
}

/// Errors that are about a row and not about the database.
bool is_of_row(ErrorCode code) {
  switch (code) {
    case ErrorCode::kConstraint:
    case ErrorCode::kSandboxOnly:
    case ErrorCode::kInvalidInput:
    case ErrorCode::kNotFound:
    case ErrorCode::kWrongState:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct FeedWriter::Item {
  FeedRowResult result;
  Value key;
  std::vector<const Record*> existing = {};
  bool is_pending = false;

  void refuse(std::string field, std::string message, std::string remedy) {
    result.action = Action::kError;
    result.problems.push_back({std::move(field), std::move(message), std::move(remedy)});
  }
};

FeedWriter::FeedWriter(Workplace& place, const Feed& feed, Mode mode)
    : place_(place), feed_(feed), mode_(mode), mapper_(place, feed) {}

std::vector<FeedRowResult> FeedWriter::write(std::span<const FeedRow> rows) {
  std::vector<Item> items;
  for (const FeedRow& row : rows) {
    MappedRow mapped = mapper_.map(row);
    Item item{.result = {.line = row.line,
                         .values = std::move(mapped.values),
                         .problems = std::move(mapped.problems)},
              .key = {}};
    if (item.result.problems.empty()) take_key(item);
    items.push_back(std::move(item));
  }
  find_existing(items);
  std::vector<Item*> pending;
  for (Item& item : items) {
    if (item.is_pending) pending.push_back(&item);
  }
  write_items(std::move(pending));
  std::vector<FeedRowResult> results;
  for (Item& item : items) results.push_back(std::move(item.result));
  return results;
}

/// Whose row it is; no key stands twice in a file.
void FeedWriter::take_key(Item& item) {
  const FeedMapping& key = feed_.mappings[feed_.key];
  Checked checked = check(key, item.result.values.at(key.target));
  if (checked.problem) {
    item.refuse(key.source, checked.problem->message, checked.problem->remedy);
    return;
  }
  item.key = std::move(checked.value);
  const auto [first, is_new] = seen_.emplace(text_of_key(item.key), item.result.line);
  if (is_new) return;
  item.refuse(key.source, fmt::format("line {} has this key, too", first->second),
              "leave one of them out");
}

void FeedWriter::find_existing(std::vector<Item>& items) {
  const FeedMapping& key = feed_.mappings[feed_.key];
  Query query{.filters = {{.field = key.target, .op = Operator::kIn}}, .limit = kPageLimit};
  // Custom fields are listed where they are named.
  for (const FeedMapping& mapping : feed_.mappings) query.fields.push_back(mapping.target);
  for (const Item& item : items) {
    if (item.result.problems.empty())
      query.filters[0].values.push_back(item.result.values.at(key.target));
  }
  if (query.filters[0].values.empty()) return;
  Page page = list(place_, feed_.object->name, query);
  std::multimap<std::string, const Record*, std::less<>> known;
  for (const Record& record : page.records) {
    const Value& value = record.values.at(key.target);
    if (!value.is_null()) known.emplace(text_of_key(stored(key, value)), &record);
  }
  for (Item& item : items) {
    if (!item.result.problems.empty()) continue;
    const auto [first, last] = known.equal_range(text_of_key(item.key));
    for (auto found = first; found != last; ++found) item.existing.push_back(found->second);
    decide(item);
  }
}

/// What is to be done with a row whose record is known, or isn't there.
void FeedWriter::decide(Item& item) {
  const FeedMapping& key = feed_.mappings[feed_.key];
  if (item.existing.size() > 1) {
    item.refuse(key.source, fmt::format("{} records have this key", item.existing.size()),
                "merge them, or choose another key");
    return;
  }
  if (item.existing.empty()) {
    if (feed_.rule == FeedRule::kUpdate) {
      item.refuse(key.source, "no record has this key", "make it first, or let the feed make it");
      return;
    }
    item.result.action = Action::kCreate;
    item.is_pending = true;
    return;
  }
  const Record& record = *item.existing[0];
  item.result.id = record.id;
  item.result.action = Action::kUnchanged;
  Values changed;
  if (feed_.rule != FeedRule::kCreate) {
    for (const FeedMapping& mapping : feed_.mappings) {
      const auto value = item.result.values.find(mapping.target);
      if (value == item.result.values.end()) continue;
      const Value& now = value_of(record.values, mapping.target);
      const bool is_same = !now.is_null() && stored(mapping, now) == stored(mapping, value->second);
      if (!is_same) changed.emplace(*value);
    }
  }
  item.result.values = std::move(changed);
  if (item.result.values.empty()) return;
  item.result.action = Action::kUpdate;
  item.is_pending = true;
}

/// All that can be written is, in one transaction: what is wrong is left out and the rest tried
/// again; where the database itself refuses, one by one.
void FeedWriter::write_items(std::vector<Item*> items) {
  while (!items.empty()) {
    std::vector<Write> writes;
    for (const Item* item : items) {
      const bool is_new = item->result.action == Action::kCreate;
      writes.push_back({.verb = is_new ? Verb::kCreate : Verb::kChange,
                        .collection = feed_.object->name,
                        .id = item->result.id,
                        .values = item->result.values});
    }
    std::vector<Outcome> outcomes;
    try {
      outcomes = write_all(place_, writes, mode_);
    } catch (const Error& error) {
      if (!is_of_row(error.code())) throw;
      if (items.size() == 1) return items[0]->refuse("", error.what(), std::string(error.remedy()));
      for (Item* item : items) write_items({item});
      return;
    }
    std::vector<Item*> rest;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Outcome& outcome = outcomes[i];
      if (outcome.kind == Outcome::Kind::kSkipped) {
        rest.push_back(items[i]);
      } else if (outcome.kind == Outcome::Kind::kDone) {
        if (mode_ == Mode::kCommit) items[i]->result.id = outcome.record->id;
      } else if (outcome.kind == Outcome::Kind::kInvalid) {
        items[i]->result.action = Action::kError;
        items[i]->result.problems = outcome.problems;
      } else {
        items[i]->refuse("", "the record was removed meanwhile", "try again");
      }
    }
    items = std::move(rest);
  }
}

}  // namespace doppel::desk
