#include "api/site.hpp"

#include "api/caller.hpp"
#include "api/judge.hpp"
#include "api/once.hpp"

namespace doppel::api {

Site::Site(SiteSettings settings, Surroundings surroundings)
    : settings_(std::move(settings)),
      surroundings_(std::move(surroundings)),
      workplaces_(
          [this] {
            return std::make_unique<Workplace>(surroundings_, settings_.tenant,
                                               settings_.password_cost);
          },
          settings_.workers, surroundings_.clock),
      router_(routes_of(*this), guard_of(*this)) {
  constexpr std::int64_t kPollEvery = 500'000;  // Microseconds.
  if (surroundings_.repeat) {
    polling_ = surroundings_.repeat(kPollEvery, [this] { events_.poll(); });
  }
}

std::vector<http::Route> routes_of(Site& site) {
  std::vector<http::Route> all;
  const auto add = [&all](std::vector<http::Route> routes) {
    for (http::Route& route : routes) {
      route.handler = audited(std::move(route.handler));
      all.push_back(std::move(route));
    }
  };
  for (auto* part :
       {operation_routes, session_routes, account_routes, token_routes, people_routes,
        member_routes, sandbox_routes, environment_routes, promotion_routes, bundle_routes}) {
    add(part(site));
  }
  for (auto* part : {record_routes, action_routes, attachment_routes, bulk_routes, feed_routes,
                     export_routes, event_routes}) {
    add(done_once(part(site)));
  }
  return all;
}

}  // namespace doppel::api
