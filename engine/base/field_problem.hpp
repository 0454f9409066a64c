#pragma once

#include <string>

namespace doppel {

/// What is wrong with one field that somebody filled in. Lists of them are values.
struct FieldProblem {
  std::string field;  ///< "lines[2].price", "status"; empty: the request as a whole
  std::string message;
  std::string remedy = {};
  friend bool operator==(const FieldProblem&, const FieldProblem&) = default;
};

}  // namespace doppel
