#include "access/sandbox_cookie.hpp"

#include <algorithm>

#include "access/secret.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::access {
namespace {

using database::TransactionKind;

constexpr const char* kVersion = "1";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kIdBytes = 8;

std::string purpose_of(const Store& store) { return "sandbox cookie " + store.tenant; }

SigningKeys read_keys(const Store& store, std::int64_t now) {
  SigningKeys keys;
  for (const Row& row : store.sql().query(
           "SELECT id, secret, ends_at FROM access_key WHERE purpose = $1 AND (ends_at = 0 OR "
           "ends_at > $2) ORDER BY created_at DESC, id DESC",
           {Value(purpose_of(store)), Value(now)})) {
    const auto secret = from_hex(row[1].text());
    if (!secret || secret->size() != kKeyBytes) continue;
    keys.push_back({row[0].text(), *secret, row[2].integer()});
  }
  // The one without an end signs; a clock that went back doesn't change that.
  std::ranges::stable_partition(keys, [](const SigningKey& key) { return key.ends_at == 0; });
  return keys;
}

void add_key(const Store& store, std::int64_t now) {
  store.sql().execute(
      "INSERT INTO access_key (id, purpose, secret, created_at, ends_at) VALUES ($1, $2, $3, $4, "
      "0)",
      {Value(to_hex(random_bytes(store.random, kIdBytes))), Value(purpose_of(store)),
       Value(to_hex(random_bytes(store.random, kKeyBytes))), Value(now)});
}

std::string signature(const SigningKey& key, std::string_view tenant, std::string_view environment,
                      std::string_view session_handle) {
  return mac(key.secret, {"sandbox cookie 1", tenant, key.id, environment, session_handle});
}

}  // namespace

SigningKeys signing_keys(const Store& store) {
  SigningKeys keys = read_keys(store, store.now().microseconds);
  if (!keys.empty() && keys.front().ends_at == 0) return keys;
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  const std::int64_t now = store.now().microseconds;
  keys = read_keys(store, now);
  if (keys.empty() || keys.front().ends_at != 0) {
    add_key(store, now);
    keys = read_keys(store, now);
  }
  transaction->commit();
  return keys;
}

SigningKeys rotate_signing_keys(const Store& store, const Actor& actor, std::int64_t grace) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  const std::int64_t now = store.now().microseconds;
  store.sql().execute(
      "DELETE FROM access_key WHERE purpose = $1 AND ends_at <> 0 AND ends_at <= $2",
      {Value(purpose_of(store)), Value(now)});
  store.sql().execute("UPDATE access_key SET ends_at = $2 WHERE purpose = $1 AND ends_at = 0",
                      {Value(purpose_of(store)), Value(now + grace)});
  add_key(store, now);
  append_audit_within(store, entry_of(actor, "rotate_keys", "signing_keys", ""));
  SigningKeys keys = read_keys(store, now);
  transaction->commit();
  return keys;
}

std::string make_sandbox_cookie(const SigningKeys& keys, const std::string& tenant,
                                const std::string& environment, const std::string& session_handle) {
  const SigningKey& key = keys.at(0);
  return join({kVersion, key.id, environment, session_handle,
               signature(key, tenant, environment, session_handle)},
              ".");
}

SandboxCookie read_sandbox_cookie(const SigningKeys& keys, const std::string& tenant,
                                  std::string_view cookie, const std::string& session_handle,
                                  std::int64_t now) {
  constexpr std::size_t kLongest = 512;
  constexpr std::size_t kParts = 5;
  if (cookie.size() > kLongest) return {};
  const std::vector<std::string> parts = split(cookie, '.');
  if (parts.size() != kParts || parts[0] != kVersion) return {};
  const auto key = std::ranges::find(keys, parts[1], &SigningKey::id);
  if (key == keys.end() || (key->ends_at != 0 && key->ends_at <= now)) {
    return {.answer = CookieAnswer::kUnknownKey};
  }
  if (!same_secret(parts[4], signature(*key, tenant, parts[2], parts[3]))) return {};
  if (parts[3] != session_handle) return {.answer = CookieAnswer::kForeign};
  return {.answer = CookieAnswer::kGood, .environment = parts[2]};
}

}  // namespace doppel::access
