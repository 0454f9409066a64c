#include "commands.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "base/files.hpp"

namespace doppel::testing {
namespace {

std::string planned(Doppel& doppel, const PlanOptions& options = {}) {
  const plan::Plan plan = doppel.plan(kQa, options);
  EXPECT_TRUE(plan.promotable());
  return plan.hash.text;
}

void promote_qa(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  move_live(stand);
  doppel.promote(kQa, planned(doppel));
}

Arguments prepare_init(const Stand& stand, Doppel&) {
  return {"init", "shop", stand.dsn(), "--manifest", stand.manifest().string()};
}

Arguments prepare_manifest_set(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  std::ofstream(stand.manifest(), std::ios::app) << "# and a remark\n";
  return {"manifest", "set", "shop", stand.manifest().string()};
}

Arguments prepare_create(const Stand&, Doppel&) { return {"sandbox", "create", "shop/qa"}; }

Arguments prepare_sql(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  // A view has no key that a conflict could be of.
  if (stand.carrier() == Carrier::kRows) {
    return {"sql", "shop/qa",
            "BEGIN; UPDATE queues SET rank = 70 WHERE id = 3; DELETE FROM settings WHERE name = "
            "'title'; INSERT INTO settings VALUES ('title', 'Other'); COMMIT"};
  }
  const std::string verb = is_sqlite(stand.carrier()) ? "INSERT OR REPLACE" : "INSERT";
  return {"sql", "shop/qa",
          "BEGIN; UPDATE queues SET rank = 70 WHERE id = 3; " + verb +
              " INTO settings VALUES ('title', 'Other') ON CONFLICT (name) DO UPDATE SET value = "
              "excluded.value; COMMIT"};
}

/// Data: the clone's own rows, or live's.
Arguments prepare_sql_data(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  return {"sql", "shop/qa",
          "BEGIN; INSERT INTO tickets VALUES (7, 1, 'New'); DELETE FROM tickets WHERE id = 2; "
          "UPDATE tickets SET title = 'Hi' WHERE id = 1; COMMIT"};
}

Arguments prepare_refresh(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  move_live(stand);
  return {"sandbox", "refresh", "shop/qa"};
}

Arguments prepare_checkpoint(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  return {"sandbox", "checkpoint", "shop/qa", "here"};
}

Arguments prepare_reset(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  return {"sandbox", "reset", "shop/qa"};
}

Arguments prepare_plan(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  move_live(stand);
  return {"plan", "shop/qa"};
}

Arguments prepare_resolve(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  stand.edit_live("UPDATE queues SET name = 'Checked', rank = 8 WHERE id = 2");
  return {"resolve", "shop/qa", "all", "take_sandbox"};
}

Arguments prepare_promote(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  move_live(stand);
  return {"promote", "shop/qa", "--plan", planned(doppel)};
}

Arguments prepare_promote_part(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  move_live(stand);
  PlanOptions part;
  part.select.push_back({"queues", "2"});
  return {"promote", "shop/qa", "--plan", planned(doppel, part)};
}

/// The same content was promoted before from a sandbox of the same name, and taken back: what is
/// found of that promotion says nothing about this one.
Arguments prepare_promote_again(const Stand& stand, Doppel& doppel) {
  const auto promotable = [&] {
    doppel.create(kQa, {});
    stand.edit_sandbox("shop/qa", "UPDATE queues SET name = 'Vetted' WHERE id = 2");
    return planned(doppel);
  };
  const std::string first = promotable();
  doppel.promote(kQa, first);
  doppel.restore_previous("shop", LaterEdits::kRefuse);
  const std::string second = promotable();
  EXPECT_EQ(first, second);
  return {"promote", "shop/qa", "--plan", second};
}

Arguments prepare_rollback(const Stand& stand, Doppel& doppel) {
  promote_qa(stand, doppel);
  return {"rollback", "shop", "1", "--plan", doppel.plan_rollback("shop", 1, {}).hash.text};
}

Arguments prepare_restore(const Stand& stand, Doppel& doppel) {
  promote_qa(stand, doppel);
  return {"snapshot", "restore", "shop", "1", "--plan", doppel.plan_restore("shop", "1").hash.text};
}

Arguments prepare_discard(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  return {"sandbox", "discard", "shop/qa"};
}

Arguments prepare_suspend(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  doppel.checkpoint(kQa, "mark");
  return {"sandbox", "suspend", "shop/qa"};
}

Arguments prepare_resume(const Stand& stand, Doppel& doppel) {
  prepare_suspend(stand, doppel);
  doppel.suspend(kQa);
  move_live(stand);
  return {"sandbox", "resume", "shop/qa"};
}

Arguments prepare_adapt(const Stand& stand, Doppel& doppel) {
  make_qa(stand, doppel);
  stand.edit_live("ALTER TABLE queues ADD COLUMN stars INTEGER NOT NULL DEFAULT 3");
  stand.edit_live("UPDATE queues SET stars = 5 WHERE id = 2");
  return {"sandbox", "adapt", "shop/qa"};
}

Arguments prepare_discard_suspended(const Stand& stand, Doppel& doppel) {
  prepare_suspend(stand, doppel);
  doppel.suspend(kQa);
  return {"sandbox", "discard", "shop/qa"};
}

}  // namespace

void PrintTo(const Command& command, std::ostream* out) { *out << command.name; }

void make_qa(const Stand& stand, Doppel& doppel) {
  doppel.create(kQa, {});
  stand.edit_sandbox(
      "shop/qa",
      "UPDATE queues SET name = 'Vetted', rank = 7 WHERE id = 2;"
      "INSERT INTO queues VALUES (9, 'New', 9, 'now');"
      "INSERT INTO rules (queue_id, name, weight) VALUES (9, 'first', 1);"
      "DELETE FROM rules WHERE id = 3; UPDATE settings SET value = 'red' WHERE name = 'colour'");
}

void move_live(const Stand& stand) {
  stand.edit_live(
      "UPDATE queues SET rank = 11 WHERE id = 1; UPDATE settings SET value = 'Bazaar' "
      "WHERE name = 'title'; INSERT INTO rules (queue_id, name, weight) VALUES (1, 'live', 5)");
}

std::vector<Command> commands() {
  return {
      {"init", prepare_init, {0, 3}},
      {"manifest_set", prepare_manifest_set},
      {"create", prepare_create, {0, 3}},
      {"sql", prepare_sql},
      {"sql_data", prepare_sql_data, {0, 3}},
      {"refresh", prepare_refresh},
      {"checkpoint", prepare_checkpoint},
      {"reset", prepare_reset},
      {"plan", prepare_plan},
      {"resolve", prepare_resolve, {0, 3}},
      {"promote", prepare_promote, {0, 3}},
      {"promote_part", prepare_promote_part, {0, 3}},
      {"promote_again", prepare_promote_again, {0, 3}},
      {"rollback", prepare_rollback, {0, 3}},
      {"restore", prepare_restore, {0, 3}},
      {"discard", prepare_discard, {0, 3}},
      {"suspend", prepare_suspend, {0, 3}},
      {"resume", prepare_resume, {0, 3}},
      {"adapt", prepare_adapt},
      {"discard_suspended", prepare_discard_suspended, {0, 3}},
  };
}

Arguments prepared(const Stand& stand, const Command& command) {
  Arguments arguments;
  {
    const auto doppel = command.name == "init" ? stand.open() : stand.with_tenant();
    arguments = command.prepare(stand, *doppel);
  }
  stand.save();
  return arguments;
}

std::vector<long> points(long operations, long count) {
  const char* given = std::getenv("DOPPEL_KILL_POINTS");
  const std::string wanted = given == nullptr ? "" : given;
  if (!wanted.empty()) count = wanted == "all" ? 0 : std::atol(given);
  const long tried = count == 0 ? operations : std::min(count, operations);
  std::vector<long> chosen;
  for (long i = 0; i < tried; ++i) chosen.push_back(1 + i * operations / tried);
  return chosen;
}

}  // namespace doppel::testing
