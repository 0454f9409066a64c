#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "access/link.hpp"
#include "access/rights.hpp"
#include "api/caller.hpp"
#include "api/site.hpp"
#include "desk/directory.hpp"
#include "http/cookie.hpp"
#include "tests/support/desk_stand.hpp"

namespace doppel::testing {

/// The desk's site without sockets.
class SiteStand {
 public:
  explicit SiteStand(desk::Dialect dialect) : desk_(dialect) {
    desk_.doppel();
    site_ = another_site();
  }

  /// The same site as another process would serve it. The stand has to outlive it.
  std::unique_ptr<api::Site> another_site() {
    Settings settings = desk_.settings();
    // Thousands of refusals are told to the audit; no test here takes the machine's power away.
    settings.open_store = [open = settings.open_store](const std::filesystem::path& path) {
      auto store = open(path);
      store->sql()->execute_script("PRAGMA synchronous = OFF");
      return store;
    };
    return std::make_unique<api::Site>(
        api::SiteSettings{.tenant = "acme",
                          .workers = 2,
                          .password_cost = {.memory_kib = 64, .passes = 1},
                          .cookies = http::Secure::kNo},
        api::Surroundings{
            .clock = desk_.clock,
            .random = desk_.random,
            .open_engine = [settings] { return std::make_unique<Doppel>(settings); },
            .open_store = [settings] { return settings.open_store(settings.home / "control.db"); },
            .open_directory =
                [this](database::Connection& live) {
                  return desk::open_directory(live, desk_.clock, desk_.random);
                }});
  }

  DeskStand& desk() { return desk_; }
  api::Site& site() { return *site_; }

  /// Adds an active account with the roles of these codes, and returns its id.
  std::string add_account(const std::string& login, const std::string& role) {
    const auto live = attach_any(desk_.dsn())->open(database::Access::kReadWrite);
    const std::string id = desk::seeded_id(99, login, DeskStand::kStart);
    const std::string now = desk::instant_text(desk_.clock.now());
    access::Passwords passwords({.memory_kib = 64, .passes = 1}, desk_.random);
    const auto transaction = live->begin(database::TransactionKind::kWrite);
    live->sql()->execute(
        "INSERT INTO users (id, login, name, email, password_hash, state, created_at, updated_at) "
        "VALUES ($1, $2, $2, '', $3, 'active', $4, $4)",
        {id, login, passwords.hash(kPassword), now});
    live->sql()->execute(
        "INSERT INTO user_roles (id, user_id, role_id, created_at, updated_at) "
        "SELECT $1, $2, id, $3, $3 FROM roles WHERE code = $4",
        {desk::seeded_id(98, login, DeskStand::kStart), id, now, role});
    transaction->commit();
    return id;
  }

  static constexpr const char* kPassword = "a horse on a quiet lake";

 private:
  DeskStand desk_;
  std::unique_ptr<api::Site> site_;
};

struct Answer {
  int status = 0;
  json::value body;
  http::Headers headers;
  std::string text;
};

/// A browser: keeps cookies, and sends its session's token with every write.
class Browser {
 public:
  using Ask = std::function<http::Response(const http::Request&)>;

  explicit Browser(api::Site& site)
      : ask_([&site](const http::Request& request) {
          try {
            return site.answer(request);
          } catch (const Error& failure) {  // The server logs it and answers so.
            return http::problem_response(failure, request.request_id);
          }
        }) {}

  /// Asks somebody else from now on, with the same cookies.
  void turn_to(Ask ask) { ask_ = std::move(ask); }

  Answer send(http::Method method, const std::string& target, const json::value& body = {},
              const std::map<std::string, std::string>& headers = {}) {
    return send_text(method, target, body.is_null() ? "" : write_json(body, JsonStyle::kCompact),
                     headers);
  }

  /// A body as it is, which needn't be JSON; empty: none.
  Answer send_text(http::Method method, const std::string& target, const std::string& body,
                   const std::map<std::string, std::string>& headers = {}) {
    http::Request request{.method = method,
                          .target = http::parse_target(target),
                          .peer = "192.0.2.1",
                          .request_id = "test"};
    if (!body.empty()) {
      request.body = body;
      request.headers.set("Content-Type", "application/json");
    }
    return send(std::move(request), headers);
  }

  /// A body that isn't JSON.
  Answer upload(const std::string& target, std::string body, const std::string& media_type,
                const std::map<std::string, std::string>& headers = {}) {
    http::Request request{.method = http::Method::kPost,
                          .target = http::parse_target(target),
                          .body = std::move(body),
                          .peer = "192.0.2.1",
                          .request_id = "test"};
    request.headers.set("Content-Type", media_type);
    return send(std::move(request), headers);
  }

  Answer send(http::Request request, const std::map<std::string, std::string>& headers) {
    const http::Response response = ask_(signed_in(std::move(request), headers));
    keep_cookies(response);
    const std::string text = text_of(response);
    return {response.status,
            is_json(response) && !text.empty() ? parse_json(text, "answer") : json::value(text),
            response.headers, text};
  }

  /// The request as this browser sends it.
  http::Request signed_in(http::Request request,
                          const std::map<std::string, std::string>& headers = {}) {
    if (!bearer.empty()) request.headers.set("Authorization", "Bearer " + bearer);
    std::string cookie;
    for (const auto& [name, value] : cookies_)
      cookie += (cookie.empty() ? "" : "; ") + name + "=" + value;
    if (!cookie.empty()) request.headers.set("Cookie", cookie);
    if (!csrf_token.empty()) request.headers.set(api::kCsrfHeader, csrf_token);
    for (const auto& [name, value] : headers) request.headers.set(name, value);
    return request;
  }

  Answer get(const std::string& target) { return send(http::Method::kGet, target); }
  Answer post(const std::string& target, const json::value& body = {}) {
    return send(http::Method::kPost, target, body);
  }

  Answer sign_in(const std::string& login, const std::string& password = SiteStand::kPassword) {
    Answer answer = post("/api/v1/session", {{"login", login}, {"password", password}});
    if (answer.status == 201) csrf_token = answer.body.at("csrf_token").as_string().c_str();
    return answer;
  }

  bool has_cookie(const std::string& name) const { return cookies_.contains(name); }
  void put_cookie(const std::string& name, const std::string& value) { cookies_[name] = value; }
  std::string cookie(const std::string& name) { return cookies_[name]; }

  void forget_cookies() { cookies_.clear(); }

  std::string csrf_token;
  std::string bearer;  ///< a token; empty: none

 private:
  /// Also of a stream, to its end.
  static std::string text_of(const http::Response& response) {
    const auto* stream = std::get_if<http::Stream>(&response.body);
    if (stream == nullptr) return std::string(response.text());
    std::string text;
    while (const auto piece = (*stream)()) text += *piece;
    return text;
  }

  static bool is_json(const http::Response& response) {
    return response.headers.get("Content-Type").find("json") != std::string_view::npos;
  }

  void keep_cookies(const http::Response& response) {
    for (const auto& [name, value] : response.headers.fields) {
      if (!http::same_name(name, "Set-Cookie")) continue;
      const std::string pair = value.substr(0, value.find(';'));
      const std::string key = pair.substr(0, pair.find('='));
      if (value.find("Max-Age=0") != std::string::npos) {
        cookies_.erase(key);
      } else {
        cookies_[key] = pair.substr(pair.find('=') + 1);
      }
    }
  }

  Ask ask_;
  std::map<std::string, std::string> cookies_;
};

}  // namespace doppel::testing
