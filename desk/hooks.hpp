#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "desk/rows.hpp"

/// What a collection does besides holding records. A hook sees the record before it is written and
/// may fill in, refuse and follow up; it knows no HTTP and no sandbox. Internal to this room.
namespace doppel::desk {

/// A record on its way into its table.
struct Draft {
  const Collection& collection;
  Verb verb;
  std::string id;
  Values before = {};  ///< as it stands; empty for a new one
  Values after = {};   ///< as it is to be, all fields
  Values given = {};   ///< what the request says, custom fields among it
  std::vector<FieldProblem> problems = {};

  bool is_new() const { return verb == Verb::kCreate; }
  bool gives(std::string_view field) const { return given.contains(field); }
  /// Whether the field is another than before; of a new record whether it holds anything.
  bool changes(std::string_view field) const {
    return value_of(before, field) != value_of(after, field);
  }
  std::string text(std::string_view field) const { return text_of(after, field); }
  void refuse(std::string field, std::string message, std::string remedy) {
    problems.push_back({std::move(field), std::move(message), std::move(remedy)});
  }
};

struct Hooks {
  std::string_view collection;
  /// Before the row is written; not asked for what is removed. May change `after`.
  void (*shape)(Workplace&, Draft&) = nullptr;
  /// After the row is written or removed, in the same transaction.
  void (*follow)(Workplace&, const Draft&) = nullptr;
  /// Before the row is removed, with all that refers to it.
  void (*leave)(Workplace&, const Draft&) = nullptr;
};

/// Null for a collection without behaviour of its own.
const Hooks* hooks_of(std::string_view collection);

// One file for each subject.
void shape_case(Workplace& place, Draft& draft);
void follow_case(Workplace& place, const Draft& draft);
void follow_message(Workplace& place, const Draft& draft);
void shape_opportunity(Workplace& place, Draft& draft);
void shape_line(Workplace& place, Draft& draft);
void follow_line(Workplace& place, const Draft& draft);
void shape_account(Workplace& place, Draft& draft);
void shape_attachment(Workplace& place, Draft& draft);
void shape_macro_action(Workplace& place, Draft& draft);
void shape_conditions(Workplace& place, Draft& draft);
void shape_calendar(Workplace& place, Draft& draft);
void shape_setting(Workplace& place, Draft& draft);
void shape_user(Workplace& place, Draft& draft);
void leave_user(Workplace& place, const Draft& draft);
void follow_user_role(Workplace& place, const Draft& draft);
void follow_role(Workplace& place, const Draft& draft);
void shape_feed_mapping(Workplace& place, Draft& draft);

/// The next human number of a series.
std::int64_t next_number(Workplace& place, std::string_view series);

/// Writes a row that a hook makes, with id, version and times; returns the id.
std::string insert_record(Workplace& place, std::string_view table, Values values);

/// Sets fields of a row that a hook changes beside the request's own.
void update_record(Workplace& place, std::string_view table, const std::string& id,
                   const Values& values);

}  // namespace doppel::desk
