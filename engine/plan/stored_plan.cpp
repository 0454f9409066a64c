#include <array>

#include "base/error.hpp"
#include "plan/plan_json.hpp"

namespace doppel::plan {
namespace {

constexpr const char* kPlace = "stored plan";

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorCode::kInvalidInput, message, {.place = kPlace, .remedy = {}});
}

/// Whatever is wrong with it: nothing but another plan helps.
[[noreturn]] void refuse_all(const Error& why) {
  throw Error(ErrorCode::kInvalidInput,
              std::string("the plan that was kept can't be read: ") + why.what(),
              {.place = kPlace, .remedy = "plan again"});
}

const json::array& list_member(const json::value& stored, std::string_view name) {
  const json::value& found = member(stored, name, kPlace);
  if (!found.is_array()) refuse("'" + std::string(name) + "' must be a list");
  return found.get_array();
}

/// The values of one entry of a list, which all have as many.
template <std::size_t kCount>
std::array<const json::value*, kCount> entry(const json::value& item) {
  if (!item.is_array() || item.get_array().size() != kCount) {
    refuse("a list of " + std::to_string(kCount) + " is expected");
  }
  std::array<const json::value*, kCount> parts{};
  for (std::size_t i = 0; i < kCount; ++i) parts[i] = &item.get_array()[i];
  return parts;
}

std::string text(const json::value& value) {
  if (!value.is_string()) refuse("a text is expected");
  return std::string(value.get_string());
}

std::optional<std::string> optional_text(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  return text(value);
}

std::int64_t count(const json::value& value) {
  if (!value.is_int64() || value.get_int64() < 0) refuse("a number of rows is expected");
  return value.get_int64();
}

ChangeKind change_kind(const json::value& value) {
  for (const ChangeKind kind : {ChangeKind::kInsert, ChangeKind::kUpdate, ChangeKind::kDelete}) {
    if (value.is_int64() && value.get_int64() == static_cast<int>(kind)) return kind;
  }
  refuse("a kind of change is expected");
}

Key key(const json::value& value) { return values_from_json(value, kPlace); }

std::vector<PlannedChange> changes_from(const json::value& stored, changeset::ChangeSet config) {
  const json::array& labels = list_member(stored, "labels");
  if (labels.size() != config.size()) refuse("each change must have a label");
  std::vector<PlannedChange> changes;
  for (std::size_t i = 0; i < config.changes.size(); ++i) {
    changes.push_back(
        {.change = std::move(config.changes[i]), .label = text(labels[i]), .touch = {}, .why = {}});
  }
  return changes;
}

merge::Conflict conflict_from(const json::value& item) {
  const auto [id, inputs, answered] = entry<3>(item);
  merge::Conflict conflict;
  conflict.id = text(*id);
  conflict.inputs = text(*inputs);
  if (const auto answer = optional_text(*answered)) {
    conflict.answered = merge::parse_answer_kind(*answer);
    if (!conflict.answered) refuse("'" + *answer + "' is no answer");
  }
  return conflict;
}

Impact impact_from(const json::value& item) {
  const auto parts = entry<8>(item);
  return {.table = text(*parts[0]),
          .key = key(*parts[1]),
          .label = text(*parts[2]),
          .kind = change_kind(*parts[3]),
          .referrer = text(*parts[4]),
          .column = text(*parts[5]),
          .rows = count(*parts[6]),
          .mapped_to = optional_text(*parts[7])};
}

StoredPlan read(const json::value& stored) {
  StoredPlan made;
  Plan& plan = made.plan;
  plan.hash = {text_member(stored, "hash", kPlace)};
  plan.source = text_member(stored, "source", kPlace);
  changeset::ChangeSet config = changeset::from_json(member(stored, "config", kPlace), kPlace);
  const json::value* own = stored.get_object().if_contains("own");
  made.own = own != nullptr ? changeset::from_json(*own, kPlace) : config;
  plan.changes = changes_from(stored, std::move(config));
  for (const json::value& item : list_member(stored, "conflicts")) {
    plan.conflicts.push_back(conflict_from(item));
  }
  for (const json::value& item : list_member(stored, "impact")) {
    plan.impact.push_back(impact_from(item));
  }
  for (const json::value& item : list_member(stored, "rekeyed")) {
    const auto [table, from, to] = entry<3>(item);
    plan.rekeyed.push_back({text(*table), key(*from), key(*to)});
  }
  for (const json::value& item : list_member(stored, "select")) {
    const auto [table, row] = entry<2>(item);
    made.select.push_back({text(*table), optional_text(*row)});
  }
  for (const json::value& item : list_member(stored, "mappings")) {
    const auto [table, from, to] = entry<3>(item);
    made.mappings.push_back({text(*table), text(*from), optional_text(*to)});
  }
  if (const json::value* inputs = stored.get_object().if_contains("inputs")) {
    plan.inputs = text(*inputs);
    plan.data = changeset::from_json(member(stored, "data", kPlace), kPlace);
  }
  return made;
}

}  // namespace

json::value to_stored(const Plan& plan, const Request& request) {
  json::object object;
  object["hash"] = plan.hash.text;
  object["source"] = plan.source;
  object["config"] = changeset::to_json(plan.config());
  json::array labels;
  for (const PlannedChange& planned : plan.changes) labels.emplace_back(planned.label);
  object["labels"] = std::move(labels);
  json::array conflicts;
  for (const merge::Conflict& conflict : plan.conflicts) {
    conflicts.push_back(json::array{
        conflict.id, conflict.inputs,
        conflict.answered ? json::value(merge::to_text(*conflict.answered)) : json::value()});
  }
  object["conflicts"] = std::move(conflicts);
  json::array impact;
  for (const Impact& item : plan.impact) {
    impact.push_back(json::array{item.table, doppel::to_json(item.key), item.label,
                                 static_cast<int>(item.kind), item.referrer, item.column, item.rows,
                                 item.mapped_to ? json::value(*item.mapped_to) : json::value()});
  }
  object["impact"] = std::move(impact);
  json::array rekeyed;
  for (const auto* rows : {&plan.rekeyed, &plan.adopted}) {
    for (const merge::Rekeyed& row : *rows) {
      rekeyed.push_back(json::array{row.table, doppel::to_json(row.from), doppel::to_json(row.to)});
    }
  }
  object["rekeyed"] = std::move(rekeyed);
  json::array select;
  for (const Selector& selector : request.select) {
    select.push_back(
        json::array{selector.table, selector.row ? json::value(*selector.row) : json::value()});
  }
  object["select"] = std::move(select);
  // Mostly the plan is the sandbox's changes as they are.
  if (request.changes != plan.config()) object["own"] = changeset::to_json(request.changes);
  json::array mappings;
  for (const Mapping& mapping : request.mappings) {
    mappings.push_back(json::array{mapping.table, mapping.from,
                                   mapping.to ? json::value(*mapping.to) : json::value()});
  }
  object["mappings"] = std::move(mappings);
  if (!plan.inputs.empty() && plan.promotable()) {
    object["inputs"] = plan.inputs;
    object["data"] = changeset::to_json(plan.data);
  }
  return object;
}

json::value parse_stored(std::string_view text) {
  try {
    json::value stored = parse_json(text, kPlace);
    if (!stored.is_object()) refuse("an object is expected");
    return stored;
  } catch (const Error& error) {
    refuse_all(error);
  }
}

StoredPlan from_stored(const json::value& stored) {
  try {
    return read(stored);
  } catch (const Error& error) {
    refuse_all(error);
  }
}

}  // namespace doppel::plan
