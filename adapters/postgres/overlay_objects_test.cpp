#include "tests/support/copy_carrier.hpp"

/// What depends on config must mean the sandbox's there, and nothing of it may reach out.
namespace doppel::postgres::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class CopiedSchema : public CopyCarrier {
 protected:
  CopiedSchema() { overlays().create(spec_); }

  std::string schema() { return ask("SELECT (current_schemas(false))[1]").at(0); }
  /// What both say to a question about the catalogue in which {} is the schema.
  void expect_equal(const std::string& before, const std::string& after) {
    EXPECT_EQ(ask(before + "'zz_doppel_" + spec_.folder.filename().string() + "'" + after),
              ask_live(before + "'public'" + after));
  }
};

TEST_F(CopiedSchema, KeepsNamesOfIndexesAndConstraints) {
  const std::string copied =
      " AND tablename IN ('queue', 'sla', 'Step', 'template', 'scope', 'routing', 'routing_eu', "
      "'routing_us', 'routing_other', 'queue_report') ORDER BY indexname";
  expect_equal("SELECT tablename, indexname FROM pg_indexes WHERE schemaname = ", copied);
  expect_equal(
      "SELECT conname, contype, convalidated, condeferrable, conislocal FROM "
      "pg_constraint k JOIN pg_class c ON c.oid = conrelid WHERE relnamespace::regnamespace"
      "::text = ",
      " AND relname IN ('queue', 'sla', 'Step', 'template', 'scope', 'routing') AND "
      "conname <> 'queue_owner_id_fkey' ORDER BY conname");
  run("INSERT INTO queue (id, name) VALUES (1, 'x') ON CONFLICT ON CONSTRAINT my_pk DO NOTHING");
  EXPECT_THAT(failure("INSERT INTO queue (name) VALUES ('SUPPORT')"), HasSubstr("queue_name_once"));
  EXPECT_THAT(failure("INSERT INTO sla (queue_id, hours, during) VALUES (1, 1, "
                      "'[2026-05-01,2026-06-01)')"),
              HasSubstr("sla_once"));
  EXPECT_THAT(failure("UPDATE queue SET address = 'none' WHERE id = 1"), HasSubstr("mail"));
  EXPECT_THAT(failure("INSERT INTO queue (name, parent_id) VALUES ('orphan', 99)"),
              HasSubstr("queue_parent"));
  EXPECT_THAT(failure("UPDATE queue SET options = '{\"default\": 1}'"),
              HasSubstr("queue_one_default"));
}

TEST_F(CopiedSchema, SharesLivesSequencesByTheSameDefaults) {
  const std::string defaults =
      "SELECT table_name, column_name, column_default FROM information_schema.columns WHERE "
      "table_schema = ";
  expect_equal(defaults, " AND table_name IN ('queue', 'template', 'routing') ORDER BY 1, 2");
  EXPECT_EQ(ask("INSERT INTO sla (queue_id, hours, during) VALUES (3, 1, 'empty') RETURNING id"),
            Lines{"3"});
  EXPECT_EQ(ask("INSERT INTO queue (name) VALUES ('Mine') RETURNING id"), Lines{"4"});
  EXPECT_EQ(ask("INSERT INTO \"Step\" (\"Title\") VALUES ('t') RETURNING \"Id\""), Lines{"3"});
  live_.run("INSERT INTO queue (name) VALUES ('Live')", "doppel_owner");
  EXPECT_EQ(ask_live("SELECT id FROM queue WHERE name = 'Live'"), Lines{"5"});
}

TEST_F(CopiedSchema, HasNoForeignKeyToLive) {
  EXPECT_EQ(ask("SELECT conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN "
                "pg_class t ON t.oid = k.confrelid WHERE c.relnamespace <> t.relnamespace"),
            Lines{});
  run("UPDATE queue SET owner_id = 77 WHERE id = 2");
  live_.run(
      "DELETE FROM agent WHERE id = 2 AND NOT EXISTS (SELECT FROM queue WHERE owner_id = 2); "
      "TRUNCATE audit_log",
      "doppel_owner");
}

TEST_F(CopiedSchema, ViewsShowTheSandbox) {
  run("UPDATE queue SET active = false WHERE id = 2; INSERT INTO queue (name) VALUES ('Mine')");
  EXPECT_EQ(ask("SELECT id FROM active_queue ORDER BY id"), (Lines{"1", "4"}));
  EXPECT_EQ(ask("SELECT name, tickets FROM queue_load ORDER BY id"),
            (Lines{"('Support', 1)", "('Mine', 0)"}));
  EXPECT_EQ(ask("SELECT name FROM queue_report ORDER BY 1"), (Lines{"'Billing'", "'Support'"}));
  EXPECT_EQ(ask("SELECT id FROM old_tickets"), (Lines{"1", "2"})) << "live's own: it reads data";
  run("UPDATE active_queue SET name = 'By a view' WHERE id = 1");
  EXPECT_EQ(ask_live("SELECT name FROM queue WHERE id = 1"), Lines{"'Support'"});
  EXPECT_EQ(ask_live("SELECT count(*) FROM active_queue"), Lines{"2"});
}

TEST_F(CopiedSchema, FunctionsReadTheSandbox) {
  run("UPDATE sla SET hours = 2");
  for (const char* function : {"f_unpinned", "f_pinned", "f_atomic"}) {
    EXPECT_EQ(ask(std::string("SELECT ") + function + "(1)"), Lines{"'2.00'"}) << function;
    EXPECT_EQ(ask_live(std::string("SELECT ") + function + "(1)"), Lines{"'24.00'"}) << function;
  }
  EXPECT_EQ(ask("SELECT f_caller(1), public.f_unpinned(1)"), Lines{"('4.00', '2.00')"});
  EXPECT_EQ(ask("SELECT hours, called FROM queue_hours WHERE id = 1"),
            Lines{"('4.00', 'Support!')"});
  EXPECT_EQ(ask("SELECT f_row(queue) FROM queue WHERE id = 2"), Lines{"'Billing!'"});
  run("DELETE FROM template; DELETE FROM scope WHERE kind = 'queue'");
  EXPECT_EQ(ask("SELECT f_dynamic('template'), f_dynamic('ticket')"), Lines{"(0, 2)"});
  EXPECT_THAT(failure("SELECT f_qualified(1)"), HasSubstr("permission denied for table sla"));
}

TEST_F(CopiedSchema, WhatRunsAsItsOwnerRunsAsTheSandbox) {
  run("SELECT f_definer(2)");
  EXPECT_EQ(ask("SELECT active FROM queue WHERE id = 2"), Lines{"0"});
  EXPECT_EQ(ask_live("SELECT active FROM queue WHERE id = 2"), Lines{"1"});
  EXPECT_EQ(changes().size(), 1U);
}

TEST_F(CopiedSchema, TriggersShapeRowsAndActNowhereElse) {
  run("INSERT INTO queue (name) VALUES ('Shaped')");
  EXPECT_EQ(ask("SELECT options FROM queue WHERE name = 'Shaped'"), Lines{"'{\"shaped\": true}'"});
  EXPECT_EQ(ask_live("SELECT count(*) FROM audit_log WHERE what LIKE '%queue%'"),
            ask_live("SELECT count(*) FROM audit_log"));
  EXPECT_EQ(ask_live("SELECT max(id) FROM audit_log"), Lines{"4"});
  EXPECT_THAT(overlays().access_for_application(spec_).remarks,
              Contains(HasSubstr("trigger queue_audit on queue isn't run")));
}

TEST_F(CopiedSchema, KeepsRulesAndRowSecurity) {
  run("DELETE FROM scope");
  EXPECT_EQ(ask("SELECT kind FROM scope"), Lines{"'global'"});
  EXPECT_EQ(ask("SELECT body FROM template"), Lines{"'Hello'"}) << "the other's queue is closed";
  run("UPDATE queue SET active = true");
  EXPECT_EQ(ask("SELECT count(*) FROM template"), Lines{"2"}) << "the sandbox's queue isn't";
}

TEST_F(CopiedSchema, PartitionsAreTheSandboxsToo) {
  run("INSERT INTO routing VALUES ('fr', 2, 1); INSERT INTO routing_other VALUES ('at', 1, 1)");
  EXPECT_EQ(ask("SELECT region FROM routing_eu ORDER BY 1"), (Lines{"'de'", "'fr'"}));
  EXPECT_EQ(ask_live("SELECT region FROM routing_eu"), Lines{"'de'"});
  EXPECT_THAT(failure("INSERT INTO routing_us VALUES ('de', 1)"), HasSubstr("constraint failed"));
  EXPECT_EQ(changes().size(), 2U);
}

TEST_F(CopiedSchema, GeneratedColumnsAndRemarks) {
  run("UPDATE queue SET name = 'Renamed' WHERE id = 1");
  EXPECT_EQ(ask("SELECT label FROM queue WHERE id = 1"), Lines{"'queue Renamed'"});
  const Lines remarks = overlays().access_for_application(spec_).remarks;
  EXPECT_THAT(remarks, Contains(HasSubstr("function f_qualified(q integer) names config")));
  EXPECT_THAT(remarks, Not(Contains(HasSubstr("f_pinned"))));
}

TEST_F(CopiedSchema, LiveNeitherWaitsNorSeesIt) {
  EXPECT_EQ(ask_live("SELECT DISTINCT ON (relname) relname, nspname FROM pg_class c JOIN "
                     "pg_namespace n ON n.oid = relnamespace WHERE relname IN ('queue', 'sla') "
                     "ORDER BY relname, nspname"),
            (Lines{"('queue', 'public')", "('sla', 'public')"}));
  live_.run("INSERT INTO queue (name) VALUES ('Live'); UPDATE sla SET hours = 1", "doppel_owner");
  live_.run("ALTER TABLE ticket ADD COLUMN note text; ALTER TABLE queue ADD COLUMN note text",
            "doppel_owner");
  EXPECT_EQ(changes(), Lines{});
}

}  // namespace
}  // namespace doppel::postgres::testing
