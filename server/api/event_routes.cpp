#include "api/caller.hpp"
#include "api/event_board.hpp"
#include "api/schemas.hpp"
#include "api/site.hpp"

namespace doppel::api {

std::vector<http::Route> event_routes(Site& site) {
  std::vector<http::Route> routes;
  routes.push_back(
      {.method = http::Method::kGet,
       .pattern = "/api/v1/events",
       .operation = "watch_events",
       .summary = "Changes of records and promotions as they happen, in this environment",
       .right = std::string(to_text(access::Right::kEnter)),
       .tag = "Events",
       .description =
           "Event types: `record` with collection, id and verb, `promotion` with its number, "
           "`reset` where events were missed, `ended` where the caller isn't where he was.",
       .parameters = {{.name = "Last-Event-ID",
                       .in = http::ParameterDescription::In::kHeader,
                       .description = "the id of the last event that was seen: what came since is "
                                      "sent first, for a day"}},
       .answers = {{.status = 200,
                    .description = "an event stream",
                    .media_type = "text/event-stream",
                    .schema = type_schema("string")}},
       .handler = [&site](const http::Context& context, const http::Request& request) {
         return site.events().watch(call_of(context), request);
       }});
  return routes;
}

}  // namespace doppel::api
