#include "doppel/answering.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace doppel {
namespace {

using merge::AnswerKind;
using merge::ConflictKind;

merge::Conflict question(ConflictKind kind) {
  merge::Conflict conflict;
  conflict.kind = kind;
  conflict.id = "c_0123456789";
  conflict.inputs = "i";
  conflict.table =
      std::make_shared<TableShape>(TableShape{"queues", {"id", "name", "share", "owner"}, {0}});
  conflict.key = {1};
  conflict.columns = {1, 2, 0, 3};
  conflict.sandbox = Row{1, "Press", 1.5, Value()};
  conflict.possible = merge::possible_answers(kind);
  return conflict;
}

TEST(AnsweringTest, ValuesAreReadAsTheColumnIsTyped) {
  const auto answer = answer_for(
      question(ConflictKind::kBothChanged),
      {.conflict = "c_01", .kind = AnswerKind::kEdit, .values = {"12", "12", "12", "null"}});
  EXPECT_EQ(answer.values, (std::vector<Value>{"12", 12.0, 12, Value()}));
  EXPECT_EQ(answer.conflict, "c_0123456789");
  EXPECT_EQ(answer.inputs, "i");
}

TEST(AnsweringTest, ANumberThatIsNoneStaysText) {
  const auto answer = answer_for(question(ConflictKind::kBothChanged),
                                 {.conflict = "all",
                                  .kind = AnswerKind::kEdit,
                                  .values = {"x", "1.5.2", "9223372036854775808", "seven"}});
  EXPECT_EQ(answer.values, (std::vector<Value>{"x", "1.5.2", "9223372036854775808", "seven"}));
}

TEST(AnsweringTest, WhatIsNoAnswerIsRefusedAtItsConflict) {
  const auto refuses = [](ConflictKind kind, const Resolution& resolution) {
    try {
      answer_for(question(kind), resolution);
      ADD_FAILURE() << to_text(resolution.kind);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUsage);
      EXPECT_EQ(error.place(), "c_0123456789");
    }
  };
  refuses(ConflictKind::kBothChanged, {.conflict = "c_", .kind = AnswerKind::kNewKey});
  refuses(ConflictKind::kBothChanged, {.conflict = "c_", .kind = AnswerKind::kEdit});
  refuses(ConflictKind::kBothChanged,
          {.conflict = "c_", .kind = AnswerKind::kEdit, .values = {"1", "2", "3", "4", "5"}});
  refuses(ConflictKind::kBothChanged,
          {.conflict = "c_", .kind = AnswerKind::kTakeSandbox, .values = {"1"}});
  refuses(ConflictKind::kBothChanged, {.conflict = "c_", .use_default = true, .values = {"1"}});
  refuses(ConflictKind::kStillReferenced,
          {.conflict = "c_", .kind = AnswerKind::kEdit, .values = {"1", "2"}});
}

TEST(AnsweringTest, WhoTakesOverIsNamedByAKeyWhateverTheColumnsHold) {
  merge::Conflict conflict = question(ConflictKind::kStillReferenced);
  conflict.columns = {1};
  const Resolution resolution{.conflict = "c_", .kind = AnswerKind::kEdit, .values = {"12"}};
  EXPECT_EQ(answer_for(conflict, resolution).values, std::vector<Value>{12});
  conflict.key = {"word"};
  conflict.columns = {0};
  EXPECT_EQ(answer_for(conflict, resolution).values, std::vector<Value>{"12"});
}

TEST(AnsweringTest, AConflictIsMeantByABeginningOfItsIdOrWithAllOpenOnes) {
  merge::Conflict conflict = question(ConflictKind::kOrder);
  EXPECT_TRUE(means(conflict, {.conflict = "c_01"}));
  EXPECT_FALSE(means(conflict, {.conflict = "c_02"}));
  EXPECT_TRUE(means(conflict, {.conflict = "all"}));
  conflict.answered = AnswerKind::kKeepLive;
  EXPECT_FALSE(means(conflict, {.conflict = "all"}));
}

}  // namespace
}  // namespace doppel
