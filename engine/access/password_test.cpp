#include "access/password.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include "access/secret.hpp"
#include "base/error.hpp"

namespace doppel::access {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr PasswordCost kCheap{.memory_kib = 8, .passes = 1};
constexpr const char* kPassword = "correct horse battery staple";

std::string problem(const std::string& password) {
  const auto problems =
      password_problems(password, {"grace", "Grace Hopper", "amazing@example.org"});
  if (problems.empty()) return "";
  EXPECT_EQ(problems[0].field, "password");
  EXPECT_FALSE(problems[0].remedy.empty());
  return problems[0].message;
}

TEST(Password, IsKeptAsArgon2id) {
  SeededRandom random(1);
  const std::string stored = hash_password(kPassword, kCheap, random);
  EXPECT_THAT(stored, StartsWith("$argon2id$v=19$m=8,t=1,p=1$"));
  EXPECT_TRUE(is_password(kPassword, stored, kCheap));
  EXPECT_FALSE(is_password("correct horse battery stapl", stored, kCheap));
  EXPECT_FALSE(is_password("", stored, kCheap));
  // Two people with the same one don't show it.
  EXPECT_NE(hash_password(kPassword, kCheap, random), stored);
  // The cost of today is no part of the question.
  EXPECT_TRUE(is_password(kPassword, stored, {.memory_kib = 16, .passes = 2}));
  EXPECT_EQ(cost_of(stored), kCheap);
}

TEST(Password, OthersWhoKnowArgon2idReadAndWriteTheSame) {
  SeededRandom random(1);
  const std::string ours = hash_password(kPassword, {.memory_kib = 64, .passes = 2}, random);
  const std::string password = kPassword;
  EXPECT_EQ(crypto_pwhash_str_verify(ours.c_str(), password.data(), password.size()), 0);
  std::string theirs(crypto_pwhash_STRBYTES, '\0');
  constexpr std::size_t kBytes = 32768;
  ASSERT_EQ(crypto_pwhash_str(theirs.data(), password.data(), password.size(), 1, kBytes), 0);
  EXPECT_TRUE(is_password(password, theirs.c_str(), kCheap));
}

TEST(Password, WhatIsNoHashIsNobodys) {
  const PasswordCost today{.memory_kib = 8, .passes = 1};
  for (const char* stored :
       {"", "x", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$$", "$argon2i$v=19$m=8,t=1,p=1$a$b",
        "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$", "$argon2id$v=19$m=8,t=1,p=2$A$A",
        "$argon2id$v=19$m=99999999999,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA"}) {
    EXPECT_FALSE(is_password("", stored, today)) << stored;
    EXPECT_FALSE(is_password(kPassword, stored, today)) << stored;
  }
}

TEST(Password, TheSameWorkWhateverIsStored) {
  SeededRandom random(1);
  Passwords passwords(kCheap, random);
  const std::string stored = passwords.hash(kPassword);
  for (const std::string& other : {stored, std::string(), std::string("rubbish")}) {
    const std::uint64_t before = passwords.work();
    passwords.is("something", other);
    EXPECT_EQ(passwords.work() - before, kCheap.memory_kib * kCheap.passes);
  }
  EXPECT_FALSE(passwords.is_outdated(stored));
  EXPECT_TRUE(Passwords({.memory_kib = 16, .passes = 1}, random).is_outdated(stored));
}

TEST(Password, RulesSayWhatIsWrong) {
  EXPECT_EQ(problem(kPassword), "");
  EXPECT_EQ(problem("\xC3\xA4pfel und b\xC3\xA4ume"), "");
  EXPECT_EQ(problem("Tr0ub4dor&3x9z"), "");
  EXPECT_THAT(problem("short"), HasSubstr("too short"));
  EXPECT_THAT(problem("\xC3\xA4\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6"), HasSubstr("too short"));
  EXPECT_THAT(problem(std::string(257, 'x')), HasSubstr("too long"));
  EXPECT_THAT(problem("nul\0nul nul nul"), HasSubstr("too short"));
  EXPECT_THAT(problem(std::string("with a nul\0 in it", 16)), HasSubstr("can be typed"));
  EXPECT_THAT(problem("\xFF\xFE not any text"), HasSubstr("can be typed"));
  for (const char* easy :
       {"Password1234", "passwordpassword", "changeme!!2026", "qwertyuiop12", "aaaaaaaaaaaa",
        "abcabcabcabcabc", "123456789012", "198512241985", "abcdefghijklmno", "zyxwvutsrqponm",
        "Admin-Admin-1", "aabbaaabbbab", "Helpdesk2026!"}) {
    EXPECT_THAT(problem(easy), HasSubstr("too easy to guess")) << easy;
  }
  EXPECT_THAT(problem("graceHopper1"), HasSubstr("login or name"));
  EXPECT_THAT(problem("xxGRACE12345"), HasSubstr("login or name"));
  EXPECT_THAT(problem("amazing-2026"), HasSubstr("login or name"));
  EXPECT_EQ(problem("grace under pressure is rare"), "");
}

TEST(Secret, HasTwoHundredFiftySixBits) {
  SeededRandom random(7);
  const std::string secret = make_secret(random);
  EXPECT_EQ(secret.size(), 43U);
  EXPECT_NE(make_secret(random), secret);
  EXPECT_EQ(to_base64url("\xFB\xFF\xFE"), "-__-");
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abd"));
  EXPECT_FALSE(same_secret("abc", "abcd"));
  // Parts are told apart by their lengths, and every part counts.
  EXPECT_NE(mac("key", {"ab", "c"}), mac("key", {"a", "bc"}));
  EXPECT_NE(mac("key", {"a"}), mac("kex", {"a"}));
}

}  // namespace
}  // namespace doppel::access
