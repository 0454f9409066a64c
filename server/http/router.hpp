#pragma once

#include <any>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "http/message.hpp"

namespace doppel::http {

struct Route;

/// What a handler gets beside the request.
struct Context {
  struct Parameter {
    std::string name;
    std::string value;
  };

  const Route* route = nullptr;
  std::vector<Parameter> parameters;  ///< of the path, in its order
  std::any caller;                    ///< what the guard found out: who asks, of what environment

  /// A parameter of the path. REQUIRES: the route's pattern has it.
  const std::string& parameter(std::string_view name) const;
};

/// Answers a request, on any worker thread. May throw Error, which becomes a problem; anything else
/// that is thrown is a defect and becomes 500 without its text.
using Handler = std::function<Response(const Context&, const Request&)>;

/// Looks at every request that has a route, before its handler: who asks, and may he. An answer
/// instead of nothing is given in the handler's place.
using Guard = std::function<std::optional<Response>(Context&, const Request&)>;

/// A parameter for the documentation.
struct ParameterDescription {
  enum class In { kPath, kQuery, kHeader, kCookie };
  enum class Need { kOptional, kRequired };
  std::string name;
  In in = In::kQuery;
  std::string description;
  json::value schema = json::object{{"type", "string"}};
  Need need = Need::kOptional;
};

struct BodyDescription {
  std::string media_type = "application/json";
  json::value schema = json::object{};
  std::string description = {};
};

struct AnswerDescription {
  int status = 200;
  std::string description;
  std::string media_type = "application/json";
  json::value schema = nullptr;  ///< null: an answer without a body
};

/// A route is data: the router, the documentation and the test of who may do what are made of the
/// same list, so nothing can be answered that isn't listed.
struct Route {
  Method method = Method::kGet;
  std::string pattern;     ///< "/api/v1/cases/{id}"
  std::string operation;   ///< unique, "read_case"
  std::string summary;     ///< one line
  std::string right = {};  ///< needed for it; "": everybody who is signed in; "public": everybody
  std::string tag = {};    ///< the chapter of the documentation
  std::string description = {};
  std::vector<ParameterDescription> parameters = {};
  std::optional<BodyDescription> body = std::nullopt;
  std::vector<AnswerDescription> answers = {};
  std::optional<std::size_t> body_bytes = std::nullopt;  ///< another limit than the server's
  Handler handler = {};
};

inline constexpr std::string_view kPublic = "public";

/// Matches paths with routes, segment by segment; a literal segment wins over a parameter. Threads:
/// any, once it is made.
class Router {
 public:
  /// Throws Error(kInternal) for a list that contradicts itself: an operation or a pattern twice, a
  /// pattern that doesn't begin with '/', parameters of one name, a route without handler or
  /// summary.
  explicit Router(std::vector<Route> routes, Guard guard = {});
  ~Router();
  Router(Router&&) noexcept;

  const std::vector<Route>& routes() const { return routes_; }

  /// The answer to a request: the handler's, or the guard's. HEAD is answered by GET's route,
  /// OPTIONS with the methods that there are, another method with 405. Throws Error(kNotFound)
  /// without a route, and what guard and handler throw.
  Response dispatch(const Request& request) const;

  /// dispatch, with refusals as problems. What went wrong inside passes, so that it can be logged.
  Response answer(const Request& request) const;

  /// How large the body of this request may be, where its route says so. For the server, which asks
  /// when it has read the head.
  std::optional<std::size_t> body_bytes(const Request& request) const;

 private:
  struct Node;
  struct Found;

  void add(std::size_t index);
  Found find(const Target& target) const;
  const Route* route_for(const Found& found, Method method) const;

  std::vector<Route> routes_;
  Guard guard_;
  std::unique_ptr<Node> root_;
};

}  // namespace doppel::http
