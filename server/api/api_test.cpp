#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/api_client.hpp"

namespace doppel::api {
namespace {

using testing::Answer;
using testing::Browser;
using testing::DeskStand;
using ::testing::HasSubstr;
using testing::SiteStand;

constexpr const char* kSandbox = "/api/v1/admin/sandbox";

std::string text(const json::value& value) { return std::string(value.as_string()); }

class Api : public ::testing::TestWithParam<desk::Dialect> {
 protected:
  Api() : stand_(GetParam()), ada_(stand_.site()) {
    stand_.add_account("ada", "admin");
    EXPECT_EQ(ada_.sign_in("ada").status, 201);
  }

  static std::string stage_path() {
    return "/api/v1/pipeline_stages/" + DeskStand::id("pipeline_stages.qualify");
  }

  SiteStand stand_;
  Browser ada_;
};

TEST_P(Api, TakesASandboxFromCreateToRollback) {
  Browser other(stand_.site());
  stand_.add_account("bob", "admin");
  other.sign_in("bob");
  Answer status = ada_.get(kSandbox);
  ASSERT_EQ(status.status, 200);
  EXPECT_TRUE(status.body.at("sandbox").is_null());
  EXPECT_TRUE(status.body.at("previous").is_null());
  EXPECT_EQ(ada_.post(std::string(kSandbox) + "/rollback").body.at("code"), "no_previous");
  EXPECT_EQ(ada_.post(std::string(kSandbox) + "/toggle", {{"enable", true}}).status, 409);

  const Answer created = ada_.post(kSandbox);
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_GT(created.body.at("tables").at("pipeline_stages").as_int64(), 0);
  EXPECT_EQ(ada_.post(kSandbox).status, 409);
  ASSERT_EQ(ada_.post(std::string(kSandbox) + "/toggle", {{"enable", true}}).status, 200);
  EXPECT_TRUE(ada_.has_cookie(kSandboxCookie));
  EXPECT_EQ(ada_.get(kSandbox).body.at("active"), true);

  const Answer before = ada_.get(stage_path());
  ASSERT_EQ(before.status, 200) << before.body;
  const Answer renamed = ada_.send(http::Method::kPatch, stage_path(), {{"name", "Vetted"}},
                                   {{"If-Match", std::string(before.headers.get("ETag"))}});
  ASSERT_EQ(renamed.status, 200) << renamed.body;
  EXPECT_EQ(ada_.get(stage_path()).body.at("name"), "Vetted");
  EXPECT_EQ(other.get(stage_path()).body.at("name"), before.body.at("name"));

  const Answer diff = ada_.get(std::string(kSandbox) + "/diff");
  EXPECT_EQ(diff.body.at("total").at("changed"), 1);
  const Answer promoted = ada_.post(std::string(kSandbox) + "/promote");
  ASSERT_EQ(promoted.status, 200) << promoted.body;
  EXPECT_FALSE(ada_.has_cookie(kSandboxCookie));
  EXPECT_EQ(other.get(stage_path()).body.at("name"), "Vetted");

  ASSERT_EQ(other.post(std::string(kSandbox) + "/rollback").status, 200);
  EXPECT_EQ(other.get(stage_path()).body.at("name"), before.body.at("name"));
}

TEST_P(Api, AsksAboutWhatBothSidesChanged) {
  Browser other(stand_.site());
  stand_.add_account("bob", "admin");
  other.sign_in("bob");
  ada_.post(kSandbox);
  ada_.post(std::string(kSandbox) + "/toggle", {{"enable", true}});
  ada_.send(http::Method::kPatch, stage_path(), {{"name", "Vetted"}});
  ASSERT_EQ(other.send(http::Method::kPatch, stage_path(), {{"name", "Checked"}}).status, 200);

  const Answer refused = ada_.post(std::string(kSandbox) + "/promote");
  ASSERT_EQ(refused.status, 409);
  const json::value& conflict = refused.body.at("plan").at("conflicts").at(0);
  const std::string name = text(ada_.get(kSandbox).body.at("sandbox").at("name"));
  const std::string environment = "/api/v1/environments/" + name;
  EXPECT_EQ(other.get(environment).status, 403);
  const Answer plan = ada_.post(environment + "/conflicts/" + text(conflict.at("id")),
                                {{"answer", "take_sandbox"}});
  ASSERT_EQ(plan.status, 200) << plan.body;
  const Answer promoted = ada_.post(environment + "/promote", {{"plan", plan.body.at("hash")}});
  ASSERT_EQ(promoted.status, 200) << promoted.body;
  EXPECT_FALSE(ada_.has_cookie(kSandboxCookie));
  EXPECT_EQ(other.get(stage_path()).body.at("name"), "Vetted");
}

TEST_P(Api, NeverWritesLiveFromASandboxThatHasEnded) {
  ada_.post(kSandbox);
  ada_.post(std::string(kSandbox) + "/toggle", {{"enable", true}});
  const std::string cookie = ada_.cookie(kSandboxCookie);
  ASSERT_EQ(ada_.send(http::Method::kDelete, kSandbox).status, 204);
  ada_.put_cookie(kSandboxCookie, cookie);
  EXPECT_EQ(ada_.get("/api/v1/session").body.at("environment"), "live");
  const Answer refused = ada_.send(http::Method::kPatch, stage_path(), {{"name", "Surprise"}});
  EXPECT_EQ(refused.status, 409);
  EXPECT_FALSE(ada_.has_cookie(kSandboxCookie));
  EXPECT_NE(ada_.get(stage_path()).body.at("name"), "Surprise");
  EXPECT_EQ(ada_.send(http::Method::kPatch, stage_path(), {{"name", "Meant"}}).status, 200);
}

TEST_P(Api, RefusesWritesThatAreNotMeant) {
  const std::string token = ada_.csrf_token;
  ada_.csrf_token = "forged";
  EXPECT_EQ(ada_.post(kSandbox).status, 403);
  ada_.csrf_token = token;
  const Answer elsewhere =
      ada_.send(http::Method::kPatch, stage_path(), {{"name", "x"}}, {{kPageHeader, "qa"}});
  EXPECT_EQ(elsewhere.status, 409);
  EXPECT_THAT(text(elsewhere.body.at("detail")), HasSubstr("'qa'"));
  EXPECT_EQ(ada_.send(http::Method::kPatch, stage_path(), {{"nmae", "x"}}).status, 422);
  EXPECT_EQ(
      ada_.send(http::Method::kPatch, stage_path(), {{"name", "x"}}, {{"If-Match", "\"long ago\""}})
          .status,
      412);
  Browser nobody(stand_.site());
  EXPECT_EQ(nobody.get(stage_path()).status, 401);
}

INSTANTIATE_TEST_SUITE_P(Both, Api,
                         ::testing::Values(desk::Dialect::kSqlite, desk::Dialect::kPostgresql),
                         [](const auto& with) {
                           return with.param == desk::Dialect::kSqlite ? "sqlite" : "postgresql";
                         });

}  // namespace
}  // namespace doppel::api
