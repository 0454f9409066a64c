// Laws of what knows no database: the judge, the chain of the audit, the sandbox cookie.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "access/audit_chain.hpp"
#include "access/rights.hpp"
#include "access/sandbox_cookie.hpp"

namespace doppel::access {
namespace {

Grants any_grants() {
  Grants grants;
  for (const Right right : all_rights()) {
    for (const EnvironmentKind kind : all_environment_kinds()) {
      if (*rc::gen::arbitrary<bool>()) grants.give(right, kind);
    }
  }
  return grants;
}

RC_GTEST_PROP(RightsLaws, WhateverRolesSayASandboxGivesNothingThatReachesLive, ()) {
  const Grants grants = any_grants();
  for (const Right right : all_rights()) {
    for (const EnvironmentKind kind : all_environment_kinds()) {
      if (may(grants, right, kind) && reaches_live(right, kind)) {
        RC_ASSERT(may(grants, right, EnvironmentKind::kLive));
      }
    }
  }
}

RC_GTEST_PROP(RightsLaws, TextsReadBackAsTheSameGrants, ()) {
  const Grants grants = any_grants();
  RC_ASSERT(parse_grants(to_texts(grants)).grants == grants);
}

struct Chain {
  std::vector<AuditRow> rows;
  std::optional<AuditHead> head;
};

std::string any_text() {
  return *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab ")));
}

Chain any_chain(int least = 1) {
  Chain chain;
  std::string previous;
  const auto count = *rc::gen::inRange(least, 8);
  for (int i = 1; i <= count; ++i) {
    AuditRow row{.number = i,
                 .at = "2026-11-22T09:15:00Z",
                 .who = any_text(),
                 .environment = any_text(),
                 .verb = any_text(),
                 .resource = any_text(),
                 .key = any_text(),
                 .outcome = "done",
                 .reason = any_text(),
                 .request = any_text(),
                 .address = any_text(),
                 .hash = {}};
    row.hash = hash_row("acme", previous, row);
    previous = row.hash;
    chain.rows.push_back(std::move(row));
  }
  chain.head = AuditHead{count, previous};
  return chain;
}

Verification verified(const Chain& chain, const std::string& tenant = "acme") {
  ChainCheck check(tenant);
  for (const AuditRow& row : chain.rows) check.add(row);
  return check.finish(chain.head);
}

std::size_t any_index(const Chain& chain) {
  return *rc::gen::inRange<std::size_t>(0, chain.rows.size());
}

RC_GTEST_PROP(ChainLaws, AChainThatNobodyTouchedHolds, ()) {
  const Chain chain = any_chain();
  const Verification result = verified(chain);
  RC_ASSERT(!result.fault);
  RC_ASSERT(result.head == *chain.head);
  RC_ASSERT(verified(chain, "other").fault->number == 1);
}

RC_GTEST_PROP(ChainLaws, AnyEditOfAnyFieldIsFoundAtItsRow, ()) {
  Chain chain = any_chain();
  const std::size_t at = any_index(chain);
  AuditRow& row = chain.rows[at];
  const auto field = *rc::gen::elementOf(std::vector<std::string AuditRow::*>{
      &AuditRow::at, &AuditRow::who, &AuditRow::environment, &AuditRow::verb, &AuditRow::resource,
      &AuditRow::key, &AuditRow::outcome, &AuditRow::reason, &AuditRow::request, &AuditRow::address,
      &AuditRow::hash});
  const std::string former = row.*field;
  row.*field = *rc::gen::suchThat(rc::gen::arbitrary<std::string>(),
                                  [&](const std::string& text) { return text != former; });
  const Verification result = verified(chain);
  RC_ASSERT(result.fault.has_value());
  RC_ASSERT(result.fault->number == static_cast<std::int64_t>(at) + 1);
  RC_ASSERT(result.fault->flaw == Flaw::kChanged);
}

RC_GTEST_PROP(ChainLaws, TextThatMovesFromOneFieldToTheNextIsFound, ()) {
  Chain chain = any_chain();
  AuditRow& row = chain.rows[any_index(chain)];
  RC_PRE(!row.who.empty());
  row.environment = row.who.back() + row.environment;
  row.who.pop_back();
  RC_ASSERT(verified(chain).fault->number == row.number);
}

RC_GTEST_PROP(ChainLaws, ARowTakenOutIsNamed, ()) {
  Chain chain = any_chain();
  const std::size_t at = any_index(chain);
  const bool last = at + 1 == chain.rows.size();
  chain.rows.erase(chain.rows.begin() + static_cast<std::ptrdiff_t>(at));
  const Verification result = verified(chain);
  RC_ASSERT(result.fault->number == static_cast<std::int64_t>(at) + 1);
  RC_ASSERT(result.fault->flaw == (last ? Flaw::kTruncated : Flaw::kMissing));
}

RC_GTEST_PROP(ChainLaws, TwoRowsThatChangedPlacesAreFoundAtTheFirst, ()) {
  Chain chain = any_chain(2);
  const std::size_t a = any_index(chain);
  const std::size_t by = *rc::gen::inRange<std::size_t>(1, chain.rows.size());
  const std::size_t b = (a + by) % chain.rows.size();
  std::swap(chain.rows[a], chain.rows[b]);
  std::swap(chain.rows[a].number, chain.rows[b].number);
  const Verification result = verified(chain);
  RC_ASSERT(result.fault->number == static_cast<std::int64_t>(std::min(a, b)) + 1);
}

RC_GTEST_PROP(ChainLaws, AnyEditOfTheKeptEndIsFound, ()) {
  Chain chain = any_chain();
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      chain.head = std::nullopt;
      break;
    case 1:
      chain.head->number =
          *rc::gen::suchThat(rc::gen::inRange<std::int64_t>(-2, 20),
                             [&](std::int64_t n) { return n != chain.head->number; });
      break;
    default:
      chain.head->hash += "0";
  }
  RC_ASSERT(verified(chain).fault.has_value());
}

RC_GTEST_PROP(ChainLaws, AChainMadeAnewIsFoundAgainstAnEndThatWasNoted, ()) {
  Chain chain = any_chain();
  const AuditRow noted = chain.rows[any_index(chain)];
  const AuditHead known{noted.number, noted.hash};
  chain.rows[0].who += "x";
  std::string previous;
  for (AuditRow& row : chain.rows) previous = row.hash = hash_row("acme", previous, row);
  chain.head->hash = previous;
  RC_ASSERT(!verified(chain).fault);
  ChainCheck check("acme", known);
  for (const AuditRow& row : chain.rows) check.add(row);
  const Verification result = check.finish(chain.head);
  RC_ASSERT(result.fault->flaw == Flaw::kOther);
  RC_ASSERT(result.fault->number == known.number);
}

RC_GTEST_PROP(CookieLaws, NoOtherTextIsAGoodCookie, ()) {
  const SigningKeys keys{{"k1", std::string(32, 'a'), 0}, {"k0", std::string(32, 'b'), 500}};
  std::string cookie = make_sandbox_cookie(keys, "acme", "01993f2a-e1", "01993f2a-s1");
  RC_ASSERT(read_sandbox_cookie(keys, "acme", cookie, "01993f2a-s1", 100).answer ==
            CookieAnswer::kGood);
  const auto at = *rc::gen::inRange<std::size_t>(0, cookie.size());
  switch (*rc::gen::inRange(0, 3)) {
    case 0: {
      const char other = *rc::gen::arbitrary<char>();
      RC_PRE(other != cookie[at]);
      cookie[at] = other;
      break;
    }
    case 1:
      cookie.erase(at, 1);
      break;
    default:
      cookie.insert(at, 1, *rc::gen::arbitrary<char>());
  }
  RC_ASSERT(read_sandbox_cookie(keys, "acme", cookie, "01993f2a-s1", 100).answer !=
            CookieAnswer::kGood);
}

}  // namespace
}  // namespace doppel::access
