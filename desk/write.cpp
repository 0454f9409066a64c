#include <algorithm>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/id.hpp"
#include "database/quote.hpp"
#include "desk/custom.hpp"
#include "desk/hooks.hpp"
#include "desk/insert.hpp"
#include "desk/rows.hpp"
#include "desk/schema.hpp"
#include "desk/validate.hpp"

namespace doppel::desk {
namespace {

using database::quote_name;
using Kind = Outcome::Kind;

/// Which of a sandbox's two halves a record stands in.
enum class Half { kConfig, kData, kPeople };

Half half_of(const Collection& collection) {
  switch (collection.role) {
    case manifest::Role::kConfig:
      return Half::kConfig;
    case manifest::Role::kIdentity:
      return Half::kPeople;
    default:
      return Half::kData;
  }
}

/// The half that all writes of a call are for.
Half check_halves(Workplace& place, std::span<const Write> writes) {
  Half half = Half::kData;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const Collection& collection = require_collection(place.collections, writes[i].collection);
    require_module(place, collection);
    const Half own = half_of(collection);
    if (own == Half::kPeople && !place.sandbox.empty()) {
      throw Error(ErrorCode::kLiveIsReadOnly, "people are live's, also in a sandbox",
                  {.place = collection.name, .remedy = "leave the sandbox and change them there"});
    }
    if (i > 0 && own != half && !place.sandbox.empty()) {
      throw Error(ErrorCode::kUnsupported,
                  "one call in a sandbox writes configuration or data, not both",
                  {.place = collection.name, .remedy = "make two calls of it"});
    }
    half = own;
  }
  return half;
}

/// The first statement of a transaction takes the right to write: a sandbox of carrier split takes
/// it no earlier, and what is read before it could be old by then.
void take_turn(Workplace& place, Half half) {
  if (place.sandbox.empty()) return;
  place.connection.sql()->execute(
      half == Half::kConfig ? "UPDATE settings SET version = version WHERE id = ''"
                            : "UPDATE number_series SET next_number = next_number WHERE name = ''",
      {});
}

Outcome invalid(std::vector<FieldProblem> problems) {
  return {.kind = Kind::kInvalid, .record = {}, .problems = std::move(problems)};
}

void insert_row(Workplace& place, const Draft& draft) {
  std::vector<std::string> columns;
  Row row;
  for (const Field& field : draft.collection.fields) {
    columns.push_back(field.name);
    row.push_back(value_of(draft.after, field.name));
  }
  const std::vector<Row> rows{std::move(row)};
  insert_rows(*place.connection.sql(), draft.collection.name, columns, rows);
}

void update_row(Workplace& place, const Draft& draft) {
  SqlText sql;
  std::string set;
  for (const Field& field : draft.collection.fields) {
    if (field.name == "version" || field.name == "updated_at") continue;  // Set already.
    const Value& value = value_of(draft.after, field.name);
    if (value == value_of(draft.before, field.name)) continue;
    set += fmt::format("{}{} = {}", set.empty() ? "" : ", ", quote_name(field.name),
                       sql.parameter(value));
  }
  if (set.empty()) return;
  sql.text = fmt::format("UPDATE {} SET {} WHERE id = {}", quote_name(draft.collection.name), set,
                         sql.parameter(Value(draft.id)));
  place.connection.sql()->execute(sql.text, sql.values);
}

/// What the record is to be: what was, what is given, what the desk makes of it.
void shape(Workplace& place, Draft& draft, std::vector<CustomField>& fields,
           std::vector<CustomValue>& custom) {
  Values given = draft.given;
  draft.problems = check_values(draft.collection, draft.verb, given);
  if (draft.collection.has_custom_fields) {
    const bool any = std::ranges::any_of(
        draft.given, [](const auto& entry) { return custom_code(entry.first).has_value(); });
    if (any || draft.is_new()) fields = custom_fields(place, draft.collection.name);
    custom = check_custom_values(fields, draft.verb, draft.given, draft.problems);
  }
  if (!draft.problems.empty()) return;
  draft.after = draft.before;
  if (draft.is_new()) {
    for (const Field& field : draft.collection.fields) {
      draft.after[field.name] = field.default_value;
    }
    const Value now(instant_text(place.clock.now()));
    draft.after["id"] = draft.id;
    draft.after["created_at"] = now;
    draft.after["updated_at"] = now;
  }
  for (const auto& [name, value] : given) {
    if (!custom_code(name)) draft.after[name] = value;
  }
  draft.problems = check_references(place, draft.collection, given);
  if (!draft.problems.empty()) return;
  const Hooks* hooks = hooks_of(draft.collection.name);
  if (hooks != nullptr && hooks->shape != nullptr) hooks->shape(place, draft);
}

Outcome finish(Workplace& place, const Draft& draft) {
  const Hooks* hooks = hooks_of(draft.collection.name);
  if (hooks != nullptr && hooks->follow != nullptr) hooks->follow(place, draft);
  if (draft.verb == Verb::kRemove) return {};
  return {.kind = Kind::kDone, .record = get(place, draft.collection.name, draft.id)};
}

Outcome do_create(Workplace& place, const Collection& collection, const Write& write) {
  Draft draft{.collection = collection,
              .verb = Verb::kCreate,
              .id = make_uuid7(place.clock, place.random),
              .given = write.values};
  std::vector<CustomField> fields;
  std::vector<CustomValue> custom;
  shape(place, draft, fields, custom);
  if (!draft.problems.empty()) return invalid(std::move(draft.problems));
  insert_row(place, draft);
  write_custom_values(place, collection.name, draft.id, custom);
  return finish(place, draft);
}

/// Counts the record's version up, which keeps everybody else from it, and reads it as it was.
std::optional<Values> seize(Workplace& place, const Collection& collection, const std::string& id) {
  database::SqlRunner& sql = *place.connection.sql();
  const auto changed =
      sql.execute(fmt::format("UPDATE {} SET version = version + 1, updated_at = $2 WHERE id = $1",
                              quote_name(collection.name)),
                  {Value(id), Value(instant_text(place.clock.now()))});
  if (changed == 0) return std::nullopt;
  auto row = read_by_id(sql, collection, id);
  if (row) (*row)["version"] = value_of(*row, "version").integer() - 1;
  return row;
}

Outcome do_change(Workplace& place, const Collection& collection, const Write& write) {
  auto before = seize(place, collection, write.id);
  if (!before) return {.kind = Kind::kNotFound};
  if (write.if_match && *write.if_match != tag_of(collection, *before)) {
    return {.kind = Kind::kStale};
  }
  Draft draft{.collection = collection,
              .verb = write.verb,
              .id = write.id,
              .before = std::move(*before),
              .given = write.values};
  if (write.verb == Verb::kRemove) {
    draft.after = draft.before;
    const Hooks* hooks = hooks_of(collection.name);
    if (hooks != nullptr && hooks->leave != nullptr) hooks->leave(place, draft);
    if (collection.has_custom_fields) {
      place.connection.sql()->execute("DELETE FROM custom_values WHERE record_id = $1",
                                      {Value(write.id)});
    }
    place.connection.sql()->execute(
        fmt::format("DELETE FROM {} WHERE id = $1", quote_name(collection.name)),
        {Value(write.id)});
    return finish(place, draft);
  }
  std::vector<CustomField> fields;
  std::vector<CustomValue> custom;
  shape(place, draft, fields, custom);
  if (!draft.problems.empty()) return invalid(std::move(draft.problems));
  update_row(place, draft);
  write_custom_values(place, collection.name, draft.id, custom);
  return finish(place, draft);
}

/// The field of a unique key by the words of the database: cases.number, queues_name.
std::string field_in(const Collection& collection, std::string_view message) {
  for (const Field& field : collection.fields) {
    for (const char* between : {".", "_"}) {
      const std::string name = collection.name + between + field.name;
      const std::size_t at = message.find(name);
      if (at == std::string_view::npos) continue;
      const std::size_t end = at + name.size();
      const bool ends =
          end == message.size() ||
          (std::isalnum(static_cast<unsigned char>(message[end])) == 0 && message[end] != '_');
      if (ends) return field.name;
    }
  }
  return {};
}

/// A refusal of the database as a problem, where it is about what was asked for; else it is thrown.
Outcome refused(const Workplace& place, const Collection& collection, Verb verb,
                const Error& error) {
  if (error.code() != ErrorCode::kConstraint) throw error;
  const std::string message = error.what();
  if (message.find("UNIQUE") != std::string::npos) {
    return invalid({{field_in(collection, message), "another record has this already",
                     "choose another value"}});
  }
  if (message.find("FOREIGN KEY") == std::string::npos) throw error;
  if (verb == Verb::kRemove) {
    return invalid({{"", "other records refer to it", "change or remove these first"}});
  }
  // All references were found in this environment. What live's own key refuses isn't in live.
  if (!place.sandbox.empty() && half_of(collection) == Half::kData) {
    throw Error(ErrorCode::kSandboxOnly,
                fmt::format("a record of {} would refer to configuration that exists only in "
                            "sandbox {}",
                            collection.name, place.sandbox),
                {.place = error.place(), .remedy = {}});
  }
  return invalid({{"", "what it refers to was removed meanwhile", "read again and retry"}});
}

Outcome do_write(Workplace& place, const Write& write) {
  const Collection& collection = require_collection(place.collections, write.collection);
  try {
    return write.verb == Verb::kCreate ? do_create(place, collection, write)
                                       : do_change(place, collection, write);
  } catch (const Error& error) {
    return refused(place, collection, write.verb, error);
  }
}

std::vector<Outcome> attempt(Workplace& place, std::span<const Write> writes, Half half,
                             Mode mode) {
  std::vector<Outcome> outcomes(writes.size(), Outcome{.kind = Kind::kSkipped});
  const auto transaction = place.connection.begin(database::TransactionKind::kWrite);
  take_turn(place, half);
  if (half == Half::kConfig && place.before_configuring) place.before_configuring();
  std::size_t failed = 0;
  // The others are judged, too, so that whoever sent them learns of all mistakes at once.
  for (std::size_t i = 0; i < writes.size() && failed < kMostFailedWrites; ++i) {
    outcomes[i] = do_write(place, writes[i]);
    if (outcomes[i].kind != Kind::kDone) ++failed;
  }
  if (failed > 0) {
    for (Outcome& outcome : outcomes) {
      if (outcome.kind == Kind::kDone) outcome = {.kind = Kind::kSkipped};
    }
    return outcomes;
  }
  if (mode == Mode::kCommit) transaction->commit();
  return outcomes;
}

}  // namespace

std::vector<Outcome> write_all(Workplace& place, std::span<const Write> writes, Mode mode) {
  if (writes.empty()) return {};
  const Half half = check_halves(place, writes);
  std::vector<Outcome> outcomes;
  for (int tries = 1;; ++tries) {
    try {
      outcomes = attempt(place, writes, half, mode);
      break;
    } catch (const Error& error) {
      if (!place.connection.may_try_again(error, tries)) throw;
    }
  }
  for (std::size_t i = 0; i < writes.size(); ++i) {
    // After the end of the transaction: it had counted the version up.
    if (outcomes[i].kind != Kind::kStale) continue;
    outcomes[i].record = get(place, writes[i].collection, writes[i].id);
    if (!outcomes[i].record) outcomes[i].kind = Kind::kNotFound;
  }
  return outcomes;
}

Outcome create(Workplace& place, std::string_view collection, Values values) {
  const Write write{
      .verb = Verb::kCreate, .collection = std::string(collection), .values = std::move(values)};
  return write_all(place, std::span(&write, 1)).at(0);
}

Outcome change(Workplace& place, std::string_view collection, const std::string& id, Values values,
               std::optional<std::string> if_match) {
  const Write write{.verb = Verb::kChange,
                    .collection = std::string(collection),
                    .id = id,
                    .values = std::move(values),
                    .if_match = std::move(if_match)};
  return write_all(place, std::span(&write, 1)).at(0);
}

Outcome remove(Workplace& place, std::string_view collection, const std::string& id,
               std::optional<std::string> if_match) {
  const Write write{.verb = Verb::kRemove,
                    .collection = std::string(collection),
                    .id = id,
                    .if_match = std::move(if_match)};
  return write_all(place, std::span(&write, 1)).at(0);
}

}  // namespace doppel::desk
