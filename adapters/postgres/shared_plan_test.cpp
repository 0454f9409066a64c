#include "adapters/postgres/failure.hpp"
#include "tests/support/rows_carrier.hpp"

/// What the tables that sandboxes share consist of, what can't be shared, and how it is read.
namespace doppel::postgres::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SharedTables : public RowsCarrier {
 protected:
  explicit SharedTables(const std::string& more = "") : RowsCarrier(more) {
    overlays().create(spec_);
  }
  std::string plan_of(const std::string& sql) {
    Link link({.dsn = overlays().access_for_application(spec_).dsn});
    const ResultHandle result =
        link.run_script("SET enable_seqscan = off; EXPLAIN (COSTS OFF) " + sql);
    std::string text;
    for (const Row& row : rows_of(result.get())) text += row[0].text() + "\n";
    return text;
  }
};

TEST_F(SharedTables, EveryKeyIsLedByTheSandbox) {
  EXPECT_EQ(ask_live("SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = "
                     "i.indrelid WHERE c.relnamespace = 'zz_doppel_rows_1'::regnamespace AND "
                     "(i.indisunique OR i.indisexclusion) AND 'doppel_sandbox' <> pg_get_indexdef("
                     "i.indexrelid, 1, true) AND pg_get_indexdef(i.indexrelid, 1, true) NOT LIKE "
                     "'int4range(doppel_sandbox%'"),
            Lines{});
  EXPECT_EQ(ask_live("SELECT conname FROM pg_constraint f JOIN pg_attribute a ON a.attrelid = "
                     "f.conrelid AND a.attnum = f.conkey[1] WHERE f.contype = 'f' AND "
                     "connamespace = 'zz_doppel_rows_1'::regnamespace AND (a.attname <> "
                     "'doppel_sandbox' OR confrelid NOT IN (SELECT oid FROM pg_class WHERE "
                     "relnamespace = 'zz_doppel_rows_1'::regnamespace))"),
            Lines{});
  // The names of live's constraints, but for references to data.
  const std::string constraints =
      "SELECT conname, contype, condeferrable, condeferred FROM pg_constraint k JOIN pg_class c ON "
      "c.oid = conrelid WHERE conname <> 'queue_owner_id_fkey' AND relname IN ('queue', 'sla', "
      "'Step', 'template', 'scope', 'routing') AND relnamespace::regnamespace::text = ";
  EXPECT_EQ(ask_live(constraints + "'zz_doppel_rows_1' ORDER BY conname"),
            ask_live(constraints + "'public' ORDER BY conname"));
}

TEST_F(SharedTables, ConstraintsHoldAsInLive) {
  EXPECT_THAT(failure("INSERT INTO queue (name) VALUES ('SUPPORT')"), HasSubstr("queue_name_once"));
  EXPECT_THAT(failure("INSERT INTO sla (queue_id, hours, during) VALUES (1, 1, "
                      "'[2026-05-01,2026-06-01)')"),
              HasSubstr("sla_once"));
  EXPECT_THAT(failure("UPDATE queue SET address = 'none' WHERE id = 1"), HasSubstr("mail"));
  EXPECT_THAT(failure("UPDATE queue SET parent_id = id"), HasSubstr("queue_not_itself"));
  EXPECT_THAT(failure("INSERT INTO queue (name, parent_id) VALUES ('orphan', 99)"),
              HasSubstr("queue_parent"));
  run("BEGIN; INSERT INTO queue (id, name, parent_id) VALUES (77, 'child', 78); "
      "INSERT INTO queue (id, name) VALUES (78, 'late parent'); COMMIT");
  EXPECT_THAT(failure("UPDATE queue SET options = '{\"default\": 1}'"),
              HasSubstr("queue_one_default"));
  EXPECT_EQ(ask("INSERT INTO queue (name) VALUES ('Mine') RETURNING id, label, prio, options"),
            Lines{"(6, 'queue Mine', 'normal', '{\"shaped\": true}')"});
  EXPECT_EQ(ask("INSERT INTO \"Step\" (\"Title\") VALUES ('t') RETURNING \"Id\", tags"),
            Lines{"(3, '{}')"});
  EXPECT_EQ(ask("INSERT INTO sla (id, queue_id, hours, during) VALUES (DEFAULT, 3, 1, 'empty'), "
                "(50, 3, 1, 'empty') RETURNING id"),
            (Lines{"4", "50"}));
}

TEST_F(SharedTables, DependentsShowTheSandbox) {
  run("UPDATE queue SET active = false WHERE id = 2; INSERT INTO queue (name) VALUES ('Mine')");
  EXPECT_EQ(ask("SELECT id FROM active_queue ORDER BY id"), (Lines{"1", "4"}));
  EXPECT_EQ(ask("SELECT name, tickets FROM queue_report ORDER BY 1"),
            (Lines{"('Mine', 0)", "('Support', 1)"}))
      << "a materialised view is worked out at each look";
  run("UPDATE active_queue SET name = 'By a view' WHERE id = 1; UPDATE sla SET hours = 2");
  EXPECT_EQ(ask_live("SELECT name FROM queue WHERE id = 1"), Lines{"'Support'"});
  for (const char* function : {"f_unpinned", "f_pinned", "f_atomic"}) {
    EXPECT_EQ(ask(std::string("SELECT ") + function + "(1)"), Lines{"'2.00'"}) << function;
    EXPECT_EQ(ask_live(std::string("SELECT ") + function + "(1)"), Lines{"'24.00'"}) << function;
  }
  EXPECT_EQ(ask("SELECT f_row(queue) FROM queue WHERE id = 2"), Lines{"'Billing!'"});
  run("SELECT f_definer(1)");
  EXPECT_EQ(ask_live("SELECT active FROM queue WHERE id = 1"), Lines{"1"});
  EXPECT_EQ(ask_live("SELECT max(id) FROM audit_log"), Lines{"4"});
  EXPECT_THAT(overlays().access_for_application(spec_).remarks,
              ::testing::IsSupersetOf({HasSubstr("trigger queue_audit on queue isn't run"),
                                       HasSubstr("index queue_words on queue isn't kept"),
                                       HasSubstr("materialised view queue_report is a view")}));
}

TEST_F(SharedTables, ReadsUseTheKeysOfTheSandbox) {
  const std::string point = plan_of("SELECT * FROM queue WHERE id = 1");
  EXPECT_THAT(point, HasSubstr("Index Scan using my_pk on queue"));
  EXPECT_THAT(point,
              ::testing::ContainsRegex(R"(Index Cond: \(\(doppel_sandbox = .*\(id = 1\)\))"));
  EXPECT_THAT(point, Not(HasSubstr("Filter: (doppel_sandbox"))) << "asked once, by the index";
  EXPECT_THAT(plan_of("SELECT * FROM scope WHERE kind = 'queue' AND object_id = 1"),
              ::testing::ContainsRegex(R"(doppel_sandbox = .*\(kind = 'queue'::text\))"));
  const std::string join = plan_of(
      "SELECT * FROM sla s JOIN queue q ON q.id = s.queue_id LEFT JOIN queue p ON p.id = "
      "q.parent_id WHERE s.id = 1");
  EXPECT_THAT(join, ::testing::ContainsRegex(R"(doppel_sandbox = .*\(id = \w+\.)"));
  EXPECT_THAT(join, Not(HasSubstr("Seq Scan")));
  EXPECT_THAT(plan_of("UPDATE queue SET active = true WHERE id = 2"),
              ::testing::ContainsRegex(R"(doppel_sandbox = .*\(id = 2\))"));
  EXPECT_THAT(plan_of("SELECT * FROM queue"), HasSubstr("doppel_sandbox = "));
  EXPECT_THAT(plan_of("SELECT * FROM routing WHERE queue_id = 1"), HasSubstr("doppel_sandbox = "));
}

TEST_F(SharedTables, DoppelReadsThemAsLivesTables) {
  const auto sandbox = overlays().open(spec_, Access::kReadWrite);
  const database::Schema own = sandbox->connection().read_schema();
  const database::Schema live = database_->open(Access::kReadOnly)->read_schema();
  for (const char* name : {"queue", "sla", "Step", "scope", "routing"}) {
    const database::Table* mine = own.table(name);
    const database::Table* theirs = live.table(name);
    ASSERT_NE(mine, nullptr) << name;
    EXPECT_EQ(mine->primary_key, theirs->primary_key) << name;
    EXPECT_EQ(mine->key_source, theirs->key_source) << name;
    ASSERT_EQ(mine->columns.size(), theirs->columns.size()) << name;
    for (std::size_t i = 0; i < mine->columns.size(); ++i) {
      EXPECT_EQ(mine->columns[i].name, theirs->columns[i].name);
      EXPECT_EQ(mine->columns[i].type, theirs->columns[i].type);
      EXPECT_EQ(mine->columns[i].not_null, theirs->columns[i].not_null);
    }
  }
  EXPECT_EQ(own.table("sla")->foreign_keys, live.table("sla")->foreign_keys);
  EXPECT_EQ(own.table("queue")->unique_keys, live.table("queue")->unique_keys);
}

TEST_F(SharedTables, AFailedChangeNamesTheRowInLivesWords) {
  const auto sandbox = overlays().open(spec_, Access::kReadWrite);
  database::Connection& connection = sandbox->connection();
  const auto shape = std::ranges::find_if(spec_.tables, [](const auto& tracked) {
                       return tracked.shape->name == "routing";
                     })->shape;
  const auto apply = [&](Row row) -> std::string {
    const auto transaction = connection.begin(database::TransactionKind::kWrite);
    const Key key = shape->key_of(row);
    const RowChange change{shape, key, std::nullopt, std::move(row)};
    try {
      connection.apply_changes(std::vector{change});
      transaction->commit();
    } catch (const Error& error) {
      return std::string(error.place()) + ": " + error.what();
    }
    return "it went well";
  };
  EXPECT_THAT(apply({Value("xx"), Value(99), Value(1.0)}),
              ::testing::AllOf(HasSubstr("routing"), HasSubstr("FOREIGN KEY"), HasSubstr("queue"),
                               Not(HasSubstr("doppel_"))));
  EXPECT_THAT(apply({Value("de"), Value(1), Value(1.0)}), Not(HasSubstr("doppel_")));
  EXPECT_EQ(apply({Value("xx"), Value(1), Value(1.0)}), "it went well");
}

class Unshareable : public RowsCarrier {
 protected:
  std::string refusal(const std::string& change) {
    live_.run(change, "doppel_owner");
    try {
      overlays().create(spec_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
      return std::string(error.place()) + ": " + error.what() + "; " + std::string(error.remedy());
    }
    return "it went well";
  }
};

TEST_F(Unshareable, IsNamedAndCarrierCopyRecommended) {
  EXPECT_THAT(refusal("CREATE RULE keep AS ON DELETE TO scope DO INSTEAD NOTHING"),
              HasSubstr("scope: sandboxes can't share the table: the table has the rule keep; "
                        "choose the carrier copy"));
  EXPECT_THAT(refusal("DROP RULE keep ON scope; ALTER TABLE scope ENABLE ROW LEVEL SECURITY"),
              HasSubstr("row-level security"));
  EXPECT_THAT(refusal("ALTER TABLE scope DISABLE ROW LEVEL SECURITY; ALTER TABLE template DROP "
                      "CONSTRAINT template_queue_id_fkey; ALTER TABLE template ADD CONSTRAINT r "
                      "FOREIGN KEY (queue_id) REFERENCES queue ON UPDATE SET NULL"),
              HasSubstr("ON UPDATE SET NULL"));
  EXPECT_THAT(refusal("ALTER TABLE template DROP CONSTRAINT r; ALTER TABLE template ADD FOREIGN "
                      "KEY (queue_id) REFERENCES queue ON DELETE SET NULL; CREATE FUNCTION fits "
                      "(b text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN b "
                      "<> 'x'; END $$; ALTER TABLE template ADD CHECK (fits(body))"),
              ::testing::AllOf(HasSubstr("template: "), HasSubstr("no search_path of its own"),
                               HasSubstr("ALTER FUNCTION fits(text) SET search_path = public")));
  EXPECT_EQ(refusal("ALTER FUNCTION fits(text) SET search_path = public, pg_temp"), "it went well");
  run("DELETE FROM routing; DELETE FROM sla; DELETE FROM \"Step\"; DELETE FROM queue WHERE id = 3");
  EXPECT_EQ(ask("SELECT queue_id FROM template WHERE body = 'Bye'"), Lines{"NULL"});
  EXPECT_EQ(ask_live("SELECT queue_id FROM template WHERE body = 'Bye'"), Lines{"3"});
}

}  // namespace
}  // namespace doppel::postgres::testing
