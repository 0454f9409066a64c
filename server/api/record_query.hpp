#pragma once

#include <vector>

#include "desk/resource.hpp"
#include "http/target.hpp"

/// What a query asks of a collection.
namespace doppel::api {

/// `name=value` or `name[operator]=value`, with commas between several values of `in`.
void add_filter(const desk::Collection& collection, const http::Query::Parameter& parameter,
                std::vector<desk::Filter>& filters, std::vector<desk::FieldProblem>& problems);

}  // namespace doppel::api
