#include "access/token.hpp"

#include "access/secret.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

namespace doppel::access {
namespace {

using database::TransactionKind;

constexpr const char* kColumns =
    "id, user_id, environment, name, prefix, rights, created_at, created_by, ends_at, used_at, "
    "revoked_at";
constexpr std::size_t kPrefixBytes = 8;  ///< of chance, of which four are shown
constexpr std::size_t kShownBytes = 4;
constexpr std::size_t kLongestName = 100;

ApiToken token_from(const Row& row) {
  return {.id = row[0].text(),
          .user = row[1].text(),
          .environment = row[2].text(),
          .name = row[3].text(),
          .prefix = row[4].text(),
          .rights = parse_rights(row[5].text()),
          .created_at = row[6].integer(),
          .created_by = row[7].text(),
          .ends_at = row[8].integer(),
          .used_at = row[9].integer(),
          .revoked_at = row[10].integer()};
}

void check(const TokenRequest& request) {
  const auto refuse = [](const char* field, const std::string& message, const char* remedy) {
    throw Error(ErrorCode::kInvalidInput, message, {.place = field, .remedy = remedy});
  };
  if (request.name.empty() || request.name.size() > kLongestName ||
      printable(request.name, 0) != request.name) {
    refuse("name", "a token needs a name", "say in 1 to 100 letters what it is for");
  }
  if (request.environment.empty())
    refuse("environment", "a token is for one environment", "name it");
  if (request.rights.none())
    refuse("rights", "a token without rights is good for nothing", "name some");
  if (request.lasts <= 0 || request.lasts > kLongestToken) {
    refuse("lasts", "a token can't last so long", "take up to 366 days");
  }
}

void keep(const Store& store, const ApiToken& token, const std::string& text) {
  store.sql().execute(
      std::string("INSERT INTO access_token (hash, tenant, ") + kColumns +
          ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      {Value(hash_secret(text)), Value(store.tenant), Value(token.id), Value(token.user),
       Value(token.environment), Value(token.name), Value(token.prefix),
       Value(to_text(token.rights)), Value(token.created_at), Value(token.created_by),
       Value(token.ends_at), Value(token.used_at), Value(token.revoked_at)});
}

void require_room(const Store& store, const std::string& user, std::int64_t now) {
  const auto rows = store.sql().query(
      "SELECT count(*) FROM access_token WHERE tenant = $1 AND user_id = $2 AND revoked_at = 0 AND "
      "ends_at > $3",
      {Value(store.tenant), Value(user), Value(now)});
  if (rows[0][0].integer() < static_cast<std::int64_t>(kMostTokensOfUser)) return;
  throw Error(ErrorCode::kConstraint, "nobody has more than 100 tokens",
              {.place = "token", .remedy = "revoke those that nobody uses"});
}

void note_use(const Store& store, ApiToken& token, std::int64_t now) {
  if (now - token.used_at < kMinute) return;
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  store.sql().execute("UPDATE access_token SET used_at = $2 WHERE id = $1 AND used_at < $2",
                      {Value(token.id), Value(now)});
  transaction->commit();
  token.used_at = now;
}

}  // namespace

NewToken make_token(const Store& store, const Actor& actor, const TokenRequest& request) {
  check(request);
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  const std::int64_t now = store.now().microseconds;
  require_room(store, request.user, now);
  NewToken made;
  made.token = {.id = make_uuid7(store.clock, store.random),
                .user = request.user,
                .environment = request.environment,
                .name = request.name,
                .prefix = std::string(kTokenWord) +
                          to_hex(random_bytes(store.random, kPrefixBytes).substr(0, kShownBytes)),
                .rights = request.rights,
                .created_at = now,
                .created_by = actor.who,
                .ends_at = now + request.lasts};
  made.text = made.token.prefix + "_" + make_secret(store.random);
  keep(store, made.token, made.text);
  AuditEntry entry = entry_of(actor, "make_token", "token", made.token.prefix);
  entry.environment = request.environment;
  entry.reason = "for user " + request.user + ": " + to_text(request.rights);
  append_audit_within(store, entry);
  transaction->commit();
  return made;
}

TokenUse use_token(const Store& store, std::string_view text, const std::string& environment,
                   const Actor& actor) {
  const auto rows = store.sql().query(
      std::string("SELECT ") + kColumns + " FROM access_token WHERE hash = $1 AND tenant = $2",
      {Value(hash_secret(text)), Value(store.tenant)});
  if (rows.empty()) return {};
  TokenUse use{TokenAnswer::kGood, token_from(rows[0])};
  ApiToken& token = *use.token;
  const std::int64_t now = store.now().microseconds;
  if (token.revoked_at != 0 || token.ends_at <= now) return {};
  if (!environment.empty() && environment != token.environment) {
    use.answer = TokenAnswer::kOtherEnvironment;
    AuditEntry entry = entry_of(actor, "use_token", "token", token.prefix);
    entry.environment = environment;
    entry.outcome = Outcome::kRefused;
    entry.reason = "it is for environment " + token.environment;
    append_audit(store, entry);
    return use;
  }
  note_use(store, token, now);
  return use;
}

std::vector<ApiToken> list_tokens(const Store& store, const std::string& user) {
  std::string sql = std::string("SELECT ") + kColumns + " FROM access_token WHERE tenant = $1";
  std::vector<Value> values{Value(store.tenant)};
  if (!user.empty()) {
    sql += " AND user_id = $2";
    values.emplace_back(user);
  }
  std::vector<ApiToken> tokens;
  for (const Row& row : store.sql().query(sql + " ORDER BY created_at DESC, id DESC", values)) {
    tokens.push_back(token_from(row));
  }
  return tokens;
}

bool revoke_token(const Store& store, const Actor& actor, const std::string& id) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  const auto rows =
      store.sql().query(std::string("SELECT ") + kColumns +
                            " FROM access_token WHERE tenant = $1 AND id = $2 AND revoked_at = 0",
                        {Value(store.tenant), Value(id)});
  if (rows.empty()) return false;
  store.sql().execute("UPDATE access_token SET revoked_at = $2 WHERE id = $1",
                      {Value(id), Value(store.now().microseconds)});
  AuditEntry entry = entry_of(actor, "revoke_token", "token", token_from(rows[0]).prefix);
  entry.environment = token_from(rows[0]).environment;
  append_audit_within(store, entry);
  transaction->commit();
  return true;
}

std::size_t revoke_tokens_of_environment(const Store& store, const Actor& actor,
                                         const std::string& environment) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  const auto revoked = store.sql().execute(
      "UPDATE access_token SET revoked_at = $3 WHERE tenant = $1 AND environment = $2 AND "
      "revoked_at = 0",
      {Value(store.tenant), Value(environment), Value(store.now().microseconds)});
  if (revoked == 0) return 0;
  AuditEntry entry = entry_of(actor, "revoke_tokens", "environment", environment);
  entry.environment = environment;
  entry.reason = counted(revoked, "token");
  append_audit_within(store, entry);
  transaction->commit();
  return static_cast<std::size_t>(revoked);
}

}  // namespace doppel::access
