// The audit in a control store, on a file and on a server.
#include "access/audit.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "tests/support/access_store.hpp"

namespace doppel::access {
namespace {

using doppel::testing::StoreKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Audit : public doppel::testing::AccessStore {
 protected:
  void write(int count, const std::string& tenant = "acme") {
    for (int i = 1; i <= count; ++i) {
      append_audit(store(tenant), {.who = "ada",
                                   .environment = "live",
                                   .verb = "change",
                                   .resource = "cases",
                                   .key = std::to_string(i),
                                   .reason = "r",
                                   .request = "q",
                                   .address = "::1"});
    }
  }
  /// In one transaction.
  void append_many(std::size_t count) {
    append_audit(store(), std::vector<AuditEntry>(count, {.who = "ada", .verb = "change"}));
  }
  /// FLAW NUMBER, or `whole`.
  std::string verdict(const std::optional<AuditHead>& known = {}) {
    const Verification result = verify_audit(store(), known);
    if (!result.fault) return "whole";
    return std::string(to_text(result.fault->flaw)) + " " + std::to_string(result.fault->number);
  }
};

TEST_P(Audit, RowsAreChained) {
  write(3);
  write(2, "other");
  const Verification result = verify_audit(store());
  EXPECT_FALSE(result.fault);
  EXPECT_EQ(result.rows, 3);
  EXPECT_EQ(audit_head(store()), result.head);
  EXPECT_EQ(parse_head(to_text(result.head)), result.head);
  EXPECT_EQ(verify_audit(store("other")).rows, 2);
  EXPECT_EQ(verify_audit(store("nobody")).rows, 0);
  EXPECT_EQ(verdict(result.head), "whole");
}

TEST_P(Audit, AnyEditOfAnyColumnIsFound) {
  write(4);
  const auto columns = connection_->sql()->query("SELECT * FROM access_audit WHERE number = 1", {});
  for (const char* column : {"at", "who", "environment", "verb", "resource", "key", "outcome",
                             "reason", "request", "address", "hash"}) {
    const std::string name(column);
    const auto former =
        connection_->sql()->query("SELECT " + name + " FROM access_audit WHERE number = 3", {});
    run("UPDATE access_audit SET " + name + " = '' WHERE number = 3");
    EXPECT_EQ(verdict(), "changed 3") << column;
    run("UPDATE access_audit SET " + name + " = " + name + " || 'x' WHERE number = 3");
    EXPECT_EQ(verdict(), "changed 3") << column;
    connection_->sql()->execute("UPDATE access_audit SET " + name + " = $1 WHERE number = 3",
                                {former.at(0).at(0)});
    EXPECT_EQ(verdict(), "whole") << column;
  }
  // Eleven columns besides tenant and number are all there are.
  EXPECT_EQ(columns.at(0).size(), 13U);
}

TEST_P(Audit, WhatIsTakenOutMovedOrPutInIsFound) {
  write(5);
  const auto try_and_undo = [&](const std::string& change, const std::string& expected) {
    const auto transaction = connection_->begin(database::TransactionKind::kWrite);
    run(change);
    ChainCheck check("acme");
    for (const AuditRow& row :
         list_audit(store(), {.after = -1000, .order = AuditOrder::kOldestFirst})) {
      check.add(row);
    }
    const Verification result = check.finish(audit_head(store()));
    ASSERT_TRUE(result.fault) << change;
    EXPECT_EQ(std::string(to_text(result.fault->flaw)) + " " + std::to_string(result.fault->number),
              expected)
        << change << ": " << result.fault->message;
  };
  try_and_undo("DELETE FROM access_audit WHERE number = 3", "missing 3");
  try_and_undo("DELETE FROM access_audit WHERE number IN (1, 2)", "missing 1");
  try_and_undo("DELETE FROM access_audit WHERE number >= 4", "truncated 4");
  try_and_undo("DELETE FROM access_audit", "truncated 1");
  try_and_undo(
      "UPDATE access_audit SET number = 9 WHERE number = 2; "
      "UPDATE access_audit SET number = 2 WHERE number = 4; "
      "UPDATE access_audit SET number = 4 WHERE number = 9",
      "changed 2");
  try_and_undo(
      "DELETE FROM access_audit WHERE number = 2; UPDATE access_audit SET number = number "
      "- 1 WHERE number = 3",
      "changed 2");
  try_and_undo("UPDATE access_audit SET number = 0 WHERE number = 5", "added 0");
  try_and_undo("UPDATE access_audit SET tenant = 'other' WHERE number = 2", "missing 2");
  try_and_undo("DELETE FROM access_audit_head", "added 1");
  try_and_undo("UPDATE access_audit_head SET number = 4", "added 5");
  try_and_undo("UPDATE access_audit_head SET number = 6", "truncated 6");
  try_and_undo("UPDATE access_audit_head SET hash = hash || '0'", "changed 5");
  try_and_undo(
      "INSERT INTO access_audit SELECT tenant, 6, at, who, environment, verb, resource, "
      "key, outcome, reason, request, address, hash FROM access_audit WHERE number = 5",
      "changed 6");
  EXPECT_EQ(verdict(), "whole");
}

TEST_P(Audit, AChainCutTogetherWithItsEndIsFoundByAnEndThatWasNoted) {
  write(2);
  const AuditHead before = *audit_head(store());
  write(2);
  const AuditHead noted = *audit_head(store());
  run("DELETE FROM access_audit WHERE number > 2");
  run("UPDATE access_audit_head SET number = 2, hash = '" + before.hash + "'");
  EXPECT_EQ(verdict(), "whole");
  EXPECT_EQ(verdict(noted), "truncated 3");
  write(2);
  EXPECT_EQ(verdict(), "whole");
  EXPECT_EQ(verdict({{noted.number, std::string(64, '0')}}), "other 4");
}

TEST_P(Audit, AnyNumberOfProcessesKeepOneChain) {
  constexpr int kProcesses = 4;
  constexpr int kRows = 15;
  connection_.reset();
  std::vector<pid_t> children;
  for (int child = 0; child < kProcesses; ++child) {
    const pid_t process = ::fork();
    if (process == 0) {
      int exit = 1;
      try {
        const auto own = connect();
        for (int i = 0; i < kRows; ++i) {
          append_audit(on(*own), {.who = "child", .verb = "change", .key = std::to_string(i)});
        }
        exit = 0;
      } catch (const Error& error) {
        ::write(2, error.what(), std::string(error.what()).size());
      }
      ::_exit(exit);
    }
    children.push_back(process);
  }
  for (const pid_t child : children) {
    int status = 1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  connection_ = connect();
  EXPECT_EQ(verdict(), "whole");
  EXPECT_EQ(verify_audit(store()).rows, kProcesses * kRows);
}

TEST_P(Audit, AnEntryIsOneWithTheChangeItTellsOf) {
  write(1);
  {
    const auto transaction = connection_->begin(database::TransactionKind::kWrite);
    append_audit_within(store(), {.who = "ada", .verb = "change"});
  }
  EXPECT_EQ(verify_audit(store()).rows, 1);
  const std::vector<AuditEntry> several{{.verb = "a"}, {.verb = "b"}};
  EXPECT_EQ(append_audit(store(), several).number, 3);
  EXPECT_EQ(verdict(), "whole");
}

TEST_P(Audit, TakesWhateverIsTyped) {
  const std::string rubbish("\0\xFF\x1B[31m'; DROP TABLE access_audit; --\n", 36);
  append_audit(store(), {.who = rubbish, .verb = std::string(100'000, 'x'), .reason = "\xC3\xBC"});
  EXPECT_EQ(verdict(), "whole");
  const AuditRow row = list_audit(store(), {}).at(0);
  EXPECT_THAT(row.who, HasSubstr("DROP TABLE"));
  EXPECT_EQ(row.who.find('\0'), std::string::npos);
  EXPECT_EQ(row.reason, "\xC3\xBC");
  EXPECT_LT(row.verb.size(), 600U);
}

TEST_P(Audit, IsListedByWhatIsAskedFor) {
  write(5);
  append_audit(store(), {.who = "bob",
                         .environment = "qa",
                         .verb = "promote",
                         .outcome = Outcome::kRefused,
                         .reason = "no right"});
  const auto numbers = [&](const AuditFilter& filter) {
    std::vector<std::int64_t> found;
    for (const AuditRow& row : list_audit(store(), filter)) found.push_back(row.number);
    return found;
  };
  EXPECT_THAT(numbers({}), ElementsAre(6, 5, 4, 3, 2, 1));
  EXPECT_THAT(numbers({.limit = 2}), ElementsAre(6, 5));
  EXPECT_THAT(numbers({.before = 5, .limit = 2}), ElementsAre(4, 3));
  EXPECT_THAT(numbers({.after = 4, .order = AuditOrder::kOldestFirst}), ElementsAre(5, 6));
  EXPECT_THAT(numbers({.who = "bob"}), ElementsAre(6));
  EXPECT_THAT(numbers({.outcome = "refused"}), ElementsAre(6));
  EXPECT_THAT(numbers({.environment = "live", .verb = "change", .resource = "cases", .key = "2"}),
              ElementsAre(2));
  EXPECT_THAT(numbers({.who = "x' OR '1'='1"}), ElementsAre());
}

TEST_P(Audit, AnExportReadsBackAndHolds) {
  append_many(2500);  // More than a page.
  ChainCheck check("acme");
  scan_audit(store(), [&](const AuditRow& row) {
    const std::string line = write_json(to_json(row), JsonStyle::kCompact);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const AuditRow read = audit_row_from(parse_json(line, "line"), "line");
    EXPECT_EQ(read, row);
    check.add(read);
    return true;
  });
  const Verification result = check.finish(audit_head(store()));
  EXPECT_FALSE(result.fault);
  EXPECT_EQ(result.rows, 2500);
}

INSTANTIATE_TEST_SUITE_P(On, Audit, ::testing::Values(StoreKind::kFile, StoreKind::kServer),
                         [](const auto& about) { return doppel::testing::name_of(about.param); });

}  // namespace
}  // namespace doppel::access
