#include "doppel/bundle.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace doppel {
namespace {

Bundle example() {
  const auto queues =
      std::make_shared<TableShape>(TableShape{"queues", {"id", "name", "position"}, {0}});
  Bundle bundle;
  bundle.environment.id = "01993f2a-0000-7000-8000-000000000001";
  bundle.environment.tenant = "acme";
  bundle.environment.name = "qa";
  bundle.environment.kind = "overlay";
  bundle.environment.carrier = "split";
  bundle.environment.follow = "live";
  bundle.environment.purpose = "Repairs";
  bundle.environment.base_at = "2026-01-05T09:12:44Z";
  bundle.ended_at = "2026-01-07T16:40:02Z";
  bundle.ended_by = "ada";
  const RowChange change{queues, {4}, Row{4, "Spam", 1}, Row{4, std::string("J\0", 2), 2}};
  bundle.changes.config.changes = {change};
  bundle.changes.touches[{"queues", {4}}] = {"zoe", "2026-01-06T10:00:00Z"};
  bundle.changes.lists = {{"queues", {}, {{{4}, 1}, {{5}, 2}}}};
  bundle.answers = {{"c_1", "i", merge::AnswerKind::kEdit, {Value(), 1.5}}};
  bundle.checkpoints = {{"before", {{change}}}};
  return bundle;
}

TEST(BundleTest, EverythingComesBack) {
  const Bundle bundle = example();
  const Bundle read = read_bundle(write_bundle(bundle), "bundle");
  EXPECT_EQ(read.environment.title(), "acme/qa");
  EXPECT_EQ(read.environment.id, bundle.environment.id);
  EXPECT_EQ(read.environment.carrier, "split");
  EXPECT_EQ(read.environment.follow, "live");
  EXPECT_EQ(read.ended_by, "ada");
  EXPECT_EQ(read.changes.config, bundle.changes.config);
  EXPECT_TRUE(read.changes.data.empty());
  EXPECT_EQ(read.changes.touches.at({"queues", {4}}).by, "zoe");
  ASSERT_EQ(read.changes.lists.size(), 1U);
  EXPECT_EQ(read.changes.lists[0].order, bundle.changes.lists[0].order);
  ASSERT_EQ(read.answers.size(), 1U);
  EXPECT_EQ(read.answers[0].kind, merge::AnswerKind::kEdit);
  EXPECT_EQ(read.answers[0].values, bundle.answers[0].values);
  ASSERT_EQ(read.checkpoints.size(), 1U);
  EXPECT_EQ(read.checkpoints[0].changes, bundle.checkpoints[0].changes);
  EXPECT_EQ(write_bundle(read), write_bundle(bundle));
}

TEST(BundleTest, TheFirstFormatIsRead) {
  const Bundle read = read_bundle(
      R"({"format":"doppel bundle 1","environment":"acme/qa","base_at":"2026-01-05T09:12:44Z",)"
      R"("ended_at":"2026-01-07T16:40:02Z",)"
      R"("config":{"format":"doppel-changeset-1","tables":[],"changes":[]},)"
      R"("data":{"format":"doppel-changeset-1","tables":[],"changes":[]}})",
      "qa-01993f2a-0000-7000-8000-000000000001.json");
  EXPECT_EQ(read.environment.name, "qa");
  EXPECT_EQ(read.environment.id, "01993f2a-0000-7000-8000-000000000001");
}

TEST(BundleTest, WhatIsNoBundleIsRefusedWithItsPlace) {
  const std::string whole = write_bundle(example());
  const std::string head = whole.substr(0, whole.find('\n'));
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]\n[]"), head, head + "\n{}",
        std::string(R"({"format":"doppel bundle 9"})"), whole.substr(0, whole.size() - 4)}) {
    try {
      read_bundle(text, "qa.json");
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidInput) << text;
      EXPECT_TRUE(error.place().starts_with("qa.json")) << error.place();
    }
  }
}

}  // namespace
}  // namespace doppel
