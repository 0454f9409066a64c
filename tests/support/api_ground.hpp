#pragma once

#include <string>

#include <gtest/gtest.h>

#include "tests/support/api_client.hpp"
#include "tests/support/desk_place.hpp"

namespace doppel::testing {

inline const auto kBothDialects =
    ::testing::Values(desk::Dialect::kSqlite, desk::Dialect::kPostgresql);

inline std::string name_of_dialect(const ::testing::TestParamInfo<desk::Dialect>& with) {
  return with.param == desk::Dialect::kSqlite ? "sqlite" : "postgresql";
}

/// Two admins of a new organisation: one in live, one who can go into a sandbox.
class ApiGround : public ::testing::TestWithParam<desk::Dialect> {
 protected:
  ApiGround() : stand_(GetParam()), live_(stand_.site()), sandbox_(stand_.site()) {
    stand_.add_account("ada", "admin");
    stand_.add_account("bob", "admin");
    EXPECT_EQ(live_.sign_in("bob").status, 201);
    EXPECT_EQ(sandbox_.sign_in("ada").status, 201);
  }

  void enter_sandbox() {
    EXPECT_EQ(sandbox_.post("/api/v1/admin/sandbox").status, 201);
    EXPECT_EQ(sandbox_.post("/api/v1/admin/sandbox/toggle", {{"enable", true}}).status, 200);
  }

  /// The key of a row of the starting configuration.
  static std::string seed(std::string_view name) { return DeskStand::id(name); }
  static std::string text(const json::value& value) { return std::string(value.as_string()); }

  static std::string made(Browser& browser, const std::string& collection,
                          const json::object& body) {
    const Answer answer = browser.post("/api/v1/" + collection, body);
    EXPECT_EQ(answer.status, 201) << collection << ": " << answer.body;
    return answer.status == 201 ? text(answer.body.at("id")) : "";
  }
  static void change(Browser& browser, const std::string& path, const json::object& body) {
    const Answer answer = browser.send(http::Method::kPatch, "/api/v1/" + path, body);
    EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
  }

  SiteStand stand_;
  Browser live_;
  Browser sandbox_;
};

}  // namespace doppel::testing
