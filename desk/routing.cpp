#include "desk/routing.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "desk/rows.hpp"

namespace doppel::desk {
namespace {

struct Queue {
  std::string id, name, assignment, fallback;
  bool sticky = false;
  std::int64_t capacity = 0;
};

struct Member {
  std::string id;
  std::int64_t capacity = 0, open = 0;
  std::string last;  ///< when he got a case of this queue last, empty for never
};

std::optional<Queue> read_queue(database::SqlRunner& sql, const std::string& id) {
  const auto rows = sql.query(
      "SELECT id, name, assignment, fallback_queue_id, is_sticky, capacity FROM queues WHERE id = "
      "$1",
      {Value(id)});
  if (rows.empty()) return std::nullopt;
  const Row& row = rows[0];
  return Queue{.id = row[0].text(),
               .name = row[1].text(),
               .assignment = row[2].text(),
               .fallback = row[3].is_null() ? "" : row[3].text(),
               .sticky = row[4] == Value(1),
               .capacity = row[5].integer()};
}

/// Members with all the skills, in the order of their ids, with what they have to do.
std::vector<Member> able_members(database::SqlRunner& sql, const Queue& queue) {
  std::vector<Member> members;
  // A member by name has the capacity that is said there, before that of a team.
  for (Row& row : sql.query(
           "SELECT u.id, m.capacity, "
           "(SELECT count(*) FROM cases AS c JOIN case_statuses AS s ON s.id = c.status_id "
           "WHERE c.assignee_id = u.id AND s.kind IN ('new', 'open', 'pending')), "
           "(SELECT max(c.id) FROM cases AS c WHERE c.assignee_id = u.id AND c.queue_id = $1), "
           "t.capacity "
           "FROM users AS u "
           "LEFT JOIN queue_members AS m ON m.user_id = u.id AND m.queue_id = $1 "
           "LEFT JOIN queue_teams AS t ON t.team_id = u.team_id AND t.queue_id = $1 "
           "WHERE u.state = 'active' AND (m.id IS NOT NULL OR t.id IS NOT NULL) "
           "AND NOT EXISTS (SELECT 1 FROM queue_skills AS q WHERE "
           "q.queue_id = $1 AND NOT EXISTS (SELECT 1 FROM user_skills AS h WHERE "
           "h.user_id = u.id AND h.skill_id = q.skill_id)) ORDER BY u.id",
           {Value(queue.id)})) {
    members.push_back({.id = row[0].text(),
                       .capacity = !row[1].is_null()   ? row[1].integer()
                                   : !row[4].is_null() ? row[4].integer()
                                                       : queue.capacity,
                       .open = row[2].integer(),
                       .last = row[3].is_null() ? "" : row[3].text()});
  }
  return members;
}

/// Who had this contact's last case.
std::string last_of_contact(database::SqlRunner& sql, const std::string& contact) {
  if (contact.empty()) return {};
  const auto rows = sql.query(
      "SELECT assignee_id FROM cases WHERE contact_id = $1 AND assignee_id IS NOT NULL "
      "ORDER BY id DESC LIMIT 1",
      {Value(contact)});
  return rows.empty() ? "" : rows[0][0].text();
}

std::optional<AssigneeChoice> choose_in(database::SqlRunner& sql, const Queue& queue,
                                        const std::string& contact) {
  std::vector<Member> members = able_members(sql, queue);
  std::erase_if(members, [](const Member& member) { return member.open >= member.capacity; });
  if (members.empty()) return std::nullopt;
  if (queue.sticky) {
    const std::string known = last_of_contact(sql, contact);
    const auto found = std::ranges::find(members, known, &Member::id);
    if (found != members.end()) {
      return AssigneeChoice{known, queue.id,
                            "sticky: had the contact's last case, queue " + queue.name};
    }
  }
  if (queue.assignment == "round_robin") {
    // Whoever has waited longest for a case of this queue; keys of cases sort by time.
    const auto next = std::ranges::min_element(members, {}, &Member::last);
    return AssigneeChoice{next->id, queue.id, "in turn, queue " + queue.name};
  }
  const auto least = std::ranges::min_element(members, {}, &Member::open);
  return AssigneeChoice{
      least->id, queue.id,
      fmt::format("least active with {}, queue {}", counted(least->open, "open case"), queue.name)};
}

}  // namespace

QueueChoice choose_queue(Workplace& place, const CaseFacts& facts) {
  database::SqlRunner& sql = *place.connection.sql();
  const Instant now = place.clock.now();
  for (const Row& row : sql.query("SELECT name, conditions, queue_id FROM routing_rules WHERE "
                                  "is_enabled = 1 ORDER BY position, id",
                                  {})) {
    const auto why = judge(row[1].text(), facts, now);
    if (why) return {row[2].text(), fmt::format("rule {}: {}", row[0].text(), *why)};
  }
  if (!facts.category_id.empty()) {
    const auto rows = sql.query(
        "SELECT name, queue_id FROM case_categories WHERE id = $1 AND queue_id IS NOT NULL",
        {Value(facts.category_id)});
    if (!rows.empty()) return {rows[0][1].text(), "category " + rows[0][0].text()};
  }
  const auto rows =
      sql.query("SELECT id FROM queues ORDER BY is_default DESC, name, id LIMIT 1", {});
  if (rows.empty()) {
    throw Error(ErrorCode::kWrongState, "there is no queue for the case",
                {.place = "queues", .remedy = "make a queue first"});
  }
  return {rows[0][0].text(), "default queue"};
}

AssigneeChoice choose_assignee(Workplace& place, const std::string& queue_id,
                               const std::string& contact_id) {
  database::SqlRunner& sql = *place.connection.sql();
  std::set<std::string> seen;
  std::string passed;
  std::string id = queue_id;
  while (!id.empty() && seen.insert(id).second) {
    const auto queue = read_queue(sql, id);
    if (!queue) break;
    if (queue->assignment == "manual") {
      return {{}, queue_id, passed + "queue " + queue->name + " is assigned by hand"};
    }
    if (auto choice = choose_in(sql, *queue, contact_id)) {
      choice->why = passed + choice->why;
      return *choice;
    }
    passed += "nobody free in queue " + queue->name + "; ";
    id = queue->fallback;
  }
  return {{}, queue_id, passed + "it waits"};
}

}  // namespace doppel::desk
