#include "base/json_tree.hpp"

#include <gtest/gtest.h>

namespace doppel {
namespace {

TEST(JsonTreeTest, WhatIsWrittenIsKept) {
  for (const char* text :
       {"null", "-0", "1.50", "1E+9", "\"a\"", "[]", "{}", "[1,[2,{\"a\":null}]]",
        "{\"b\":1,\"a\":{\"c\":[true,false]}}", "\"\\\"\\\\\\n\\t\\u0001\""}) {
    const auto tree = read_json_tree(text);
    ASSERT_TRUE(tree) << text;
    EXPECT_EQ(write_json_tree(*tree, JsonSpacing::kNone), text);
  }
  const auto tree = read_json_tree(" { \"a\" : [ 1 , 2 ] } ");
  EXPECT_EQ(write_json_tree(*tree, JsonSpacing::kWords), "{\"a\": [1, 2]}");
  EXPECT_EQ(tree->begin, 1U);
  EXPECT_EQ(tree->end, 20U);
  EXPECT_EQ(tree->find("a")->items[1].begin, 15U);
  EXPECT_EQ(tree->find("b"), nullptr);
}

TEST(JsonTreeTest, EscapesAreRead) {
  EXPECT_EQ(read_json_tree(R"("\u00e9\ud83d\ude00\/")")->text, "é😀/");
  for (const char* text : {R"("\ud83d")", R"("\ud83dx")", R"("\ude00")", R"("\u12")", R"("\x")"}) {
    EXPECT_FALSE(read_json_tree(text)) << text;
  }
}

TEST(JsonTreeTest, WhatIsNoJsonIsNoTree) {
  for (const char* text : {"",           " ",     "nul", "01",     "1.",  "1e",
                           "-",          "+1",    ".5",  "[1,]",   "[1",  "{\"a\"}",
                           "{\"a\":1,}", "{a:1}", "\"a", "\"\n\"", "1 2", "{\"a\":1,\"a\":1}",
                           "\"\xff\"",   "NaN",   "'a'"}) {
    EXPECT_FALSE(read_json_tree(text)) << text;
  }
  EXPECT_TRUE(read_json_tree(std::string(60, '[') + std::string(60, ']')));
  EXPECT_FALSE(read_json_tree(std::string(70, '[') + std::string(70, ']')));
}

TEST(JsonTreeTest, EqualIsWhatSaysTheSame) {
  EXPECT_EQ(*read_json_tree("{\"a\":1,\"b\":[2]}"), *read_json_tree("{ \"b\": [2], \"a\": 1 }"));
  EXPECT_FALSE(*read_json_tree("[1,2]") == *read_json_tree("[2,1]"));
  EXPECT_FALSE(*read_json_tree("1") == *read_json_tree("1.0"));
  EXPECT_FALSE(*read_json_tree("{\"a\":1}") == *read_json_tree("{\"b\":1}"));
}

}  // namespace
}  // namespace doppel
