#pragma once

#include <functional>
#include <memory>
#include <string>

#include "access/session.hpp"
#include "access/sign_in.hpp"
#include "api/event_board.hpp"
#include "api/workplace.hpp"
#include "desk/collection.hpp"
#include "http/cookie.hpp"
#include "http/router.hpp"

/// The HTTP face of doppel for one organisation: routes over the engine, access and the
/// application.
namespace doppel::api {

struct SiteSettings {
  std::string tenant;
  /// As many requests are worked on at once.
  std::size_t workers = 4;
  access::SignInRules sign_in = {};
  access::PasswordCost password_cost = {};
  /// kNo only where the server is reached without TLS: a browser then sends the cookies in clear.
  http::Secure cookies = http::Secure::kYes;
  /// What the server counted, in Prometheus' text form, for /metrics.
  std::function<std::string()> metrics = {};
};

/// What all handlers share. Threads: any, once it is made.
class Site {
 public:
  Site(SiteSettings settings, Surroundings surroundings);

  const SiteSettings& settings() const { return settings_; }
  const Surroundings& surroundings() const { return surroundings_; }
  const desk::Collections& collections() const { return collections_; }
  Workplaces& workplaces() { return workplaces_; }
  EventBoard& events() { return events_; }

  /// Takes a request to an answer; what it throws is for the server to answer and to log.
  http::Response answer(const http::Request& request) const { return router_.answer(request); }
  const http::Router& router() const { return router_; }

 private:
  SiteSettings settings_;
  Surroundings surroundings_;
  desk::Collections collections_ = desk::read_collections();
  Workplaces workplaces_;
  EventBoard events_{*this};
  http::Router router_;
  std::shared_ptr<void> polling_;  ///< ends before what it looks at
};

/// Every route of the site; the list that documentation and the test of rights are made of.
std::vector<http::Route> routes_of(Site& site);

// Parts of it, one file each.
std::vector<http::Route> operation_routes(Site& site);    ///< health, metrics, documentation
std::vector<http::Route> session_routes(Site& site);      ///< signing in and out, links
std::vector<http::Route> account_routes(Site& site);      ///< one's own sessions and password
std::vector<http::Route> token_routes(Site& site);        ///< API tokens
std::vector<http::Route> people_routes(Site& site);       ///< inviting and disabling
std::vector<http::Route> member_routes(Site& site);       ///< who is let into a sandbox
std::vector<http::Route> sandbox_routes(Site& site);      ///< the configuration sandbox [D4]
std::vector<http::Route> environment_routes(Site& site);  ///< everything the engine can do
std::vector<http::Route> promotion_routes(Site& site);    ///< from sandboxes to live and back
std::vector<http::Route> bundle_routes(Site& site);       ///< sandboxes that ended
std::vector<http::Route> record_routes(Site& site);       ///< the desk's collections
std::vector<http::Route> action_routes(Site& site);       ///< what config does with a record
std::vector<http::Route> attachment_routes(Site& site);   ///< files of messages
std::vector<http::Route> bulk_routes(Site& site);         ///< many records at once
std::vector<http::Route> feed_routes(Site& site);         ///< files that become records
std::vector<http::Route> export_routes(Site& site);       ///< records that become files
std::vector<http::Route> event_routes(Site& site);        ///< what happens, as it happens

}  // namespace doppel::api
