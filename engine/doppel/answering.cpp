#include "doppel/answering.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel {
namespace {

/// A value as a person types it, with the type that the column holds now.
Value typed(const std::string& text, const Value& like) {
  if (text == "null") return {};
  if (like.kind() == ValueKind::kInteger || like.is_null()) {
    if (const auto integer = parse_integer(text)) return *integer;
  }
  if (like.kind() == ValueKind::kReal) {
    if (const auto real = parse_real(text)) return *real;
  }
  return text;
}

/// The values that go with an answer: of the columns in question, or of a key.
std::vector<Value> typed_values(const merge::Conflict& conflict, const Resolution& resolution) {
  // Who is told to refer elsewhere is given a key, whatever the columns in question.
  const bool is_key = conflict.kind == merge::ConflictKind::kStillReferenced;
  std::vector<Value> values;
  for (std::size_t i = 0; i < resolution.values.size(); ++i) {
    Value like;
    if (is_key) {
      if (i < conflict.key.size()) like = conflict.key[i];
    } else if (i < conflict.columns.size()) {
      for (const auto& image : {conflict.sandbox, conflict.live, conflict.base}) {
        if (image && like.is_null()) like = (*image)[conflict.columns[i]];
      }
    }
    values.push_back(typed(resolution.values[i], like));
  }
  return values;
}

}  // namespace

bool means(const merge::Conflict& conflict, const Resolution& resolution) {
  return resolution.conflict == "all" ? !conflict.answered
                                      : conflict.id.starts_with(resolution.conflict);
}

merge::Answer answer_for(const merge::Conflict& conflict, const Resolution& resolution) {
  merge::Answer answer;
  answer.conflict = conflict.id;
  answer.inputs = conflict.inputs;
  answer.kind = resolution.use_default ? conflict.possible.at(0) : resolution.kind;
  if (std::ranges::find(conflict.possible, answer.kind) == conflict.possible.end()) {
    std::vector<std::string> possible;
    for (const merge::AnswerKind kind : conflict.possible) {
      possible.emplace_back(merge::to_text(kind));
    }
    throw Error(ErrorCode::kUsage,
                std::string(merge::to_text(answer.kind)) + " is no answer to a conflict of kind " +
                    std::string(merge::to_text(conflict.kind)),
                {.place = conflict.id, .remedy = "answers: " + join(possible, ", ")});
  }
  const bool takes_none = answer.kind == merge::AnswerKind::kKeepLive ||
                          answer.kind == merge::AnswerKind::kTakeSandbox ||
                          answer.kind == merge::AnswerKind::kKeepDeleted;
  if (takes_none && !resolution.values.empty()) {
    throw Error(ErrorCode::kUsage, std::string(merge::to_text(answer.kind)) + " takes no value",
                {.place = conflict.id, .remedy = "leave --value out, or answer edit"});
  }
  answer.values = typed_values(conflict, resolution);
  const bool needs_values =
      answer.kind == merge::AnswerKind::kEdit || answer.kind == merge::AnswerKind::kRename;
  // A row that takes over is named by its key; anything else has a value for each column.
  const bool is_key = conflict.kind == merge::ConflictKind::kStillReferenced;
  const std::size_t wanted = is_key ? conflict.table->key.size() : conflict.columns.size();
  if (needs_values && answer.values.size() != wanted) {
    throw Error(ErrorCode::kUsage,
                std::string(merge::to_text(answer.kind)) + " needs " +
                    counted(static_cast<std::int64_t>(wanted), "value"),
                {.place = conflict.id, .remedy = "give each with --value"});
  }
  return answer;
}

}  // namespace doppel
