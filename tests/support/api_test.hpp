#pragma once

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/api_client.hpp"

namespace doppel::testing {

inline constexpr const char* kOwnSandbox = "/api/v1/admin/sandbox";

/// A test of the HTTP interface on both databases.
class ApiTest : public ::testing::TestWithParam<desk::Dialect> {
 protected:
  ApiTest() : stand_(GetParam()) {}

  api::Site& site() { return stand_.site(); }
  /// Adds an account with this role and signs it in.
  Browser signed_in(const std::string& login, const std::string& role) {
    ids_[login] = stand_.add_account(login, role);
    return again(login);
  }
  /// Another browser of somebody who has an account.
  Browser again(const std::string& login) {
    Browser browser(site());
    EXPECT_EQ(browser.sign_in(login).status, 201) << login;
    return browser;
  }
  /// The id of somebody who was signed in.
  const std::string& id_of(const std::string& login) { return ids_.at(login); }

  /// His own sandbox, made and entered.
  static void enter_own(Browser& browser) {
    EXPECT_EQ(browser.post(kOwnSandbox).status, 201);
    EXPECT_EQ(browser.post(std::string(kOwnSandbox) + "/toggle", {{"enable", true}}).status, 200);
  }
  static std::string own_name(Browser& browser) {
    return text(browser.get(kOwnSandbox).body.at("sandbox").at("name"));
  }

  static std::string text(const json::value& value) { return std::string(value.as_string()); }
  static std::string detail(const Answer& answer) {
    const json::object* problem = answer.body.if_object();
    if (problem == nullptr || !problem->contains("detail")) return "";
    return text(problem->at("detail"));
  }
  static std::string seeded(const std::string& collection, const std::string& name) {
    return "/api/v1/" + collection + "/" + DeskStand::id(collection + "." + name);
  }

  /// One statement on live, past the server.
  void run_on_live(const std::string& sql, const std::vector<Value>& values = {}) {
    const auto live = attach_any(stand_.desk().dsn())->open(database::Access::kReadWrite);
    live->sql()->execute(sql, values);
  }

  SiteStand stand_;
  std::map<std::string, std::string> ids_;
};

inline std::string dialect_name(const ::testing::TestParamInfo<desk::Dialect>& with) {
  return with.param == desk::Dialect::kSqlite ? "sqlite" : "postgresql";
}
inline auto both_dialects() {
  return ::testing::Values(desk::Dialect::kSqlite, desk::Dialect::kPostgresql);
}

}  // namespace doppel::testing
