#pragma once

#include <string>

#include "desk/resource.hpp"
#include "tests/support/desk_stand.hpp"

namespace doppel::testing {

/// An environment of a desk, with what its resources need.
class DeskPlace {
 public:
  DeskPlace(DeskStand& stand, const std::string& name)
      : environment_(stand.open(name)),
        place{.connection = environment_->connection(),
              .collections = collections_,
              .clock = stand.clock,
              .random = stand.random,
              .sandbox = parse_environment(name).live() ? "" : name} {}

  OpenEnvironment& environment() { return *environment_; }

 private:
  desk::Collections collections_ = desk::read_collections();
  std::unique_ptr<OpenEnvironment> environment_;

 public:
  desk::Workplace place;
};

/// A person who takes cases of a queue, made by SQL as the access room would. Returns his id.
inline std::string add_member(DeskStand& stand, const std::string& name, const std::string& queue,
                              const std::string& skill = "") {
  const auto live = attach_any(stand.dsn())->open(database::Access::kReadWrite);
  database::SqlRunner& sql = *live->sql();
  const std::string id = desk::seeded_id(9, name, DeskStand::kStart);
  const Value at(desk::instant_text(DeskStand::kStart));
  sql.execute(
      "INSERT INTO users (id, login, name, email, created_at, updated_at) VALUES ($1, $2, $3, $4, "
      "$5, $6)",
      {Value(id), Value(name), Value(name), Value(name + "@desk.example"), at, at});
  sql.execute(
      "INSERT INTO queue_members (id, queue_id, user_id, created_at, updated_at) VALUES ($1, $2, "
      "$3, $4, $5)",
      {Value(desk::seeded_id(9, "m" + name, DeskStand::kStart)),
       Value(DeskStand::id("queues." + queue)), Value(id), at, at});
  if (!skill.empty()) {
    sql.execute(
        "INSERT INTO user_skills (id, user_id, skill_id, created_at, updated_at) VALUES ($1, $2, "
        "$3, $4, $5)",
        {Value(desk::seeded_id(9, "s" + name, DeskStand::kStart)), Value(id),
         Value(DeskStand::id("skills." + skill)), at, at});
  }
  return id;
}

}  // namespace doppel::testing
