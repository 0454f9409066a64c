// Nothing of a sandbox shows outside of it, by any route of the table [O2].
#include <algorithm>
#include <set>

#include "api/judge.hpp"
#include "database/quote.hpp"
#include "tests/support/api_test.hpp"

namespace doppel::api {
namespace {

using desk::Collection;
using desk::Field;
using desk::FieldType;
using testing::Answer;
using testing::Browser;
using testing::DeskStand;

constexpr std::string_view kMark = "zq7mark";

/// Text that anybody may write into it, so that a mark can stand there.
bool is_free_text(const Field& field) {
  return field.type == FieldType::kText && field.writable && !field.hidden &&
         field.refers_to.empty();
}

class Secrecy : public testing::ApiTest {
 protected:
  Secrecy() : ada_(signed_in("ada", "admin")), bob_(signed_in("bob", "admin")) {
    enter_own(ada_);
    sandbox_ = own_name(ada_);
    const auto opened = stand_.desk().open("acme/" + sandbox_);
    for (const auto& [name, collection] : site().collections()) {
      if (collection.role == manifest::Role::kConfig) mark(opened->connection(), collection);
    }
    EXPECT_EQ(ada_.post("/api/v1/environments/" + sandbox_ + "/checkpoints",
                        {{"name", std::string(kMark) + "_point"}})
                  .status,
              201);
    for (const std::string& path : marked_) {
      const Answer seen = ada_.get(path);
      EXPECT_EQ(seen.status, 200) << path << seen.text;
      tags_[path] = std::string(seen.headers.get("ETag"));
    }
  }

  static void attempt(database::Connection& connection, const std::string& sql,
                      const std::vector<Value>& values, const std::function<void()>& done) {
    try {
      const auto transaction = connection.begin(database::TransactionKind::kWrite);
      if (connection.sql()->execute(sql, values) == 0) return;
      transaction->commit();
      done();
    } catch (const Error&) {
      // What a rule of the table refuses; every collection is marked somehow, or told below.
    }
  }

  /// A changed and an added row, where the collection lets be.
  void mark(database::Connection& connection, const Collection& collection) {
    const auto rows = connection.sql()->query(
        "SELECT id FROM " + collection.name + " ORDER BY id DESC LIMIT 1", {});
    if (rows.empty()) return;
    const std::string id = rows[0][0].text();
    const std::string path = "/api/v1/" + collection.name + "/" + id;
    const std::string text = std::string(kMark) + "_" + collection.name;
    const std::string added = desk::seeded_id(77, collection.name, DeskStand::kStart);
    std::string columns;
    std::string values;
    std::vector<Value> given{Value(id)};
    for (const Field& field : collection.fields) {
      const bool is_key = field.name == "id";
      columns += (columns.empty() ? "" : ", ") + database::quote_name(field.name);
      values += values.empty() ? "" : ", ";
      if (is_key || is_free_text(field)) {
        given.emplace_back(is_key ? added : text + "_added");
        values += "$" + std::to_string(given.size());
      } else {
        values += database::quote_name(field.name);
      }
    }
    attempt(connection,
            "INSERT INTO " + collection.name + " (" + columns + ") SELECT " + values + " FROM " +
                collection.name + " WHERE id = $1",
            given, [&] {
              marked_.push_back("/api/v1/" + collection.name + "/" + added);
              added_.insert(added);
              collections_.insert(collection.name);
            });
    for (const Field& field : collection.fields) {
      if (!is_free_text(field) || field.name == "code") continue;  // Code asks for codes.
      attempt(connection,
              "UPDATE " + collection.name + " SET " + database::quote_name(field.name) +
                  " = $1 WHERE id = $2",
              {Value(text), Value(id)}, [&] {
                if (std::ranges::find(marked_, path) == marked_.end()) marked_.push_back(path);
                collections_.insert(collection.name);
              });
    }
  }

  /// No mark, no key of an added row but one that was asked for, no tag of the sandbox's rows.
  void expect_clean(const Answer& answer, const std::string& asked) {
    std::string all = answer.text;
    for (const auto& field : answer.headers.fields) all += "\n" + field.value;
    EXPECT_EQ(all.find(kMark), std::string::npos) << asked << " " << all.substr(0, 500);
    for (const std::string& id : added_) {
      if (asked.find(id) != std::string::npos) continue;
      EXPECT_EQ(all.find(id), std::string::npos) << asked;
    }
    for (const auto& [path, tag] : tags_) {
      if (tag.empty()) continue;
      EXPECT_EQ(all.find(tag.substr(1, tag.size() - 2)), std::string::npos) << asked << path;
    }
  }

  void ask(Browser& browser, http::Method method, const std::string& path,
           const json::value& body = {}, const std::map<std::string, std::string>& headers = {}) {
    const Answer answer = browser.send(method, path, body, headers);
    EXPECT_LT(answer.status, 500) << path << answer.text;
    expect_clean(answer, path);
  }

  /// A collection's list in every way in which it can be searched, and its marked rows.
  void ask_for(Browser& browser, const Collection& collection) {
    const std::string path = "/api/v1/" + collection.name;
    ask(browser, http::Method::kGet, path + "?limit=500");
    ask(browser, http::Method::kGet, path + "?sort=-id&limit=500");
    for (const Field& field : collection.fields) {
      if (!is_free_text(field)) continue;
      const Answer found = browser.get(path + "?" + field.name + "[contains]=zq7");
      if (found.status != 200) continue;
      EXPECT_TRUE(found.body.at("items").as_array().empty()) << path << field.name;
    }
    for (const auto& [marked, tag] : tags_) {
      if (!marked.starts_with(path + "/")) continue;
      const Answer known = browser.send(http::Method::kGet, marked, {}, {{"If-None-Match", tag}});
      EXPECT_NE(known.status, 304) << marked;
      expect_clean(known, marked);
    }
    for (const std::string& id : added_) {
      if (!std::ranges::count(marked_, path + "/" + id)) continue;
      EXPECT_EQ(browser.get(path + "/" + id).status, 404) << path;
    }
  }

  /// All routes of the table, for somebody whose sandbox it is or isn't.
  void walk(Browser& browser, bool is_owner) {
    static const std::set<std::string> ends_it{
        "sign_out",     "end_session",         "end_other_sessions",  "end_sessions_of_user",
        "disable_user", "promote_own_sandbox", "discard_own_sandbox", "restore_previous",
        "sign_in"};
    for (const http::Route& route : site().router().routes()) {
      const bool about_sandboxes = route.pattern.starts_with("/api/v1/environments") ||
                                   route.pattern.starts_with(testing::kOwnSandbox);
      // The owner may look at it from outside, too.
      if (ends_it.contains(route.operation) || (is_owner && about_sandboxes)) continue;
      std::vector<std::string> paths{route.pattern};
      const auto fill = [&](const std::string& name, const std::vector<std::string>& with) {
        std::vector<std::string> filled;
        for (const std::string& path : paths) {
          const std::size_t at = path.find("{" + name + "}");
          for (const std::string& value : with) {
            std::string one = path;
            if (at != std::string::npos) one.replace(at, name.size() + 2, value);
            filled.push_back(one);
            if (at == std::string::npos) break;
          }
        }
        paths = filled;
      };
      fill("name", {sandbox_});
      fill("id", {added_.begin(), added_.end()});
      for (const char* other : {"number", "user", "conflict", "secret", "token"})
        fill(other, {"1"});
      for (std::string& path : paths) {
        const std::size_t open = path.find('{');
        if (open != std::string::npos) path.replace(open, std::string::npos, "1");
        const bool reads = route.method == http::Method::kGet;
        if (!reads && &path != &paths.front()) continue;  // One says as much as all.
        ask(browser, route.method, path, reads ? json::value() : json::object{});
      }
    }
    for (const auto& [name, collection] : site().collections()) ask_for(browser, collection);
  }

  Browser ada_, bob_;
  std::string sandbox_;
  std::vector<std::string> marked_;
  std::set<std::string> added_, collections_;
  std::map<std::string, std::string> tags_;  ///< of marked rows, in the sandbox
};

TEST_P(Secrecy, NoRouteShowsAnotherSessionWhatIsInASandbox) {
  // Marks stand in nearly everything that can be configured, and her own session shows them.
  EXPECT_GE(collections_.size(), 15U);
  EXPECT_NE(ada_.get("/api/v1/pipelines").text.find(kMark), std::string::npos);
  Browser agent = signed_in("agent", "agent");
  Browser her_other = again("ada");
  walk(agent, false);
  walk(bob_, false);
  walk(her_other, true);
}

TEST_P(Secrecy, NoRouteShowsItToItsOwnerOnceSheLeft) {
  ASSERT_EQ(ada_.post("/api/v1/session/leave").status, 200);
  walk(ada_, true);
  ASSERT_EQ(ada_.post("/api/v1/environments/" + sandbox_ + "/enter").status, 200);
  EXPECT_NE(ada_.get("/api/v1/pipelines").text.find(kMark), std::string::npos) << "and all is kept";
}

TEST_P(Secrecy, NothingOfADiscardedOneIsLeft) {
  ASSERT_EQ(ada_.send(http::Method::kDelete, testing::kOwnSandbox).status, 204);
  walk(ada_, true);
  walk(bob_, false);
}

INSTANTIATE_TEST_SUITE_P(Both, Secrecy, testing::both_dialects(), testing::dialect_name);

}  // namespace
}  // namespace doppel::api
