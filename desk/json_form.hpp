#pragma once

#include <vector>

#include "base/json.hpp"
#include "desk/resource.hpp"

/// Records and requests as JSON: booleans are true and false, JSON fields are documents, custom
/// fields stand in one object `custom`, bytes are hexadecimal text.
namespace doppel::desk {

json::object json_of(const Collection& collection, const Record& record);

/// The values of a request's body. What can't be a value at all is a problem; whether a value fits
/// its field is asked by the write.
Values values_of_json(const Collection& collection, const json::object& body,
                      std::vector<FieldProblem>& problems);

}  // namespace doppel::desk
