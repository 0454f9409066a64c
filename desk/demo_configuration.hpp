#pragma once

#include <map>
#include <string>
#include <vector>

#include "desk/demo_writer.hpp"

/// What the demo's records refer to. Internal to this room.
namespace doppel::desk {

struct DemoProduct {
  std::string id, tax;
  std::int64_t price = 0, rate_per_million = 0;
};
struct DemoStage {
  std::string id, pipeline, kind;
};

struct DemoConfiguration {
  std::map<std::string, std::string> teams;     ///< by name
  std::map<std::string, std::string> roles;     ///< by code
  std::map<std::string, std::string> statuses;  ///< by kind
  std::vector<std::string> queues, categories, skills, industries;
  std::string industry_field, order_field;
  std::map<std::string, std::string> option_codes;  ///< by id
  std::vector<DemoProduct> products;                ///< with a price in the default price list
  std::vector<DemoStage> stages;
};

/// Throws Error(kWrongState) where something of the starting configuration isn't there.
DemoConfiguration read_demo_configuration(database::Connection& connection);

void declare_configuration(DemoWriter& writer);

/// What a large organisation has besides: about 2,000 rows of configuration in all.
void add_large_configuration(DemoWriter& writer, DemoConfiguration& config, Random& random,
                             Instant at);

}  // namespace doppel::desk
