#include "http/router.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "http/problem.hpp"

namespace doppel::http {
namespace {

[[noreturn]] void refuse(const Route& route, std::string_view why) {
  throw Error(ErrorCode::kInternal, "the route " + std::string(name_of(route.method)) + " " +
                                        route.pattern + " " + std::string(why));
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::vector<std::string> segments_of(const std::string& pattern) {
  if (pattern == "/") return {};
  return split(std::string_view(pattern).substr(1), '/');
}

std::string allowed(const std::map<Method, std::size_t>& methods) {
  std::vector<std::string> names;
  for (const auto& [method, index] : methods) names.emplace_back(name_of(method));
  if (methods.contains(Method::kGet) && !methods.contains(Method::kHead))
    names.emplace_back("HEAD");
  if (!methods.contains(Method::kOptions)) names.emplace_back("OPTIONS");
  return join(names, ", ");
}

}  // namespace

/// A place in the tree of segments.
struct Router::Node {
  std::map<std::string, Node, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::map<Method, std::size_t> methods;  ///< -> index of the route
};

struct Router::Found {
  const Node* node = nullptr;
  std::vector<std::string> values;  ///< of the parameters on the way

  /// The first way through the tree that ends at routes.
  bool walk(const Node& from, const std::vector<std::string>& segments, std::size_t at) {
    if (at == segments.size()) {
      node = from.methods.empty() ? nullptr : &from;
      return node != nullptr;
    }
    const auto literal = from.literals.find(segments[at]);
    if (literal != from.literals.end() && walk(literal->second, segments, at + 1)) return true;
    if (from.parameter == nullptr || segments[at].empty()) return false;
    values.push_back(segments[at]);
    if (walk(*from.parameter, segments, at + 1)) return true;
    values.pop_back();
    return false;
  }
};

const std::string& Context::parameter(std::string_view name) const {
  const auto found = std::ranges::find(parameters, name, &Parameter::name);
  if (found != parameters.end()) return found->value;
  throw Error(ErrorCode::kInternal, "the route has no parameter " + std::string(name));
}

Router::Router(std::vector<Route> routes, Guard guard)
    : routes_(std::move(routes)), guard_(std::move(guard)), root_(std::make_unique<Node>()) {
  std::set<std::string> operations;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const Route& route = routes_[i];
    if (!route.pattern.starts_with('/')) refuse(route, "doesn't begin with '/'");
    if (!route.handler) refuse(route, "has no handler");
    if (route.operation.empty() || route.summary.empty()) refuse(route, "isn't described");
    if (!operations.insert(route.operation).second) {
      refuse(route, "has the operation of another: " + route.operation);
    }
    add(i);
  }
}

Router::~Router() = default;
Router::Router(Router&&) noexcept = default;

void Router::add(std::size_t index) {
  const Route& route = routes_[index];
  std::set<std::string> names;
  Node* node = root_.get();
  for (const std::string& segment : segments_of(route.pattern)) {
    if (segment.empty()) refuse(route, "has a segment without letters");
    if (!is_parameter(segment)) {
      node = &node->literals[segment];
      continue;
    }
    if (!names.insert(segment).second) refuse(route, "has two parameters of one name");
    if (node->parameter == nullptr) node->parameter = std::make_unique<Node>();
    node = node->parameter.get();
  }
  if (!node->methods.emplace(route.method, index).second) refuse(route, "is there twice");
}

Router::Found Router::find(const Target& target) const {
  Found found;
  found.walk(*root_, target.segments, 0);
  return found;
}

const Route* Router::route_for(const Found& found, Method method) const {
  const auto& methods = found.node->methods;
  auto route = methods.find(method);
  if (route == methods.end() && method == Method::kHead) route = methods.find(Method::kGet);
  return route == methods.end() ? nullptr : &routes_[route->second];
}

Response Router::dispatch(const Request& request) const {
  if (request.target.path == "*") return empty_response();
  Found found = find(request.target);
  if (found.node == nullptr) {
    throw Error(ErrorCode::kNotFound, "there is nothing at " + request.target.path,
                {.place = {}, .remedy = "see the documentation of the API for what there is"});
  }
  const Route* route = route_for(found, request.method);
  if (route == nullptr) {
    Response response = empty_response();
    if (request.method != Method::kOptions) {
      const Problem problem{
          .code = ErrorCode::kMethodNotAllowed,
          .detail = request.target.path + " doesn't take " + std::string(name_of(request.method))};
      response = problem_response(problem, request.request_id);
    }
    response.headers.set("Allow", allowed(found.node->methods));
    return response;
  }
  Context context{.route = route, .parameters = {}, .caller = {}};
  auto value = found.values.begin();
  for (const std::string& segment : segments_of(route->pattern)) {
    if (!is_parameter(segment)) continue;
    context.parameters.push_back({segment.substr(1, segment.size() - 2), std::move(*value++)});
  }
  if (guard_) {
    if (auto instead = guard_(context, request)) return std::move(*instead);
  }
  return route->handler(context, request);
}

Response Router::answer(const Request& request) const {
  try {
    return dispatch(request);
  } catch (const Error& error) {
    if (is_internal(error.code())) throw;
    return problem_response(error, request.request_id);
  }
}

std::optional<std::size_t> Router::body_bytes(const Request& request) const {
  const Found found = find(request.target);
  if (found.node == nullptr) return std::nullopt;
  const Route* route = route_for(found, request.method);
  return route == nullptr ? std::nullopt : route->body_bytes;
}

}  // namespace doppel::http
