#include <cstdio>
#include <fstream>
#include <sstream>

#include "adapters/postgres/failure.hpp"
#include "tests/support/rows_carrier.hpp"

/// What a sandbox of carrier rows must not be able to do, tried.
namespace doppel::postgres::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// A trigger that reads config where a cascade runs it as somebody else.
constexpr const char* kCurious = R"sql(
CREATE FUNCTION sla_goes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT FROM queue WHERE name = 'nobody') THEN RAISE EXCEPTION 'no'; END IF;
  RETURN OLD; END $$;
CREATE TRIGGER sla_goes BEFORE DELETE ON sla FOR EACH ROW EXECUTE FUNCTION sla_goes();
)sql";

class SharedRights : public RowsCarrier {
 protected:
  SharedRights() : RowsCarrier(kCurious), other_(spec_) {
    overlays().create(spec_);
    other_.folder += "b";
    other_.mark = R"({"sandbox":"other"})";
    overlays().create(other_);
    link_ = std::make_unique<Link>(OpenOptions{.dsn = dsn_of(spec_), .access = Access::kReadWrite});
    Link(OpenOptions{.dsn = dsn_of(other_), .access = Access::kReadWrite})
        .run_script(
            "UPDATE scope SET value = 'secret of the other'; "
            "INSERT INTO queue (id, name) VALUES (900, 'hidden'), (901, 'unseen')");
  }
  ~SharedRights() override {
    link_.reset();
    overlays().remove(other_);
  }

  std::string dsn_of(const database::OverlaySpec& spec) {
    return overlays().access_for_application(spec).dsn;
  }
  std::string role_of(const database::OverlaySpec& spec) {
    const std::string dsn = dsn_of(spec);
    return dsn.substr(13, dsn.find(':', 13) - 13);
  }
  std::string number_of(const database::OverlaySpec& spec) {
    const std::string role = role_of(spec).substr(9);
    return role.substr(0, role.find('_'));
  }

  /// In one session, which a failure leaves in its transaction.
  Lines tell(const std::string& sql) {
    Lines lines;
    try {
      for (const Row& row : rows_of(link_->run_script(sql).get())) lines.push_back(display(row));
    } catch (const Error& error) {
      lines = {error.what()};
    }
    if (link_->status() != PQTRANS_IDLE) link_->run_script("ROLLBACK");
    return lines;
  }
  void expect_refused(const std::string& sql) {
    EXPECT_THAT(tell(sql), ::testing::ElementsAre(
                               AnyOf(HasSubstr("permission denied"), HasSubstr("must be owner"),
                                     HasSubstr("must be superuser"), HasSubstr("must be member"),
                                     HasSubstr("must have"))))
        << sql;
  }
  /// What all this was for.
  void expect_apart() {
    EXPECT_EQ(tell("SELECT value FROM scope ORDER BY kind"), (Lines{"'red'", "NULL"}));
    EXPECT_EQ(tell("SELECT count(*) FROM queue"), Lines{"3"});
    EXPECT_EQ(overlays().open(other_, Access::kReadOnly)->read_changes().size(), 4U);
    EXPECT_EQ(ask_live("SELECT count(*) FROM queue"), Lines{"3"});
  }

  database::OverlaySpec other_;
  std::unique_ptr<Link> link_;
};

TEST_F(SharedRights, LiveIsOutOfReach) {
  for (const char* table : {"queue", "sla", "\"Step\"", "template", "scope", "routing",
                            "active_queue", "queue_report"}) {
    expect_refused(std::string("SELECT * FROM public.") + table);
  }
  expect_refused("UPDATE public.queue SET name = 'x'");
  expect_refused("DELETE FROM public.scope");
  expect_refused("TRUNCATE public.scope");
  expect_refused("SET search_path = public; SELECT * FROM queue");
  EXPECT_EQ(tell("RESET search_path; SELECT count(*) FROM queue"), Lines{"3"});
  link_->run_script("DISCARD ALL");
  EXPECT_EQ(tell("SELECT count(*) FROM queue"), Lines{"3"});
  EXPECT_EQ(tell("SELECT count(*) FROM ticket"), Lines{"2"});
  expect_refused("INSERT INTO ticket (queue_id, subject) VALUES (1, 'x')");
  expect_refused("UPDATE ticket SET subject = 'x'");
  expect_refused("SELECT * FROM ticket FOR UPDATE");
  expect_refused("CREATE TABLE public.mine (x int)");
  expect_refused("CREATE TABLE mine (x int)");
  expect_refused("SELECT setval('public.queue_id_seq', 1)");
  expect_refused("SELECT last_value FROM public.queue_id_seq");
  EXPECT_THAT(tell("SELECT currval('public.queue_id_seq')")[0], HasSubstr("not yet defined"));
  EXPECT_EQ(tell("INSERT INTO queue (name) VALUES ('Mine') RETURNING id = "
                 "currval('public.queue_id_seq')"),
            Lines{"1"});
  EXPECT_EQ(tell("DELETE FROM queue WHERE name = 'Mine' RETURNING name"), Lines{"'Mine'"});
  EXPECT_EQ(tell("SELECT f_caller(1), f_pinned(1), f_atomic(1)"),
            Lines{"('48.00', '24.00', '24.00')"});
  EXPECT_THAT(tell("SELECT f_qualified(1)")[0], HasSubstr("permission denied for table sla"));
  expect_apart();
}

TEST_F(SharedRights, TheOthersRowsAreOutOfReachByAnyName) {
  for (const char* table : {"queue", "scope", "doppel_capture", "doppel_mark"}) {
    const std::string name = std::string("zz_doppel_rows_1.") + table;
    expect_refused("SELECT * FROM " + name);
    expect_refused("DELETE FROM " + name);
    expect_refused("COPY " + name + " TO STDOUT");
    expect_refused("COPY " + name + " FROM STDIN");
    expect_refused("TRUNCATE " + name);
    expect_refused("ALTER TABLE " + name + " DISABLE ROW LEVEL SECURITY");
  }
  expect_refused("UPDATE zz_doppel_view_1.doppel_capture SET by = ''");
  expect_refused("SELECT * FROM doppel_capture");
  expect_refused("UPDATE doppel_mark SET value = ''");
  EXPECT_THAT(tell("SELECT value FROM doppel_mark"), Not(::testing::Contains(HasSubstr("other"))));
  expect_refused("SELECT * FROM doppel.shared_sandbox");
  expect_refused("DROP VIEW scope");
  expect_refused("ALTER VIEW scope ALTER COLUMN value SET DEFAULT 'x'");
  expect_refused("CREATE RULE r AS ON INSERT TO scope DO INSTEAD NOTHING");
  expect_refused(
      "CREATE TRIGGER t INSTEAD OF INSERT ON scope FOR EACH ROW EXECUTE FUNCTION "
      "queue_defaults()");
  expect_refused("ALTER TABLE zz_doppel_rows_1.scope DISABLE TRIGGER ALL");
  expect_refused(
      "CREATE OR REPLACE FUNCTION doppel.sandbox() RETURNS integer LANGUAGE sql AS "
      "'SELECT 1'");
  expect_refused("SET session_replication_role = replica");
  expect_refused("GRANT SELECT ON zz_doppel_rows_1.scope TO PUBLIC");
  EXPECT_THAT(tell("TRUNCATE scope")[0], HasSubstr("is not a table"));
  EXPECT_THAT(tell("UPDATE scope SET doppel_sandbox = 1")[0], HasSubstr("does not exist"));
  EXPECT_THAT(tell("SELECT doppel_sandbox FROM scope")[0], HasSubstr("does not exist"));
  EXPECT_EQ(tell("SELECT attname FROM pg_stats WHERE schemaname ~ 'zz_doppel'"), Lines{});
  EXPECT_EQ(tell("SELECT DISTINCT query FROM pg_stat_activity WHERE usename <> session_user AND "
                 "query NOT LIKE '<insufficient%' AND query <> ''"),
            Lines{});
  expect_apart();
}

TEST_F(SharedRights, NothingThatItSaysMakesItAnother) {
  const std::string other = number_of(other_);
  const std::string look = "SELECT value FROM scope WHERE kind = 'global'";
  for (const std::string& said :
       {"SET doppel.sandbox = " + other, "SET LOCAL doppel.sandbox = " + other,
        "SELECT set_config('doppel.sandbox', '" + other + "', false)",
        "DO $$ BEGIN PERFORM set_config('doppel.sandbox', '" + other + "', false); END $$",
        "ALTER ROLE CURRENT_USER SET doppel.sandbox = '" + other + "'",
        std::string("SET doppel.copying = on"), std::string("SET row_security = off"),
        std::string("RESET ALL"), std::string("SET SESSION AUTHORIZATION DEFAULT")}) {
    EXPECT_THAT(tell("BEGIN; " + said + "; " + look),
                ::testing::ElementsAre(AnyOf(::testing::Eq("'red'"),
                                             HasSubstr("permission denied to set parameter"),
                                             HasSubstr("affected by row-level security"))))
        << said;
  }
  // In a condition, before each row.
  EXPECT_EQ(tell("SELECT value FROM scope WHERE set_config('doppel.sandbox', '" + other +
                 "', false) = '" + other + "' AND kind = 'global'"),
            Lines{"'red'"});
  for (const std::string& role : {role_of(other_), std::string("doppel_admin"),
                                  std::string("doppel_owner"), std::string("postgres")}) {
    expect_refused("SET ROLE " + role);
    expect_refused("SET SESSION AUTHORIZATION " + role);
  }
  for (const Row& row : rows_of(link_
                                    ->run_script("SELECT rolname FROM pg_roles WHERE rolname ~ "
                                                 "'^doppel_(owner|view)_'")
                                    .get())) {
    expect_refused("SET ROLE " + row[0].text());
  }
  Link forged({.dsn = dsn_of(spec_) + "&options=-c%20doppel.sandbox%3D" + other,
               .access = Access::kReadWrite});
  EXPECT_EQ(rows_of(forged.run_script(look).get()).at(0).at(0), Value("red"));
  // Neither capture nor the end of the sandbox can be switched off.
  EXPECT_EQ(tell("SET doppel.copying = on; UPDATE routing SET weight = 7 WHERE region = 'us'"),
            Lines{});
  EXPECT_EQ(changes(), Lines{"routing ('us', 2, 0.1) > ('us', 2, 7.0)"});
  EXPECT_TRUE(overlays()
                  .open(spec_, Access::kReadWrite)
                  ->seal(overlays().open(spec_, Access::kReadWrite)->state()));
  EXPECT_THAT(tell("SET doppel.copying = on; UPDATE routing SET weight = 8")[0],
              HasSubstr("the sandbox has ended"));
  expect_apart();
}

TEST_F(SharedRights, NoConditionSeesTheOthersRows) {
  link_->run_script(
      "CREATE FUNCTION pg_temp.leak(t text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ "
      "BEGIN IF t LIKE '%secret%' OR t IN ('hidden', 'unseen') THEN RAISE EXCEPTION 'leaked %', t; "
      "END IF; RETURN true; END $$;"
      "CREATE FUNCTION pg_temp.cheaper(a text, b text) RETURNS boolean LANGUAGE plpgsql COST "
      "0.0000001 AS $$ BEGIN RETURN pg_temp.leak(a); END $$;"
      "CREATE OPERATOR pg_temp.=== (leftarg = text, rightarg = text, function = pg_temp.cheaper)");
  for (const char* sql :
       {"SELECT kind FROM scope WHERE pg_temp.leak(value) ORDER BY 1",
        "SELECT kind FROM scope WHERE value OPERATOR(pg_temp.===) 'x' ORDER BY 1",
        "SELECT kind FROM scope WHERE pg_temp.leak(value) IS NOT FALSE ORDER BY 1",
        "UPDATE scope SET value = value WHERE pg_temp.leak(value) RETURNING kind",
        "DELETE FROM scope WHERE pg_temp.leak(value) RETURNING kind",
        "SELECT s.kind FROM scope s JOIN queue q ON pg_temp.leak(q.name::text) WHERE q.id = 1 "
        "ORDER BY 1",
        "SELECT kind FROM scope WHERE kind IN (SELECT kind FROM scope WHERE pg_temp.leak(value)) "
        "ORDER BY 1"}) {
    Lines kinds = tell(std::string("BEGIN; ") + sql);
    std::ranges::sort(kinds);
    EXPECT_EQ(kinds, (Lines{"'global'", "'queue'"})) << sql;
  }
  EXPECT_EQ(tell("SELECT kind FROM scope WHERE 1 / (CASE WHEN value LIKE 'secret%' THEN 0 ELSE 1 "
                 "END) = 1 AND kind = 'global'"),
            Lines{"'global'"});
  EXPECT_EQ(tell("SELECT count(*) FROM queue WHERE name::text ~ 'hid' OR id = 900"), Lines{"0"});
  EXPECT_EQ(tell("UPDATE queue SET name = 'x' WHERE id = 900 RETURNING id"), Lines{});
  // The same keys are two rows: nothing tells that the other has them.
  EXPECT_EQ(tell("INSERT INTO queue (id, name) VALUES (900, 'hidden') ON CONFLICT DO NOTHING "
                 "RETURNING id"),
            Lines{"900"});
  EXPECT_THAT(tell("INSERT INTO queue (id, name) VALUES (901, 'HIDDEN')")[0],
              HasSubstr("queue_name_once"));
  EXPECT_THAT(tell("INSERT INTO queue (id, name) VALUES (901, 'b') ON CONFLICT (id) DO NOTHING")[0],
              HasSubstr("no unique or exclusion constraint"));
  EXPECT_THAT(tell("INSERT INTO sla (queue_id, hours, during) VALUES (901, 1, 'empty')")[0],
              HasSubstr("sla_queue_id_fkey"));
  EXPECT_EQ(tell("DELETE FROM queue WHERE id = 900 RETURNING name"), Lines{"'hidden'"});
  expect_apart();
}

TEST_F(SharedRights, WhatItShadowsIsSeenByItselfOnly) {
  link_->run_script(
      "CREATE TEMPORARY TABLE said (who text);"
      "CREATE FUNCTION pg_temp.evil() RETURNS citext LANGUAGE plpgsql AS $$ BEGIN INSERT INTO "
      "pg_temp.said VALUES (current_user::text || ' ' || session_user::text); RETURN 'x'; END $$;"
      "GRANT ALL ON said TO PUBLIC;"
      "CREATE TEMPORARY VIEW queue AS SELECT 1 AS id, pg_temp.evil() AS name;"
      "GRANT ALL ON queue TO PUBLIC;"
      "CREATE TEMPORARY TABLE doppel_capture (tbl int, key text[], image text[], by text, at "
      "timestamptz, PRIMARY KEY (tbl, key));"
      "CREATE TEMPORARY TABLE shared_sandbox (number int, sealed boolean)");
  // A cascade runs the trigger as the tables' owner.
  EXPECT_EQ(tell("DELETE FROM zz_doppel_view_1.routing; DELETE FROM zz_doppel_view_1.\"Step\"; "
                 "DELETE FROM zz_doppel_view_1.template; "
                 "DELETE FROM zz_doppel_view_1.queue WHERE id = 2; SELECT * FROM said"),
            Lines{});
  EXPECT_EQ(tell("SELECT count(*) FROM pg_temp.doppel_capture"), Lines{"0"});
  EXPECT_THAT(changes(), ::testing::Contains(HasSubstr("sla (2, 2")));
  EXPECT_EQ(tell("DISCARD TEMP; SELECT count(*) FROM sla"), Lines{"1"});
}

/// As doppel's own server does it: one role for all sandboxes, told apart by SET LOCAL.
TEST_F(SharedRights, APooledConnectionShowsOneSandboxOrFails) {
  const auto admin = postgres::open({.dsn = live_.dsn(), .access = Access::kReadWrite});
  const auto ask_as = [&](const std::string& number) {
    admin->run_script("BEGIN");
    admin->run_script("SET LOCAL doppel.sandbox = " + number);
    const auto rows = rows_of(admin->run_script("EXECUTE look").get());
    admin->run_script("COMMIT");
    return rows.at(0).at(0).text();
  };
  const auto failure_of = [&](const std::string& sql) -> std::string {
    try {
      admin->run_script(sql);
    } catch (const ServerError& error) {
      return error.problem().sqlstate;
    }
    return "it went well";
  };
  admin->stand_in("zz_doppel_view_1");
  EXPECT_EQ(failure_of("SELECT * FROM scope"), "42704") << "nobody said which sandbox";
  admin->run_script(
      "PREPARE look AS SELECT value FROM scope WHERE kind = 'global'; "
      "SET plan_cache_mode = force_generic_plan");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask_as(number_of(spec_)), "red");
    EXPECT_EQ(ask_as(number_of(other_)), "secret of the other");
  }
  EXPECT_EQ(failure_of("EXECUTE look"), "22P02") << "after SET LOCAL it is empty";
  EXPECT_EQ(failure_of("INSERT INTO scope VALUES ('a', 1, 'b', 'c')"), "22P02");
  EXPECT_EQ(failure_of("SET doppel.sandbox = 99999; INSERT INTO scope VALUES ('a', 1, 'b', 'c')"),
            "P0001");
}

/// No right keeps a sandbox from it that may write its rows.
TEST_F(SharedRights, ALockOnATableIsOneForAllSandboxes) {
  link_->run_script("BEGIN; LOCK TABLE queue IN SHARE MODE");
  Link other({.dsn = dsn_of(other_), .access = Access::kReadWrite});
  EXPECT_EQ(rows_of(other.run_script("SELECT count(*) FROM queue").get())[0][0], Value(5));
  std::string state = "00000";
  try {
    other.run_script("SET lock_timeout = '50ms'; UPDATE queue SET active = true");
  } catch (const ServerError& error) {
    state = error.problem().sqlstate;
  }
  EXPECT_EQ(state, "55P03");
  link_->run_script("ROLLBACK");
  other.run_script("UPDATE queue SET active = true");
  EXPECT_EQ(tell("SELECT count(*) FROM queue WHERE NOT active"), Lines{"1"});
  expect_refused("BEGIN; LOCK TABLE ticket IN SHARE MODE");
  expect_refused("BEGIN; LOCK TABLE public.queue IN ACCESS SHARE MODE");
}

int run_command(const std::string& command, std::string& said) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) said += static_cast<char>(c);
  return ::pclose(pipe);
}

TEST_F(SharedRights, TheOwnersDumpIsWholeAndRevivesNothingElsewhere) {
  link_->run_script("SELECT lo_from_bytea(0, 'left behind')");
  live_.run("SELECT lo_from_bytea(77, 'of live')", "doppel_owner");
  expect_refused("SELECT lo_get(77)");
  const std::string file = (folder_ / "dump.sql").string();
  std::string said;
  run_command("pg_dump --dbname='" + live_.dsn("doppel_owner") + "' --file=" + file, said);
  EXPECT_EQ(said, "");
  std::ifstream stream(file);
  std::stringstream dump;
  dump << stream.rdbuf();
  for (const char* part : {"COPY public.queue", "COPY zz_doppel_rows_1.queue",
                           "COPY doppel.shared_sandbox", "secret of the other"}) {
    EXPECT_THAT(dump.str(), HasSubstr(part));
  }
  const std::string dsn = dsn_of(spec_);
  const std::string password = dsn.substr(dsn.find(':', 13) + 1, 64);
  EXPECT_THAT(dump.str(), Not(AnyOf(HasSubstr(password), HasSubstr("SCRAM"))));

  // Into another database of the same cluster, where the roles are the same ones.
  const TestDatabase elsewhere;
  elsewhere.run("GRANT CREATE ON SCHEMA public TO doppel_owner; GRANT CREATE ON DATABASE " +
                elsewhere.name() + " TO doppel_owner");
  said.clear();
  run_command("psql -qX --dbname='" + elsewhere.dsn("doppel_owner") + "' --file=" + file, said);
  Link restored({.dsn = elsewhere.dsn("doppel_owner")});
  EXPECT_EQ(rows_of(restored.run_script("SELECT count(*) FROM public.queue").get())[0][0], Value(3))
      << said;
  std::string other_dsn = dsn;
  other_dsn.replace(other_dsn.find("/" + live_.name()), live_.name().size() + 1,
                    "/" + elsewhere.name());
  std::string failed = "it went well";
  try {
    Link(OpenOptions{.dsn = other_dsn}).run_script("SELECT * FROM zz_doppel_view_1.scope");
  } catch (const Error& error) {
    failed = error.what();
  }
  EXPECT_THAT(failed, AnyOf(HasSubstr("another database"), HasSubstr("permission denied")));

  overlays().remove(other_);
  link_.reset();
  overlays().remove(spec_);
  said.clear();
  run_command("pg_dump --dbname='" + live_.dsn("doppel_owner") + "' --file=" + file, said);
  EXPECT_EQ(said, "") << "and after the last sandbox";
}

TEST_F(SharedRights, ALiveThatEverybodyMayWriteIsRefused) {
  live_.run("GRANT UPDATE ON ticket TO PUBLIC", "doppel_owner");
  database::OverlaySpec third = spec_;
  third.folder += "c";
  try {
    overlays().create(third);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_EQ(error.place(), "public.ticket");
  }
}

}  // namespace
}  // namespace doppel::postgres::testing
