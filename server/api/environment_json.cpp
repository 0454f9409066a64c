#include "api/environment_json.hpp"

namespace doppel::api {

json::object to_json(const environment::Environment& environment) {
  json::object object;
  object["name"] = environment.name;
  object["id"] = environment.id;
  object["kind"] = environment.kind;
  object["state"] = to_text(environment.state);
  object["follow"] = environment.follow.empty() ? json::value() : json::value(environment.follow);
  object["base_at"] = environment.base_at;
  object["created_at"] = environment.created_at;
  object["created_by"] = environment.created_by;
  object["purpose"] =
      environment.purpose.empty() ? json::value() : json::value(environment.purpose);
  return object;
}

json::object to_json(const Status& status) {
  json::object object = to_json(status.environment);
  object["changes"] = status.changes;
  object["data_changes"] = status.data_changes;
  object["live_moved"] = status.live_moved ? json::value(*status.live_moved) : json::value();
  object["collisions"] = status.collisions ? json::value(*status.collisions) : json::value();
  json::array checkpoints;
  for (const std::string& name : status.checkpoints) checkpoints.emplace_back(name);
  object["checkpoints"] = std::move(checkpoints);
  return object;
}

json::object counts_json(const std::vector<database::RowCount>& tables) {
  json::object counts;
  for (const database::RowCount& table : tables) {
    if (table.estimate) {
      counts[table.table] = {{"rows", table.rows}, {"estimate", true}};
    } else {
      counts[table.table] = table.rows;
    }
  }
  return counts;
}

}  // namespace doppel::api
