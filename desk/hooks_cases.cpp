#include <fmt/core.h>

#include "base/json.hpp"
#include "base/text.hpp"
#include "desk/hooks.hpp"
#include "desk/routing.hpp"
#include "desk/schema.hpp"

/// The life of a case: its number, where it goes, its statuses, what happened to it.
namespace doppel::desk {
namespace {

struct Status {
  std::string name, kind;
};

std::optional<Status> read_status(Workplace& place, const std::string& id) {
  const auto rows = place.connection.sql()->query(
      "SELECT name, kind FROM case_statuses WHERE id = $1", {Value(id)});
  if (rows.empty()) return std::nullopt;
  return Status{rows[0][0].text(), rows[0][1].text()};
}

std::string first_status(Workplace& place) {
  const auto rows = place.connection.sql()->query(
      "SELECT id FROM case_statuses ORDER BY is_default DESC, position, id LIMIT 1", {});
  return rows.empty() ? "" : rows[0][0].text();
}

void check_transition(Workplace& place, Draft& draft) {
  const std::string from = text_of(draft.before, "status_id");
  const std::string to = draft.text("status_id");
  std::vector<std::string> names;
  for (const Row& row : place.connection.sql()->query(
           "SELECT s.id, s.name FROM case_status_transitions AS x JOIN case_statuses AS s ON s.id "
           "= "
           "x.to_status_id WHERE x.from_status_id = $1 ORDER BY s.position, s.id",
           {Value(from)})) {
    if (row[0].text() == to) return;
    names.push_back(row[1].text());
  }
  const auto now = read_status(place, from);
  const auto wanted = read_status(place, to);
  draft.refuse("status_id",
               fmt::format("a case can't go from {} to {}", now ? now->name : from,
                           wanted ? wanted->name : to),
               names.empty() ? "nothing follows this status" : "it can go to " + join(names, ", "));
}

/// The times that a status brings and takes.
void keep_times(Workplace& place, Draft& draft) {
  const auto status = read_status(place, draft.text("status_id"));
  if (!status) return;
  const Value now(instant_text(place.clock.now()));
  const bool closed = status->kind == "closed";
  const bool solved = closed || status->kind == "solved";
  if (solved && value_of(draft.after, "solved_at").is_null()) draft.after["solved_at"] = now;
  if (!solved) draft.after["solved_at"] = Value();
  draft.after["closed_at"] = closed ? now : Value();
}

void event(Workplace& place, const Draft& draft, std::string_view kind,
           const json::object& detail) {
  insert_record(place, "case_events",
                {{"case_id", Value(draft.id)},
                 {"kind", Value(kind)},
                 {"author_id", place.user_id.empty() ? Value() : Value(place.user_id)},
                 {"detail", Value(write_json(detail, JsonStyle::kCompact))}});
}

/// Why something was chosen travels from shape to follow beside the row's own fields.
constexpr const char* kQueueWhy = "#queue_why";
constexpr const char* kAssigneeWhy = "#assignee_why";

void assign(Workplace& place, Draft& draft) {
  const AssigneeChoice choice =
      choose_assignee(place, draft.text("queue_id"), draft.text("contact_id"));
  draft.after["assignee_id"] = choice.user_id.empty() ? Value() : Value(choice.user_id);
  draft.after["queue_id"] = choice.queue_id;
  draft.after[kAssigneeWhy] = choice.why;
}

void route(Workplace& place, Draft& draft) {
  if (value_of(draft.after, "queue_id").is_null()) {
    const QueueChoice choice = choose_queue(place, facts_of_case(place, draft.after, draft.id));
    draft.after["queue_id"] = choice.queue_id;
    draft.after[kQueueWhy] = choice.why;
  } else {
    draft.after[kQueueWhy] = "chosen by hand";
  }
  if (!draft.gives("assignee_id")) assign(place, draft);
}

}  // namespace

void shape_case(Workplace& place, Draft& draft) {
  if (draft.is_new()) {
    if (value_of(draft.after, "status_id").is_null()) {
      draft.after["status_id"] = first_status(place);
    }
    route(place, draft);
    draft.after["number"] = next_number(place, "cases");
    keep_times(place, draft);
    return;
  }
  for (const char* name : {"queue_id", "status_id"}) {
    if (value_of(draft.after, name).is_null()) draft.refuse(name, "can't be empty", "give a value");
  }
  if (!draft.problems.empty()) return;
  if (draft.changes("status_id")) {
    check_transition(place, draft);
    keep_times(place, draft);
  }
  if (draft.changes("queue_id")) {
    draft.after[kQueueWhy] = "chosen by hand";
    if (!draft.gives("assignee_id")) assign(place, draft);
  }
}

void follow_case(Workplace& place, const Draft& draft) {
  if (draft.verb == Verb::kRemove) return;
  if (draft.is_new()) event(place, draft, "created", {});
  if (draft.changes("queue_id")) {
    event(place, draft, "routed",
          {{"queue", draft.text("queue_id")}, {"why", text_of(draft.after, kQueueWhy)}});
  }
  const std::string why = text_of(draft.after, kAssigneeWhy);
  if (draft.changes("assignee_id") || !why.empty()) {
    event(place, draft, "assigned",
          {{"assignee", draft.text("assignee_id")}, {"why", why.empty() ? "chosen by hand" : why}});
  }
  if (!draft.is_new() && draft.changes("status_id")) {
    event(place, draft, "status",
          {{"from", text_of(draft.before, "status_id")}, {"to", draft.text("status_id")}});
  }
}

void follow_message(Workplace& place, const Draft& draft) {
  if (!draft.is_new() || draft.text("kind") != "reply") return;
  const std::string id = draft.text("case_id");
  const auto rows =
      place.connection.sql()->query("SELECT first_reply_at FROM cases WHERE id = $1", {Value(id)});
  if (rows.empty() || !rows[0][0].is_null()) return;
  update_record(place, "cases", id, {{"first_reply_at", Value(instant_text(place.clock.now()))}});
}

void shape_macro_action(Workplace& place, Draft& draft) {
  const std::string action = draft.text("action");
  const std::string target = draft.text("target_id");
  const std::string table = action == "set_status"     ? "case_statuses"
                            : action == "set_queue"    ? "queues"
                            : action == "set_category" ? "case_categories"
                            : action == "assign"       ? "users"
                                                       : "";
  if (table.empty()) {
    if (!target.empty()) draft.refuse("target_id", action + " has no target", "leave it out");
    if (draft.text("value").empty())
      draft.refuse("value", "is required", "say what to write or set");
    return;
  }
  if (target.empty() || !exists(*place.connection.sql(), table, target)) {
    draft.refuse("target_id", table + " has no such record", "give the id of one of " + table);
  }
}

}  // namespace doppel::desk
