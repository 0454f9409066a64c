#pragma once

#include <cstdint>
#include <string>

#include "access/directory.hpp"
#include "access/session.hpp"
#include "access/throttle.hpp"
#include "access/token.hpp"
#include "api/workplace.hpp"
#include "base/json.hpp"
#include "http/router.hpp"

/// Shapes of answers about people, and what their routes share.
namespace doppel::api {

json::object account_json(const access::Account& account);
/// null for 0, which stands for never.
json::value instant_json(std::int64_t microseconds);
/// Without what opens anything. `current`: the handle of the session that asks.
json::object session_json(const access::Session& session, const std::string& current);
/// `environment`: its name; empty: it has ended.
json::object token_json(const access::ApiToken& token, const std::string& environment);

/// live for live, the sandbox's name for its id; empty for one that has ended.
std::string environment_name(Workplace& place, const std::string& id);

/// Throws http::ProblemError with all of them.
[[noreturn]] void refuse_fields(std::string detail,
                                const std::vector<doppel::FieldProblem>& problems);

/// Says when to come again.
http::Response throttled_response(const access::Throttled& error, const std::string& request_id);

/// A schema written as JSON.
http::BodyDescription body_of(std::string_view schema);

}  // namespace doppel::api
