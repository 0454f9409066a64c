// Signing in, sessions, the throttle, and what each tells to somebody who mustn't know.
#include "access/sign_in.hpp"

#include <gmock/gmock.h>

#include "access/link.hpp"
#include "access/secret.hpp"
#include "base/error.hpp"
#include "tests/support/access_store.hpp"
#include "tests/support/memory_directory.hpp"

namespace doppel::access {
namespace {

using doppel::testing::MemoryDirectory;
using doppel::testing::StoreKind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr PasswordCost kCheap{.memory_kib = 8, .passes = 1};
constexpr const char* kRight = "correct horse battery staple";
constexpr const char* kOther = "another horse, another stable";

class SignIn : public doppel::testing::AccessStore {
 protected:
  SignIn() {
    // On a server time goes by: steps are far longer than a test takes.
    rules_.throttle.account = {
        .free = 5, .first = kMinute, .longest = 16 * kMinute, .forgive = kDay};
    directory_.add("ada", "admin", passwords_.hash(kRight));
    directory_.add("bob", "agent", passwords_.hash(kRight));
    directory_.add("sue", "agent", passwords_.hash(kRight)).state = AccountState::kSuspended;
    directory_.add("ivy", "agent", "");
  }

  SignedIn sign_in(const std::string& login, const std::string& password,
                   const std::string& address = "192.0.2.1", const std::string& former = "") {
    return access::sign_in(store(), directory_, passwords_,
                           {.login = login,
                            .password = password,
                            .address = address,
                            .agent = "curl",
                            .request = "r1",
                            .former_session_id = former},
                           rules_);
  }
  std::optional<Session> session(const std::string& id) {
    return find_session(store(), id, rules_.times);
  }
  AuditRow last_entry() { return list_audit(store(), {.limit = 1}).at(0); }

  MemoryDirectory directory_;
  Passwords passwords_{kCheap, random_};
  SignInRules rules_;
};

TEST_P(SignIn, GivesASessionAndTellsTheAudit) {
  const SignedIn done = sign_in("ADA", kRight);
  ASSERT_EQ(done.answer, SignInAnswer::kSignedIn);
  EXPECT_EQ(done.account->login, "ada");
  const auto found = session(done.session->id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, "id-ada");
  EXPECT_EQ(found->handle, done.session->session.handle);
  EXPECT_EQ(last_entry().verb, "sign_in");
  EXPECT_EQ(last_entry().who, "ada");
  EXPECT_EQ(last_entry().key, found->handle);
  EXPECT_EQ(last_entry().address, "192.0.2.1");
  // Neither the id nor the password stands anywhere in the store.
  EXPECT_EQ(number("SELECT count(*) FROM access_session WHERE hash = '" + done.session->id + "'"),
            0);
  EXPECT_EQ(find_session(store("other"), done.session->id, rules_.times), std::nullopt);
  EXPECT_FALSE(verify_audit(store()).fault);
}

TEST_P(SignIn, NothingTellsWhetherThereIsSuchAnAccount) {
  struct Watched {
    std::uint64_t work;
    int questions;
    std::int64_t rows, wait;
    bool known;
  };
  std::vector<Watched> seen;
  // Not there, wrong password, suspended with the right one, without a password.
  for (const auto& [login, password] : std::vector<std::pair<std::string, std::string>>{
           {"nobody", kRight}, {"ada", kOther}, {"sue", kRight}, {"ivy", ""}}) {
    const std::uint64_t work = passwords_.work();
    const int questions = directory_.questions;
    const std::int64_t rows = number("SELECT count(*) FROM access_audit") +
                              number("SELECT count(*) FROM access_throttle WHERE kind = 'account'");
    const SignedIn done = sign_in(login, password);
    EXPECT_EQ(done.answer, SignInAnswer::kRefused) << login;
    EXPECT_FALSE(done.account || done.session);
    seen.push_back({passwords_.work() - work, directory_.questions - questions,
                    number("SELECT count(*) FROM access_audit") +
                        number("SELECT count(*) FROM access_throttle WHERE kind = 'account'") -
                        rows,
                    done.wait, done.account.has_value()});
  }
  for (const Watched& one : seen) {
    EXPECT_EQ(one.work, kCheap.memory_kib * kCheap.passes);
    EXPECT_EQ(one.questions, 1);
    EXPECT_EQ(one.rows, 2);
    EXPECT_EQ(one.wait, 0);
  }
  // Who may read the audit knows; what a stranger typed isn't kept there.
  const auto entries = list_audit(store(), {.order = AuditOrder::kOldestFirst});
  EXPECT_EQ(entries.at(0).reason, "there is no such login");
  EXPECT_EQ(entries.at(0).who, "");
  EXPECT_EQ(entries.at(1).reason, "wrong password");
  EXPECT_EQ(entries.at(2).reason, "the account is suspended");
  EXPECT_EQ(entries.at(3).reason, "the account has no password yet");
}

TEST_P(SignIn, TheThrottleTellsNothingEither) {
  const auto waits = [&](const std::string& login, const std::string& address) {
    std::vector<std::pair<SignInAnswer, bool>> answers;
    for (int i = 0; i < 8; ++i) {
      const SignedIn done = sign_in(login, kOther, address);
      answers.emplace_back(done.answer, done.wait > 0);
    }
    return answers;
  };
  EXPECT_EQ(waits("ada", "192.0.2.1"), waits("nobody", "192.0.2.2"));
}

TEST_P(SignIn, WaitsGrowAndEnd) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sign_in("ada", kOther).wait, 0);
  EXPECT_EQ(sign_in("ada", kOther).wait, kMinute);
  EXPECT_THAT(last_entry().reason, HasSubstr("wrong password; not looked at again for 60 s"));
  const std::uint64_t work = passwords_.work();
  const auto entries = number("SELECT count(*) FROM access_audit");
  const SignedIn blocked = sign_in("ada", kRight);
  EXPECT_EQ(blocked.answer, SignInAnswer::kThrottled);
  EXPECT_GT(blocked.wait, 0);
  EXPECT_LE(blocked.wait, kMinute);
  // It costs nothing: neither hashing nor a row.
  EXPECT_EQ(passwords_.work(), work);
  EXPECT_EQ(number("SELECT count(*) FROM access_audit"), entries);
  // From elsewhere the account is no freer; another account is.
  EXPECT_EQ(sign_in("ada", kRight, "203.0.113.9").answer, SignInAnswer::kThrottled);
  EXPECT_EQ(sign_in("bob", kRight, "203.0.113.9").answer, SignInAnswer::kSignedIn);
  for (const std::int64_t expected : {2 * kMinute, 4 * kMinute, 8 * kMinute}) {
    pass(kHour);
    EXPECT_EQ(sign_in("ada", kOther).wait, expected);
  }
  for (int i = 0; i < 20; ++i) {
    pass(kHour);
    sign_in("ada", kOther, "198.51.100." + std::to_string(i));
  }
  EXPECT_EQ(sign_in("ada", kRight, "203.0.113.10").answer, SignInAnswer::kThrottled);
  pass(16 * kMinute);
  EXPECT_EQ(sign_in("ada", kRight, "203.0.113.10").answer, SignInAnswer::kSignedIn);
  EXPECT_EQ(sign_in("ada", kOther, "203.0.113.10").wait, 0);  // It began again.
}

TEST_P(SignIn, AnOwnAccountDoesNotOpenTheWayToGuessOthers) {
  rules_.throttle.network = {.free = 6, .first = kHour, .longest = kDay, .forgive = kHour};
  bool throttled = false;
  for (int i = 0; i < 20; ++i) {
    throttled = sign_in("victim" + std::to_string(i), kOther).wait > 0;
    if (throttled) break;
    EXPECT_EQ(sign_in("bob", kRight).answer, SignInAnswer::kSignedIn);
  }
  EXPECT_TRUE(throttled);
}

TEST_P(SignIn, FailuresAreForgottenOneByOne) {
  rules_.throttle.account = {
      .free = 2, .first = kMinute, .longest = kHour, .forgive = 10 * kMinute};
  EXPECT_EQ(sign_in("ada", kOther).wait, 0);
  EXPECT_EQ(sign_in("ada", kOther).wait, 0);
  pass(15 * kMinute);
  EXPECT_EQ(sign_in("ada", kOther).wait, 0);  // The second, again.
  pass(5 * kMinute);                          // The half that was left over counts.
  EXPECT_EQ(sign_in("ada", kOther).wait, 0);
  EXPECT_EQ(sign_in("ada", kOther).wait, kMinute);
  pass(9 * kMinute);
  EXPECT_EQ(sign_in("ada", kOther).wait, 2 * kMinute);
  pass(kDay);
  EXPECT_EQ(sign_in("ada", kOther).wait, 0);
}

TEST_P(SignIn, ManyAttemptsAtOnceGainNothing) {
  // All of them begin before the first one's password is looked at.
  int admitted = 0;
  for (int i = 0; i < 50; ++i) {
    const auto other = connect();
    const auto transaction = other->begin(database::TransactionKind::kWrite);
    const Attempt attempt =
        begin_attempt_within(on(*other), "ada", "192.0.2." + std::to_string(i), rules_.throttle);
    transaction->commit();
    admitted += attempt.wait == 0 ? 1 : 0;
  }
  EXPECT_EQ(admitted, 6);  // The free ones, and the one from which on others wait.
}

TEST_P(SignIn, AFloodOfNamesDoesNotWashOutTheOneThatIsGuessed) {
  rules_.throttle.most = 20;
  rules_.throttle.network.free = 1000;
  for (int i = 0; i < 6; ++i) sign_in("ada", kOther);
  for (int i = 0; i < 60; ++i) sign_in("flood" + std::to_string(i), kOther);
  EXPECT_LE(number("SELECT count(*) FROM access_throttle WHERE kind = 'account'"), 20);
  EXPECT_EQ(number("SELECT max(failures) FROM access_throttle WHERE kind = 'account'"), 6);
}

TEST_P(SignIn, ASessionCannotBePlanted) {
  const std::string planted = "a-session-id-that-the-attacker-knows";
  const SignedIn done = sign_in("ada", kRight, "192.0.2.1", planted);
  EXPECT_NE(done.session->id, planted);
  EXPECT_FALSE(session(planted));
  // One that the attacker made by signing in himself ends when it is brought along.
  const SignedIn attackers = sign_in("bob", kRight);
  const SignedIn victims = sign_in("ada", kRight, "192.0.2.1", attackers.session->id);
  EXPECT_FALSE(session(attackers.session->id));
  EXPECT_NE(victims.session->id, attackers.session->id);
  EXPECT_TRUE(session(victims.session->id));
  // What the store has opens nothing.
  EXPECT_FALSE(session(hash_secret(victims.session->id)));
  EXPECT_FALSE(session(victims.session->session.handle));
  EXPECT_FALSE(session(""));
}

TEST_P(SignIn, SessionsEndByThemselves) {
  const std::string idle = sign_in("ada", kRight).session->id;
  pass(rules_.times.idle - kMinute);
  EXPECT_TRUE(session(idle));  // It begins again.
  pass(rules_.times.idle - kMinute);
  EXPECT_TRUE(session(idle));
  pass(rules_.times.idle + kSecond);
  EXPECT_FALSE(session(idle));
  const std::string busy = sign_in("ada", kRight).session->id;
  for (std::int64_t spent = 0; spent + kHour < rules_.times.longest; spent += kHour) {
    EXPECT_TRUE(session(busy)) << spent / kHour;
    pass(kHour);
  }
  pass(kHour);
  EXPECT_FALSE(session(busy));
  sign_in("bob", kRight);
  EXPECT_EQ(number("SELECT count(*) FROM access_session"), 1);  // Ended ones are cleared away.
}

TEST_P(SignIn, SessionsAreListedAndRevoked) {
  const SignedIn first = sign_in("ada", kRight);
  const SignedIn second = sign_in("ada", kRight);
  const SignedIn bobs = sign_in("bob", kRight);
  EXPECT_THAT(list_sessions(store(), "id-ada", rules_.times), SizeIs(2));
  const std::string handle = first.session->session.handle;
  EXPECT_FALSE(end_session(store(), {"bob"}, "id-bob", handle));  // It isn't his.
  EXPECT_TRUE(end_session(store(), {"ada"}, "id-ada", handle));
  EXPECT_FALSE(end_session(store(), {"ada"}, "id-ada", handle));
  EXPECT_FALSE(session(first.session->id));
  EXPECT_EQ(end_sessions(store(), {"ada"}, "id-ada", second.session->session.handle), 0U);
  EXPECT_EQ(end_sessions(store(), {"root"}, "id-ada"), 1U);
  EXPECT_EQ(last_entry().verb, "end_sessions");
  EXPECT_EQ(last_entry().reason, "1 session");
  EXPECT_FALSE(session(second.session->id));
  EXPECT_TRUE(session(bobs.session->id));
  for (std::size_t i = 0; i < kMostSessionsOfUser + 3; ++i) sign_in("ada", kRight);
  EXPECT_THAT(list_sessions(store(), "id-ada", rules_.times), SizeIs(kMostSessionsOfUser));
}

TEST_P(SignIn, ACsrfTokenIsOfItsSessionAlone) {
  const std::string first = sign_in("ada", kRight).session->id;
  const std::string second = sign_in("ada", kRight).session->id;
  EXPECT_TRUE(is_csrf_token(csrf_token(first), first));
  EXPECT_FALSE(is_csrf_token(csrf_token(first), second));
  EXPECT_FALSE(is_csrf_token("", first));
  EXPECT_EQ(csrf_token(first).find(first), std::string::npos);
}

TEST_P(SignIn, AHashOfAnotherCostIsMadeAnew) {
  Passwords dearer({.memory_kib = 16, .passes = 2}, random_);
  access::sign_in(store(), directory_, dearer,
                  {.login = "ada", .password = kOther, .address = "a", .agent = ""}, rules_);
  EXPECT_EQ(cost_of(directory_.at("ada").password_hash), kCheap);
  const SignedIn done =
      access::sign_in(store(), directory_, dearer,
                      {.login = "ada", .password = kRight, .address = "a", .agent = ""}, rules_);
  EXPECT_EQ(done.answer, SignInAnswer::kSignedIn);
  EXPECT_FALSE(dearer.is_outdated(directory_.at("ada").password_hash));
  EXPECT_TRUE(dearer.is(kRight, directory_.at("ada").password_hash));
}

TEST_P(SignIn, APasswordIsChangedByWhoKnowsIt) {
  const SignedIn mine = sign_in("ada", kRight);
  const SignedIn elsewhere = sign_in("ada", kRight);
  const auto change = [&](const std::string& current, const std::string& wanted) {
    return change_password(store(), directory_, passwords_, {"ada", "r", "192.0.2.1"},
                           mine.session->session, current, wanted, rules_);
  };
  EXPECT_EQ(change(kOther, kOther).at(0).field, "current");
  EXPECT_EQ(change(kRight, "short").at(0).field, "password");
  EXPECT_EQ(change(kRight, kRight).at(0).field, "password");
  EXPECT_TRUE(session(elsewhere.session->id));
  EXPECT_THAT(change(kRight, kOther), IsEmpty());
  EXPECT_EQ(last_entry().verb, "change_password");
  EXPECT_TRUE(session(mine.session->id));
  EXPECT_FALSE(session(elsewhere.session->id));
  EXPECT_EQ(sign_in("ada", kOther).answer, SignInAnswer::kSignedIn);
  EXPECT_EQ(sign_in("ada", kRight).answer, SignInAnswer::kRefused);
  // A session that was stolen doesn't let its thief guess on.
  EXPECT_THROW(for (int i = 0; i < 10; ++i) change("guess " + std::to_string(i), kRight), Error);
}

TEST(Networks, AreWhatOneSubscriberHas) {
  EXPECT_EQ(network_of("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(network_of("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(network_of("2001:DB8:0:12::7"), "2001:db8:0:12::");
  EXPECT_EQ(network_of("2001:db8:0:12:ffff:1:2:3"), "2001:db8:0:12::");
  EXPECT_EQ(network_of("2001:0db8:0000:0012::"), "2001:db8:0:12::");
  EXPECT_EQ(network_of("fe80::1%eth0"), "fe80:0:0:0::");
  EXPECT_EQ(network_of("::1"), "0:0:0:0::");
  EXPECT_EQ(network_of("1:2:3:4:5:6:7:8:9"), "1:2:3:4:5:6:7:8:9");
  EXPECT_EQ(network_of(""), "");
}

INSTANTIATE_TEST_SUITE_P(On, SignIn, ::testing::Values(StoreKind::kFile, StoreKind::kServer),
                         [](const auto& about) { return doppel::testing::name_of(about.param); });

}  // namespace
}  // namespace doppel::access
