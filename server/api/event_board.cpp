#include "api/event_board.hpp"

#include <algorithm>

#include "api/caller.hpp"
#include "api/site.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::api {
namespace {

constexpr std::size_t kMostAtOnce = 500;  ///< events of an audience in a poll
/// How long somebody is told before it is asked again whether he still may be.
constexpr std::int64_t kTrusted = 2'000'000;

std::string audience_of(const EventPosition& position) {
  return position.sandbox.empty() ? access::kLiveAudience : position.sandbox;
}

/// Whether an event of live is one of a sandbox, too: data and promotions are, live's config isn't.
bool is_of_everybody(const Site& site, const access::Event& event) {
  if (event.kind != "record") return true;
  const auto collection = site.collections().find(event.resource);
  return collection != site.collections().end() &&
         collection->second.role != manifest::Role::kConfig;
}

http::Event shown(const access::Event& event, const EventPosition& position) {
  json::object data;
  if (event.kind == "record") {
    data = {{"collection", event.resource}, {"id", event.key}, {"verb", event.verb}};
  } else {
    data = {{"number", parse_integer(event.key).value_or(0)}, {"verb", event.verb}};
  }
  data["at"] = to_text(Instant{event.at});
  return {
      .id = to_text(position), .type = event.kind, .data = write_json(data, JsonStyle::kCompact)};
}

http::Event notice(const char* type, const EventPosition& position, const char* why) {
  return {.id = to_text(position),
          .type = type,
          .data = write_json(json::object{{"why", why}}, JsonStyle::kCompact)};
}

}  // namespace

std::string to_text(const EventPosition& position) {
  std::string text = std::to_string(position.live);
  if (!position.sandbox.empty()) {
    text += "." + position.sandbox + "." + std::to_string(position.own);
  }
  return text;
}

std::optional<EventPosition> parse_position(std::string_view text) {
  const std::vector<std::string> parts = split(text, '.');
  if (parts.size() != 1 && parts.size() != 3) return std::nullopt;
  const auto live = parse_integer(parts[0]);
  const auto own = parts.size() == 3 ? parse_integer(parts[2]) : std::optional<std::int64_t>(0);
  if (!live || !own || *live < 0 || *own < 0) return std::nullopt;
  return EventPosition{.sandbox = parts.size() == 3 ? parts[1] : "", .live = *live, .own = *own};
}

struct EventBoard::Watcher {
  http::Request request;  ///< by which he is known again
  EventPosition position;
  std::shared_ptr<http::EventSink> sink = {};
  std::int64_t seen_at = 0;  ///< when he was asked who he is
  bool has_missed = false;   ///< something that isn't kept any more
};

http::Response EventBoard::watch(Call& call, const http::Request& request) {
  const access::Store store = call.workplace->store();
  const std::string sandbox = call.sandbox ? call.sandbox->id : "";
  const access::EventRange live = event_range(store, access::kLiveAudience);
  const access::EventRange own =
      sandbox.empty() ? access::EventRange{} : event_range(store, sandbox);
  auto watcher = std::make_shared<Watcher>();
  watcher->request = request;
  watcher->request.body.clear();
  watcher->position = {.sandbox = sandbox, .live = live.newest, .own = own.newest};
  watcher->seen_at = site_.surroundings().clock.now().microseconds;
  const auto last = parse_position(request.headers.get("Last-Event-ID"));
  if (last) {
    // Numbers that there haven't been are of another store, or made up.
    const bool is_known = last->sandbox == sandbox && last->live + 1 >= live.oldest &&
                          last->live <= live.newest && last->own + 1 >= own.oldest &&
                          last->own <= own.newest;
    if (is_known) {
      watcher->position = *last;
    } else {
      watcher->has_missed = true;
    }
  }
  return http::event_response([this, watcher](std::shared_ptr<http::EventSink> sink) {
    watcher->sink = std::move(sink);
    if (watcher->has_missed) {
      watcher->sink->send(notice("reset", watcher->position, "events were missed: read again"));
    }
    add(watcher);
    return watcher;
  });
}

void EventBoard::add(const std::shared_ptr<Watcher>& watcher) {
  const std::scoped_lock lock(mutex_);
  watchers_.push_back(watcher);
}

std::vector<std::shared_ptr<EventBoard::Watcher>> EventBoard::present() {
  const std::scoped_lock lock(mutex_);
  std::vector<std::shared_ptr<Watcher>> found;
  std::erase_if(watchers_, [&found](const std::weak_ptr<Watcher>& each) {
    auto watcher = each.lock();
    if (watcher == nullptr || watcher->sink == nullptr) return true;
    found.push_back(std::move(watcher));
    return false;
  });
  return found;
}

void EventBoard::poll() noexcept {
  try {
    tell_all();
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // Everybody is where he was, and hears of it later.
  }
}

void EventBoard::tell_all() {
  const auto watchers = present();
  if (watchers.empty()) return;
  std::map<std::string, std::int64_t> after;
  const auto want = [&after](const std::string& audience, std::int64_t from) {
    const auto [known, is_new] = after.emplace(audience, from);
    if (!is_new) known->second = std::min(known->second, from);
  };
  for (const auto& watcher : watchers) {
    want(access::kLiveAudience, watcher->position.live);
    if (!watcher->position.sandbox.empty()) want(watcher->position.sandbox, watcher->position.own);
  }
  std::map<std::string, std::vector<access::Event>> news;
  {
    // Given back before anybody is asked who he is, which takes one, too.
    auto place = site_.workplaces().take();
    for (const auto& [audience, from] : after) {
      auto events = list_events(place->store(), audience, from, kMostAtOnce);
      if (!events.empty()) news.emplace(audience, std::move(events));
    }
  }
  for (const auto& watcher : watchers) {
    try {
      tell(*watcher, news);
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
      // He hears of it next time, and the others now.
    }
  }
}

void EventBoard::tell(Watcher& watcher,
                      const std::map<std::string, std::vector<access::Event>>& news) {
  const bool in_sandbox = !watcher.position.sandbox.empty();
  const auto send = [&](const std::string& audience, std::int64_t& position) {
    const auto found = news.find(audience);
    if (found == news.end()) return;
    for (const access::Event& event : found->second) {
      if (event.number <= position) continue;
      if (watcher.sink == nullptr || !still_may(watcher)) return;
      position = event.number;
      const bool is_his =
          audience != access::kLiveAudience || !in_sandbox || is_of_everybody(site_, event);
      if (is_his && !watcher.sink->send(shown(event, watcher.position))) watcher.sink = nullptr;
    }
  };
  send(access::kLiveAudience, watcher.position.live);
  if (in_sandbox) send(audience_of(watcher.position), watcher.position.own);
}

/// Asks anew who he is: a session ends, rights are taken, a sandbox is discarded.
bool EventBoard::still_may(Watcher& watcher) {
  const std::int64_t now = site_.surroundings().clock.now().microseconds;
  if (now - watcher.seen_at < kTrusted) return true;
  try {
    const auto call = identify(site_, watcher.request);
    const std::string sandbox = call->sandbox ? call->sandbox->id : "";
    if (sandbox == watcher.position.sandbox && call->may(access::Right::kEnter, call->kind())) {
      watcher.seen_at = now;
      return true;
    }
  } catch (const Error& error) {
    // Only who certainly may not is sent away.
    constexpr int kFirstFailure = 500;
    if (error_info(error.code()).http_status >= kFirstFailure) throw;
  }
  watcher.sink->send(notice("ended", watcher.position, "connect again to see where you are"));
  watcher.sink->close();
  watcher.sink = nullptr;
  return false;
}

}  // namespace doppel::api
