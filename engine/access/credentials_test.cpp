// What opens a door besides a password: links that open once, API tokens, the sandbox cookie.
#include <gmock/gmock.h>

#include "access/link.hpp"
#include "access/sandbox_cookie.hpp"
#include "access/token.hpp"
#include "base/error.hpp"
#include "tests/support/access_store.hpp"
#include "tests/support/memory_directory.hpp"

namespace doppel::access {
namespace {

using doppel::testing::MemoryDirectory;
using doppel::testing::StoreKind;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kPassword = "correct horse battery staple";
constexpr const char* kQa = "01993f2a-0000-7000-8000-000000000001";

class Credentials : public doppel::testing::AccessStore {
 protected:
  Redeemed redeem(const std::string& link, const std::string& password = kPassword) {
    return redeem_link(store(), directory_, passwords_, {"", "r", "::1"}, link, password);
  }
  AuditRow last_entry() { return list_audit(store(), {.limit = 1}).at(0); }
  NewToken token(const std::string& environment, std::int64_t lasts = kDay) {
    return make_token(store(), {"ada"},
                      {.user = "id-ada",
                       .environment = environment,
                       .name = "import",
                       .rights = parse_rights("enter edit_data"),
                       .lasts = lasts});
  }
  TokenAnswer use(const std::string& text, const std::string& environment) {
    return use_token(store(), text, environment, {"", "r", "::1"}).answer;
  }

  MemoryDirectory directory_;
  Passwords passwords_{{.memory_kib = 8, .passes = 1}, random_};
};

TEST_P(Credentials, TheFirstStartMakesASuperAdminOnce) {
  const auto first = first_start(store(), directory_);
  ASSERT_TRUE(first);
  // Another server starts at the same time: both links are good until one is used.
  const auto second = first_start(store(), directory_);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->account.id, second->account.id);
  EXPECT_EQ(find_link(store(), first->link)->purpose, LinkPurpose::kFirst);
  const Redeemed done = redeem(second->link);
  ASSERT_EQ(done.answer, LinkAnswer::kDone);
  EXPECT_TRUE(done.account->is_active());
  EXPECT_EQ(redeem(first->link).answer, LinkAnswer::kNotGood);
  EXPECT_EQ(redeem(second->link).answer, LinkAnswer::kNotGood);
  EXPECT_EQ(first_start(store(), directory_), std::nullopt);
  EXPECT_EQ(last_entry().verb, "set_password");
}

TEST_P(Credentials, ALinkOpensOnceAndNotForever) {
  directory_.add("ada", "admin", "");
  const std::string link = make_link(store(), {"root"}, LinkPurpose::kInvitation, "id-ada");
  EXPECT_EQ(find_link(store("other"), link), std::nullopt);
  // Looking at it and a password that can't be leave it good.
  EXPECT_TRUE(find_link(store(), link));
  EXPECT_EQ(redeem(link, "short").answer, LinkAnswer::kProblems);
  directory_.fails = true;
  EXPECT_THROW(redeem(link), Error);
  directory_.fails = false;
  EXPECT_EQ(redeem(link).answer, LinkAnswer::kDone);
  EXPECT_TRUE(passwords_.is(kPassword, directory_.at("ada").password_hash));
  EXPECT_EQ(redeem(link, "some other good password").answer, LinkAnswer::kNotGood);
  const std::string late = make_link(store(), {"root"}, LinkPurpose::kReset, "id-ada");
  pass(LinkTimes{}.reset);
  EXPECT_EQ(redeem(late).answer, LinkAnswer::kNotGood);
  EXPECT_EQ(redeem("").answer, LinkAnswer::kNotGood);
  for (int i = 0; i < 8; ++i) make_link(store(), {"root"}, LinkPurpose::kReset, "id-ada");
  EXPECT_EQ(number("SELECT count(*) FROM access_link"), 5);
}

TEST_P(Credentials, OfTwoWhoUseALinkAtOnceOneDoes) {
  directory_.add("ada", "admin", "");
  const std::string link = make_link(store(), {"root"}, LinkPurpose::kInvitation, "id-ada");
  struct Racing final : Directory {
    std::optional<Account> find_by_login(std::string_view) override { return {}; }
    std::optional<Account> find_by_id(std::string_view) override { return account; }
    void set_password_hash(std::string_view, const std::string&) override {
      ++set;
      if (set == 1) second();  // The other one comes between.
    }
    void set_suspended(std::string_view, Suspended) override {}
    std::optional<Account> first_super_admin() override { return {}; }
    Account account;
    std::function<void()> second;
    int set = 0;
  } racing;
  racing.account = directory_.at("ada");
  LinkAnswer other = LinkAnswer::kDone;
  racing.second = [&] {
    other = redeem_link(store(), racing, passwords_, {}, link, kPassword).answer;
  };
  EXPECT_EQ(redeem_link(store(), racing, passwords_, {}, link, kPassword).answer,
            LinkAnswer::kDone);
  EXPECT_EQ(other, LinkAnswer::kNotGood);
  EXPECT_EQ(racing.set, 1);
}

TEST_P(Credentials, ANewPasswordEndsWhatTheOldOneOpened) {
  directory_.add("ada", "admin", passwords_.hash("an old password of hers"));
  const SignedIn in = sign_in(
      store(), directory_, passwords_,
      {.login = "ada", .password = "an old password of hers", .address = "::1", .agent = ""}, {});
  ASSERT_EQ(in.answer, SignInAnswer::kSignedIn);
  const auto reset = request_reset(store(), directory_, {"", "r", "::1"}, "ada", {});
  ASSERT_TRUE(reset);
  EXPECT_EQ(redeem(reset->link).answer, LinkAnswer::kDone);
  EXPECT_EQ(find_session(store(), in.session->id, {}), std::nullopt);
  // Suspended since the link was made: it opens nothing.
  const auto again = request_reset(store(), directory_, {"", "r", "::1"}, "ada", {});
  directory_.at("ada").state = AccountState::kSuspended;
  EXPECT_EQ(redeem(again->link).answer, LinkAnswer::kNotGood);
}

TEST_P(Credentials, AskingForAResetTellsNothing) {
  directory_.add("ada", "admin", passwords_.hash(kPassword));
  const auto rows = [&] {
    return number("SELECT count(*) FROM access_link") + number("SELECT count(*) FROM access_audit");
  };
  const auto before = rows();
  EXPECT_TRUE(request_reset(store(), directory_, {}, "ada", {}));
  const auto between = rows();
  EXPECT_FALSE(request_reset(store(), directory_, {}, "nobody", {}));
  EXPECT_EQ(rows() - between, between - before);
  EXPECT_THROW(for (int i = 0; i < 10; ++i) request_reset(store(), directory_, {}, "nobody", {}),
               Error);
}

TEST_P(Credentials, ATokenIsForOneEnvironment) {
  const NewToken made = token(kQa);
  EXPECT_THAT(made.text, StartsWith(made.token.prefix + "_"));
  EXPECT_THAT(made.token.prefix, StartsWith("doppel_"));
  EXPECT_EQ(use(made.text, kQa), TokenAnswer::kGood);
  EXPECT_EQ(use(made.text, ""), TokenAnswer::kGood);
  EXPECT_EQ(use(made.text, "live"), TokenAnswer::kOtherEnvironment);
  EXPECT_EQ(last_entry().verb, "use_token");
  EXPECT_EQ(last_entry().outcome, "refused");
  EXPECT_EQ(last_entry().environment, "live");
  const TokenUse used = use_token(store(), made.text, kQa, {});
  EXPECT_EQ(to_text(used.token->rights), "enter edit_data");
  EXPECT_GT(used.token->used_at, 0);
  // The secret stands nowhere.
  EXPECT_EQ(number("SELECT count(*) FROM access_token WHERE hash = '" + made.text + "'"), 0);
  EXPECT_EQ(use_token(store("other"), made.text, kQa, {}).answer, TokenAnswer::kUnknown);
}

TEST_P(Credentials, TokensEnd) {
  const NewToken made = token("live");
  std::string changed = made.text;
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(use(changed, "live"), TokenAnswer::kUnknown);
  EXPECT_EQ(use(made.token.prefix, "live"), TokenAnswer::kUnknown);
  EXPECT_EQ(use("", "live"), TokenAnswer::kUnknown);
  EXPECT_FALSE(revoke_token(store("other"), {"eve"}, made.token.id));
  EXPECT_TRUE(revoke_token(store(), {"ada"}, made.token.id));
  EXPECT_FALSE(revoke_token(store(), {"ada"}, made.token.id));
  EXPECT_EQ(use(made.text, "live"), TokenAnswer::kUnknown);
  const NewToken other = token("live");
  pass(kDay);
  EXPECT_EQ(use(other.text, "live"), TokenAnswer::kUnknown);
  const NewToken of_qa = token(kQa);
  EXPECT_EQ(revoke_tokens_of_environment(store(), {"ada"}, kQa), 1U);
  EXPECT_EQ(use(of_qa.text, kQa), TokenAnswer::kUnknown);
  EXPECT_THAT(list_tokens(store(), "id-ada"), SizeIs(3));
  EXPECT_THAT(list_tokens(store(), "id-bob"), IsEmpty());
  EXPECT_THAT(list_tokens(store(), ""), SizeIs(3));
}

TEST_P(Credentials, ATokenThatCannotBeIsRefused) {
  EXPECT_THROW(token(""), Error);
  EXPECT_THROW(token("live", 0), Error);
  EXPECT_THROW(token("live", 2 * kLongestToken), Error);
  EXPECT_THROW(make_token(store(), {"ada"},
                          {.user = "id-ada", .environment = "live", .name = "", .rights = {}}),
               Error);
  EXPECT_THROW(make_token(store(), {"ada"},
                          {.user = "id-ada", .environment = "live", .name = "x", .rights = {}}),
               Error);
  EXPECT_THROW(for (std::size_t i = 0; i <= kMostTokensOfUser; ++i) token("live"), Error);
  EXPECT_EQ(number("SELECT count(*) FROM access_token"), 100);
}

TEST_P(Credentials, ASandboxCookieIsOfItsSessionAndSigned) {
  const SigningKeys keys = signing_keys(store());
  const std::int64_t now = store().now().microseconds;
  const std::string cookie = make_sandbox_cookie(keys, "acme", kQa, "s1");
  const auto read = [&](const std::string& text, const std::string& session) {
    return read_sandbox_cookie(keys, "acme", text, session, now);
  };
  EXPECT_EQ(read(cookie, "s1").answer, CookieAnswer::kGood);
  EXPECT_EQ(read(cookie, "s1").environment, kQa);
  EXPECT_EQ(read(cookie, "s2").answer, CookieAnswer::kForeign);
  EXPECT_EQ(read_sandbox_cookie(keys, "other", cookie, "s1", now).answer, CookieAnswer::kForged);
  for (const std::string& forged : {std::string(), std::string("...."), std::string(10'000, '.'),
                                    "1." + keys[0].id + "." + kQa + ".s1.",
                                    "1." + keys[0].id + "." + kQa + ".s1." + std::string(43, 'A'),
                                    cookie + ".", "2" + cookie.substr(1)}) {
    EXPECT_EQ(read(forged, "s1").answer, CookieAnswer::kForged) << forged.substr(0, 80);
  }
  // Every server signs with the same key.
  const auto other = connect();
  EXPECT_EQ(signing_keys(on(*other)).at(0).id, keys.at(0).id);
  EXPECT_NE(signing_keys(on(*other, "other")).at(0).id, keys.at(0).id);
}

TEST_P(Credentials, KeysAreTurnedOver) {
  const SigningKeys before = signing_keys(store());
  const std::string cookie = make_sandbox_cookie(before, "acme", kQa, "s1");
  const SigningKeys after = rotate_signing_keys(store(), {"ada"}, kHour);
  EXPECT_THAT(after, SizeIs(2));
  EXPECT_NE(after[0].id, before[0].id);
  const auto answer = [&](const SigningKeys& keys) {
    return read_sandbox_cookie(keys, "acme", cookie, "s1", store().now().microseconds).answer;
  };
  EXPECT_EQ(answer(after), CookieAnswer::kGood);
  pass(kHour);
  EXPECT_THAT(signing_keys(store()), SizeIs(1));
  EXPECT_EQ(answer(signing_keys(store())), CookieAnswer::kUnknownKey);
  // A server that still has the old list goes by when the key ends.
  SigningKeys kept = after;
  kept[1].ends_at = store().now().microseconds;
  EXPECT_EQ(answer(kept), CookieAnswer::kUnknownKey);
}

INSTANTIATE_TEST_SUITE_P(On, Credentials, ::testing::Values(StoreKind::kFile, StoreKind::kServer),
                         [](const auto& about) { return doppel::testing::name_of(about.param); });

}  // namespace
}  // namespace doppel::access
