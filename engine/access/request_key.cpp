#include "access/request_key.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace doppel::access {
namespace {

using database::TransactionKind;

constexpr const char* kOfRequest = " WHERE tenant = $1 AND user_id = $2 AND name = $3";

/// REQUIRES: an open write transaction.
void make_room(const Store& store, const std::string& user, std::int64_t now) {
  store.sql().execute("DELETE FROM access_request WHERE tenant = $1 AND created_at < $2",
                      {Value(store.tenant), Value(now - kRequestLasts)});
  const auto rows =
      store.sql().query("SELECT count(*) FROM access_request WHERE tenant = $1 AND user_id = $2",
                        {Value(store.tenant), Value(user)});
  if (rows[0][0].integer() < kMostRequestsOfUser) return;
  throw Error(ErrorCode::kThrottled, "nobody names more than 10000 requests in a day",
              {.place = "Idempotency-Key", .remedy = "send fewer with a key"});
}

}  // namespace

bool is_request_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongestRequestName &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

RequestUse take_request(const Store& store, const NamedRequest& request) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  const std::int64_t now = store.now().microseconds;
  make_room(store, request.user, now);
  const auto added = store.sql().execute(
      "INSERT INTO access_request (tenant, user_id, name, content, created_at) "
      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant, user_id, name) DO NOTHING",
      {Value(store.tenant), Value(request.user), Value(request.name), Value(request.content),
       Value(now)});
  if (added == 1) {
    transaction->commit();
    return {};
  }
  const auto rows =
      store.sql().query(std::string("SELECT content, answer FROM access_request") + kOfRequest,
                        {Value(store.tenant), Value(request.user), Value(request.name)});
  // Whoever had it just now has dropped it.
  if (rows.empty()) return {RequestUse::Kind::kInProgress};
  if (rows[0][0] != Value(request.content)) return {RequestUse::Kind::kOther};
  if (rows[0][1].is_null()) return {RequestUse::Kind::kInProgress};
  return {RequestUse::Kind::kDone, rows[0][1].text()};
}

void keep_answer(const Store& store, const NamedRequest& request, const std::string& answer) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  store.sql().execute(
      std::string("UPDATE access_request SET answer = $4") + kOfRequest,
      {Value(store.tenant), Value(request.user), Value(request.name), Value(answer)});
  transaction->commit();
}

void drop_request(const Store& store, const NamedRequest& request) {
  const auto transaction = store.connection.begin(TransactionKind::kWrite);
  store.sql().execute(std::string("DELETE FROM access_request") + kOfRequest,
                      {Value(store.tenant), Value(request.user), Value(request.name)});
  transaction->commit();
}

}  // namespace doppel::access
