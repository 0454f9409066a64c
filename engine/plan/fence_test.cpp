// The fence in live, on both databases.
#include "plan/fence.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/postgres/connection.hpp"
#include "adapters/sqlite/connection.hpp"
#include "base/error.hpp"
#include "base/process.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::plan {
namespace {

using database::TransactionKind;
using ::testing::HasSubstr;

void raise(database::Connection& live, const Fence& fence) {
  const auto transaction = live.begin(TransactionKind::kWrite);
  raise_fence(*live.sql(), fence, "acme/qa");
  transaction->commit();
}

std::string refusal(database::Connection& live, const Fence& fence) {
  try {
    raise(live, fence);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBusy);
    return error.what();
  }
  return {};
}

void takes_no_lower_token(database::Connection& live) {
  raise(live, {"one", 3});
  raise(live, {"one", 3});
  raise(live, {"other", 1});
  EXPECT_THAT(refusal(live, {"one", 2}), HasSubstr("another one has taken over"));
  raise(live, {"one", 7});
  EXPECT_THAT(refusal(live, {"one", 3}), HasSubstr("another one has taken over"));
  // What wasn't committed never was.
  {
    const auto transaction = live.begin(TransactionKind::kWrite);
    raise_fence(*live.sql(), {"one", 9}, "acme/qa");
  }
  EXPECT_EQ(refusal(live, {"one", 7}), "");
}

TEST(Fence, OfAServerTakesNoLowerToken) {
  const doppel::testing::TestDatabase database;
  takes_no_lower_token(
      *postgres::open({.dsn = database.dsn(), .access = database::Access::kReadWrite}));
}

TEST(Fence, OfAFileTakesNoLowerToken) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("doppel_fence_" + std::to_string(this_process().number) + ".db");
  {
    const auto live = sqlite::open({.path = file.string(),
                                    .access = database::Access::kReadWrite,
                                    .creation = sqlite::Creation::kCreateIfMissing});
    takes_no_lower_token(*live);
  }
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace doppel::plan
