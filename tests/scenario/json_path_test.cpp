#include "json_path.hpp"

#include <gtest/gtest.h>

namespace doppel::scenario {
namespace {

json::value found(std::string_view path) {
  const json::value document = parse_json(
      R"({"hash": "h", "none": null,
          "changes": [{"table": "a.b", "n": 1}, {"table": "c", "n": 2}]})",
      "test");
  return select(document, path).value_or(json::value("nowhere"));
}

TEST(JsonPath, GoesByNameNumberAndCondition) {
  EXPECT_EQ(found("hash"), json::value("h"));
  EXPECT_TRUE(found("none").is_null());
  EXPECT_EQ(found("changes.1.table"), json::value("c"));
  EXPECT_EQ(found("changes.#"), json::value(2));
  EXPECT_EQ(found("changes[table=a.b].n"), json::value(1));
  EXPECT_EQ(found("changes[n=2].table"), json::value("c"));
}

TEST(JsonPath, LeadsNowhere) {
  for (const char* path : {"hash.x", "changes.2", "changes.-1", "changes[n=3]", "hash.#", "x"}) {
    EXPECT_EQ(found(path), json::value("nowhere")) << path;
  }
}

}  // namespace
}  // namespace doppel::scenario
