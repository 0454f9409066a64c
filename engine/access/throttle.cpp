#include "access/throttle.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace doppel::access {
namespace {

constexpr const char* kAccount = "account";
constexpr const char* kNetwork = "network";

struct Counted {
  std::int64_t failures = 0;
  std::int64_t since = 0;  ///< from when on the next failure is being forgotten
  std::int64_t blocked_until = 0;
  bool stands = false;
};

/// What is left of it by now.
Counted forgiven(Counted counted, std::int64_t now, const ThrottleRule& rule) {
  const std::int64_t forgotten =
      std::min(counted.failures, std::max(now - counted.since, std::int64_t{0}) / rule.forgive);
  counted.failures -= forgotten;
  counted.since = counted.failures == 0 ? now : counted.since + forgotten * rule.forgive;
  return counted;
}

std::string subject_of(std::string_view text) { return sha256(text); }
std::string account_subject(std::string_view login) { return subject_of(to_lower_ascii(login)); }
std::string network_subject(std::string_view address) { return subject_of(network_of(address)); }

Counted find(const Store& store, const char* kind, const std::string& subject) {
  const auto rows = store.sql().query(
      "SELECT failures, since, blocked_until FROM access_throttle WHERE tenant = $1 AND kind = "
      "$2 AND subject = $3",
      {Value(store.tenant), Value(kind), Value(subject)});
  if (rows.empty()) return {};
  return {rows[0][0].integer(), rows[0][1].integer(), rows[0][2].integer(), true};
}

std::int64_t wait_after(std::int64_t failures, const ThrottleRule& rule) {
  if (failures <= rule.free) return 0;
  std::int64_t wait = rule.first;
  for (std::int64_t i = rule.free + 1; i < failures && wait < rule.longest; ++i) wait *= 2;
  return std::min(wait, rule.longest);
}

void make_room(const Store& store, const char* kind, std::int64_t now, const ThrottleRule& rule,
               std::size_t most) {
  const auto is_full = [&] {
    const auto rows =
        store.sql().query("SELECT count(*) FROM access_throttle WHERE tenant = $1 AND kind = $2",
                          {Value(store.tenant), Value(kind)});
    return rows[0][0].integer() >= static_cast<std::int64_t>(most);
  };
  if (!is_full()) return;
  store.sql().execute(
      "DELETE FROM access_throttle WHERE tenant = $1 AND kind = $2 AND since + failures * $3 <= $4",
      {Value(store.tenant), Value(kind), Value(rule.forgive), Value(now)});
  if (!is_full()) return;
  store.sql().execute(
      "DELETE FROM access_throttle WHERE tenant = $1 AND kind = $2 AND subject IN (SELECT subject "
      "FROM access_throttle WHERE tenant = $1 AND kind = $2 ORDER BY failures, since, subject "
      "LIMIT 1)",
      {Value(store.tenant), Value(kind)});
}

/// Returns how long to wait if this attempt fails.
std::int64_t count(const Store& store, const char* kind, const std::string& subject,
                   const Counted& former, std::int64_t now, const ThrottleRule& rule,
                   std::size_t most) {
  const Counted left = forgiven(former, now, rule);
  const std::int64_t failures = left.failures + 1;
  const std::int64_t wait = wait_after(failures, rule);
  if (former.stands) {
    store.sql().execute(
        "UPDATE access_throttle SET failures = $4, since = $5, blocked_until = $6 WHERE tenant = "
        "$1 AND kind = $2 AND subject = $3",
        {Value(store.tenant), Value(kind), Value(subject), Value(failures), Value(left.since),
         Value(now + wait)});
    return wait;
  }
  make_room(store, kind, now, rule, most);
  store.sql().execute(
      "INSERT INTO access_throttle (tenant, kind, subject, failures, since, blocked_until) "
      "VALUES ($1, $2, $3, $4, $5, $6)",
      {Value(store.tenant), Value(kind), Value(subject), Value(failures), Value(left.since),
       Value(now + wait)});
  return wait;
}

using Groups = std::array<std::string, 8>;

/// The eight groups of an IPv6 address in small letters, `::` filled up; nothing for another text.
std::optional<Groups> ipv6_groups(std::string_view address) {
  std::vector<std::string> head;
  std::vector<std::string> tail;
  const std::size_t gap = address.find("::");
  const auto parts = [](std::string_view text) {
    return text.empty() ? std::vector<std::string>() : split(text, ':');
  };
  head = parts(address.substr(0, gap));
  if (gap != std::string_view::npos) tail = parts(address.substr(gap + 2));
  const std::size_t given = head.size() + tail.size();
  Groups groups;
  if (gap == std::string_view::npos ? given != groups.size() : given >= groups.size()) {
    return std::nullopt;
  }
  groups.fill("0");
  std::ranges::copy(head, groups.begin());
  std::ranges::copy(tail, groups.end() - static_cast<std::ptrdiff_t>(tail.size()));
  for (std::string& group : groups) {
    constexpr std::size_t kMostDigits = 4;
    const bool is_hex = group.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (group.empty() || group.size() > kMostDigits || !is_hex) return std::nullopt;
    const std::size_t zeros = std::min(group.find_first_not_of('0'), group.size());
    group = zeros == group.size() ? "0" : group.substr(zeros);
  }
  return groups;
}

}  // namespace

Throttled::Throttled(const std::string& message, std::int64_t wait)
    : Error(ErrorCode::kThrottled, message,
            {.place = {},
             .remedy = "try again in " + std::to_string((wait + kSecond - 1) / kSecond) + " s"}),
      wait_(wait) {}

std::string network_of(std::string_view address) {
  address = address.substr(0, address.find('%'));  // The zone is a name of the server's own.
  std::string lower = to_lower_ascii(address);
  constexpr std::string_view kMapped = "::ffff:";
  if (lower.starts_with(kMapped) && lower.find(':', kMapped.size()) == std::string::npos &&
      lower.find('.') != std::string::npos) {
    return lower.substr(kMapped.size());
  }
  if (lower.find(':') == std::string::npos) return lower;
  const auto groups = ipv6_groups(lower);
  if (!groups) return lower;
  return (*groups)[0] + ":" + (*groups)[1] + ":" + (*groups)[2] + ":" + (*groups)[3] + "::";
}

Attempt begin_attempt_within(const Store& store, std::string_view login, std::string_view address,
                             const ThrottleRules& rules) {
  const std::int64_t now = store.now().microseconds;
  const std::string account = account_subject(login);
  const std::string network = network_subject(address);
  const Counted by_account = find(store, kAccount, account);
  const Counted by_network = find(store, kNetwork, network);
  const std::int64_t until = std::max(by_account.blocked_until, by_network.blocked_until);
  if (until > now) return {.wait = until - now, .next_wait = until - now};
  const std::int64_t of_account =
      count(store, kAccount, account, by_account, now, rules.account, rules.most);
  const std::int64_t of_network =
      count(store, kNetwork, network, by_network, now, rules.network, rules.most);
  return {.wait = 0, .next_wait = std::max(of_account, of_network)};
}

void clear_attempt_within(const Store& store, std::string_view login, std::string_view address) {
  store.sql().execute(
      "DELETE FROM access_throttle WHERE tenant = $1 AND kind = $2 AND subject = $3",
      {Value(store.tenant), Value(kAccount), Value(account_subject(login))});
  if (address.empty()) return;
  store.sql().execute(
      "UPDATE access_throttle SET failures = failures - 1, blocked_until = 0 WHERE tenant = $1 AND "
      "kind = $2 AND subject = $3 AND failures > 0",
      {Value(store.tenant), Value(kNetwork), Value(network_subject(address))});
}

}  // namespace doppel::access
