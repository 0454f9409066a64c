#include "cli/sandbox_json.hpp"

namespace doppel::cli {

json::object environment_json(const environment::Environment& environment) {
  json::object object;
  object["environment"] = environment.title();
  object["id"] = environment.id;
  object["kind"] = environment.kind;
  object["carrier"] = environment.carrier;
  object["state"] = to_text(environment.state);
  object["follow"] = environment.follow.empty() ? json::value() : json::value(environment.follow);
  object["base_at"] = environment.base_at;
  object["created_at"] = environment.created_at;
  object["created_by"] = environment.created_by;
  object["purpose"] =
      environment.purpose.empty() ? json::value() : json::value(environment.purpose);
  return object;
}

json::array questions_json(const std::vector<merge::Conflict>& conflicts) {
  json::array all;
  for (const merge::Conflict& conflict : conflicts) {
    all.push_back({{"id", conflict.id},
                   {"kind", merge::to_text(conflict.kind)},
                   {"table", conflict.table->name},
                   {"message", conflict.message}});
  }
  return all;
}

}  // namespace doppel::cli
