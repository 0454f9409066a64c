#include "database/described_tables.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace doppel::database {
namespace {

TableShapePtr shape_of_three(const std::string& name) {
  auto shape = std::make_shared<TableShape>();
  shape->name = name;
  shape->columns = {"a", "sel\"ect", "c"};
  shape->key = {2, 0};
  return shape;
}

TEST(DescribedTables, ReadBackAsTheyWere) {
  const std::vector<TrackedTable> tables{
      {.shape = shape_of_three("queues"), .kind = TrackedTable::Kind::kConfig},
      {.shape = shape_of_three("tickets"), .kind = TrackedTable::Kind::kData}};
  const auto read = described_tables(describe_tables(tables), "here");
  ASSERT_EQ(read.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(*read[i].shape, *tables[i].shape);
    EXPECT_EQ(read[i].kind, tables[i].kind);
  }
}

TEST(DescribedTables, AnEmptiedMarkIsToldWithItsRemedy) {
  try {
    described_tables(std::nullopt, "the place");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotADatabase);
    EXPECT_EQ(error.place(), "the place");
    EXPECT_NE(error.remedy().find("discard"), std::string::npos);
  }
}

TEST(DescribedTables, WhatSomethingElseWroteIsRefused) {
  for (const char* text :
       {"", "{}", "[1]", "[{}]", R"([{"name":1,"config":true,"columns":["a"],"key":[0]}])",
        R"([{"name":"q","config":1,"columns":["a"],"key":[0]}])",
        R"([{"name":"q","config":true,"columns":[1],"key":[0]}])",
        R"([{"name":"q","config":true,"columns":["a"],"key":[1]}])",
        R"([{"name":"q","config":true,"columns":["a"],"key":[-1]}])",
        R"([{"name":"q","config":true,"columns":["a"],"key":"0"}])",
        R"([{"name":"q","config":true,"columns":["a"]}])"}) {
    try {
      described_tables(text, "the place");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kNotADatabase) << text;
      EXPECT_EQ(error.place(), "the place");
    }
  }
}

}  // namespace
}  // namespace doppel::database
