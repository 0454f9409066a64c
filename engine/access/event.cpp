#include "access/event.hpp"

namespace doppel::access {
namespace {

constexpr std::int64_t kPruneEvery = 256;

/// The next number of an audience. Whoever comes second waits until the first has ended.
std::int64_t next_number(database::SqlRunner& store, const std::string& tenant,
                         const std::string& audience) {
  store.execute(
      "INSERT INTO access_event_head (tenant, audience, number) VALUES ($1, $2, 1) "
      "ON CONFLICT (tenant, audience) DO UPDATE SET number = access_event_head.number + 1",
      {Value(tenant), Value(audience)});
  return store
      .query("SELECT number FROM access_event_head WHERE tenant = $1 AND audience = $2",
             {Value(tenant), Value(audience)})
      .at(0)
      .at(0)
      .integer();
}

}  // namespace

void append_events_within(database::SqlRunner& store, Instant at, const std::string& tenant,
                          std::span<const Event> events) {
  for (const Event& event : events) {
    const std::int64_t number = next_number(store, tenant, event.audience);
    store.execute(
        "INSERT INTO access_event (tenant, audience, number, at, kind, resource, key, verb) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        {Value(tenant), Value(event.audience), Value(number), Value(at.microseconds),
         Value(event.kind), Value(event.resource), Value(event.key), Value(event.verb)});
    if (number % kPruneEvery != 0) continue;
    store.execute("DELETE FROM access_event WHERE tenant = $1 AND at < $2",
                  {Value(tenant), Value(at.microseconds - kEventLasts)});
  }
}

std::vector<Event> events_of(std::span<const AuditEntry> entries) {
  std::vector<Event> events;
  for (const AuditEntry& entry : entries) {
    if (entry.resource != "promotion" || entry.outcome != Outcome::kDone) continue;
    events.push_back({.audience = kLiveAudience,
                      .kind = "promotion",
                      .resource = "promotions",
                      .key = entry.key,
                      .verb = entry.verb});
  }
  return events;
}

std::vector<Event> list_events(const Store& store, const std::string& audience, std::int64_t after,
                               std::size_t limit) {
  std::vector<Event> events;
  for (const Row& row : store.sql().query(
           "SELECT kind, resource, key, verb, number, at FROM access_event WHERE tenant = $1 AND "
           "audience = $2 AND number > $3 ORDER BY number LIMIT $4",
           {Value(store.tenant), Value(audience), Value(after),
            Value(static_cast<std::int64_t>(limit))})) {
    events.push_back({.audience = audience,
                      .kind = row[0].text(),
                      .resource = row[1].text(),
                      .key = row[2].text(),
                      .verb = row[3].text(),
                      .number = row[4].integer(),
                      .at = row[5].integer()});
  }
  return events;
}

EventRange event_range(const Store& store, const std::string& audience) {
  EventRange range;
  const auto head =
      store.sql().query("SELECT number FROM access_event_head WHERE tenant = $1 AND audience = $2",
                        {Value(store.tenant), Value(audience)});
  if (!head.empty()) range.newest = head[0][0].integer();
  const auto oldest =
      store.sql().query("SELECT min(number) FROM access_event WHERE tenant = $1 AND audience = $2",
                        {Value(store.tenant), Value(audience)});
  range.oldest = oldest[0][0].is_null() ? range.newest + 1 : oldest[0][0].integer();
  return range;
}

}  // namespace doppel::access
