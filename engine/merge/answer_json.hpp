#pragma once

#include <vector>

#include "base/json.hpp"
#include "merge/merge.hpp"

/// The stored form of conflicts and answers: what the command line shows and takes and the control
/// store keeps. Documented in docs/formats/answers.md.
namespace doppel::merge {

json::value to_json(const Answer& answer);
json::value to_json(const std::vector<Answer>& answers);
/// Throws Error(kInvalidInput) placed in `source`.
Answer answer_from_json(const json::value& stored, std::string_view source);
std::vector<Answer> answers_from_json(const json::value& stored, std::string_view source);

json::value to_json(const Conflict& conflict);
/// Throws Error(kInvalidInput) placed in `source`. The shape holds what the conflict mentions: the
/// whole table's columns and key stand in the stored form.
Conflict conflict_from_json(const json::value& stored, std::string_view source);

}  // namespace doppel::merge
