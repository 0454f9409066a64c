#include "desk/macro.hpp"

#include "base/error.hpp"
#include "desk/rows.hpp"

namespace doppel::desk {

std::vector<Write> writes_of_macro(Workplace& place, const std::string& macro_id,
                                   const std::string& case_id,
                                   std::optional<std::string> if_match) {
  database::SqlRunner& sql = *place.connection.sql();
  const auto macro =
      sql.query("SELECT name, is_enabled FROM macros WHERE id = $1", {Value(macro_id)});
  if (macro.empty()) {
    throw Error(ErrorCode::kNotFound, "there is no such macro", {.place = macro_id, .remedy = {}});
  }
  if (macro[0][1] != Value(1)) {
    throw Error(ErrorCode::kWrongState, "the macro " + macro[0][0].text() + " is off",
                {.place = macro_id, .remedy = "enable it, or take another one"});
  }
  std::vector<Write> writes{{.verb = Verb::kChange,
                             .collection = "cases",
                             .id = case_id,
                             .values = {},
                             .if_match = std::move(if_match)}};
  for (const Row& row : sql.query("SELECT action, target_id, value FROM macro_actions WHERE "
                                  "macro_id = $1 ORDER BY position, id",
                                  {Value(macro_id)})) {
    const std::string& action = row[0].text();
    Values& values = writes.front().values;
    if (action == "set_status") values["status_id"] = row[1];
    if (action == "set_queue") values["queue_id"] = row[1];
    if (action == "set_category") values["category_id"] = row[1];
    if (action == "assign") values["assignee_id"] = row[1];
    if (action == "set_priority") values["priority"] = row[2];
    if (action != "reply" && action != "comment") continue;
    writes.push_back(
        {.verb = Verb::kCreate,
         .collection = "case_messages",
         .id = {},
         .values = {{"case_id", Value(case_id)},
                    {"kind", Value(action)},
                    {"author_id", place.user_id.empty() ? Value() : Value(place.user_id)},
                    {"body", row[2]}},
         .if_match = {}});
  }
  return writes;
}

std::vector<Outcome> apply_macro(Workplace& place, const std::string& macro_id,
                                 const std::string& case_id, std::optional<std::string> if_match,
                                 Mode mode) {
  const auto writes = writes_of_macro(place, macro_id, case_id, std::move(if_match));
  return write_all(place, writes, mode);
}

}  // namespace doppel::desk
