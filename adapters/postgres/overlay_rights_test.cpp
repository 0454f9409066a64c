#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/support/copy_carrier.hpp"

/// What a sandbox must not be able to do, tried.
namespace doppel::postgres::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class SandboxRights : public CopyCarrier {
 protected:
  void expect_refused(const std::string& sql) {
    EXPECT_THAT(failure(sql), AnyOf(HasSubstr("permission denied"), HasSubstr("must be owner")))
        << sql;
  }
};

TEST_F(SandboxRights, LivesConfigIsOutOfReach) {
  overlays().create(spec_);
  for (const char* table : {"queue", "sla", "\"Step\"", "template", "scope", "routing",
                            "routing_eu", "active_queue", "queue_report"}) {
    expect_refused(std::string("SELECT * FROM public.") + table);
  }
  expect_refused("UPDATE public.queue SET name = 'x'");
  expect_refused("DELETE FROM public.scope");
  expect_refused("TRUNCATE public.scope");
  expect_refused("SET search_path = public; SELECT * FROM queue");
  EXPECT_EQ(ask("SET search_path = public; RESET search_path; SELECT count(*) FROM queue"),
            Lines{"3"});
  EXPECT_EQ(ask_live("SELECT count(*) FROM queue"), Lines{"3"});
}

TEST_F(SandboxRights, LivesDataIsForReading) {
  overlays().create(spec_);
  EXPECT_EQ(ask("SELECT count(*) FROM ticket"), Lines{"2"});
  expect_refused("INSERT INTO ticket (queue_id, subject) VALUES (1, 'x')");
  expect_refused("UPDATE ticket SET subject = 'x'");
  expect_refused("DELETE FROM agent");
  expect_refused("TRUNCATE audit_log");
  expect_refused("SELECT * FROM ticket FOR UPDATE");
  expect_refused("BEGIN; LOCK TABLE ticket IN EXCLUSIVE MODE");
  expect_refused("SELECT setval('queue_id_seq', 1)");
  expect_refused("DROP TABLE ticket");
  expect_refused("ALTER TABLE ticket ADD COLUMN x int");
  expect_refused("CREATE TABLE public.mine (x int)");
  const auto sandbox = overlays().open(spec_, Access::kReadWrite);
  try {
    sandbox->open_session("anna")->run("SELECT 1;\nUPDATE ticket SET subject = 'x'", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kLiveIsReadOnly) << error.what();
    EXPECT_EQ(error.place(), "line 2");
  }
}

TEST_F(SandboxRights, ItsOwnMachineryIsOutOfReach) {
  overlays().create(spec_);
  expect_refused("DELETE FROM doppel_capture");
  expect_refused("SELECT * FROM doppel_capture");
  expect_refused("UPDATE doppel_mark SET value = ''");
  expect_refused("ALTER TABLE scope DISABLE TRIGGER ALL");
  expect_refused("DROP TRIGGER doppel_update ON scope");
  expect_refused("SET session_replication_role = replica");
  expect_refused("DROP TABLE scope");
  expect_refused("CREATE TABLE mine (x int)");
  expect_refused("SELECT * FROM doppel.sandbox");
  expect_refused("CREATE ROLE mine");
  run("CREATE TEMPORARY TABLE scope (x int)");
}

TEST_F(SandboxRights, OtherSandboxesAreOutOfReach) {
  overlays().create(spec_);
  database::OverlaySpec other = spec_;
  other.folder += "b";
  overlays().create(other);
  const std::string id = other.folder.filename().string();
  expect_refused("SELECT * FROM zz_doppel_" + id + ".scope");
  expect_refused("UPDATE zz_doppel_" + id + ".scope SET value = 'x'");
  expect_refused("SET search_path = zz_doppel_" + id + ", public; SELECT * FROM scope");
  for (const std::string& role : {"doppel_" + id, std::string("doppel_admin"),
                                  std::string("doppel_owner"), std::string("postgres")}) {
    expect_refused("SET ROLE " + role);
    expect_refused("SET SESSION AUTHORIZATION " + role);
  }
  run("UPDATE scope SET value = 'mine'");
  EXPECT_EQ(overlays().open(other, Access::kReadOnly)->read_changes().size(), 0U);
  overlays().remove(other);
  EXPECT_EQ(ask("SELECT count(*) FROM ticket"), Lines{"2"}) << "what both read stays readable";
}

/// A cascade runs the trigger as the copies' owner, which is doppel's own role: what the sandbox
/// shadows must not be seen there.
class CuriousTrigger : public CopyCarrier {
 protected:
  CuriousTrigger()
      : CopyCarrier("copy",
                    "CREATE FUNCTION sla_goes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF "
                    "EXISTS (SELECT FROM queue WHERE name = 'nobody') THEN RAISE EXCEPTION 'no'; "
                    "END IF; RETURN OLD; END $$; CREATE TRIGGER sla_goes BEFORE DELETE ON sla FOR "
                    "EACH ROW EXECUTE FUNCTION sla_goes()") {}
};

TEST_F(CuriousTrigger, SeesNothingThatTheSandboxShadows) {
  overlays().create(spec_);
  const std::string schema = "zz_doppel_" + spec_.folder.filename().string();
  EXPECT_EQ(ask("CREATE TEMPORARY TABLE said (who text); GRANT ALL ON said TO PUBLIC; "
                "CREATE FUNCTION pg_temp.evil() RETURNS citext LANGUAGE plpgsql AS $$ BEGIN INSERT "
                "INTO pg_temp.said VALUES (current_user::text); RETURN 'x'; END $$; "
                "CREATE TEMPORARY VIEW queue AS SELECT 1 AS id, pg_temp.evil() AS name; "
                "GRANT ALL ON queue TO PUBLIC; DELETE FROM " +
                schema + ".routing; DELETE FROM " + schema + ".\"Step\"; DELETE FROM " + schema +
                ".template; DELETE FROM " + schema + ".queue WHERE id = 2; SELECT * FROM said"),
            Lines{});
}

TEST_F(SandboxRights, AWritableLiveIsRefused) {
  live_.run("GRANT UPDATE ON ticket TO PUBLIC", "doppel_owner");
  try {
    overlays().create(spec_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_EQ(error.place(), "public.ticket");
  }
  live_.run("REVOKE UPDATE ON ticket FROM PUBLIC; GRANT SELECT ON queue TO PUBLIC", "doppel_owner");
  overlays().create(spec_);
  EXPECT_THAT(overlays().access_for_application(spec_).remarks,
              ::testing::Contains(HasSubstr("everybody may read live's public.queue")));
}

TEST_F(SandboxRights, TheOwnersDumpIsWholeAndLogsInNowhere) {
  overlays().create(spec_);
  const std::string file = (folder_ / "dump.sql").string();
  const std::string command =
      "pg_dump --dbname='" + live_.dsn("doppel_owner") + "' --file=" + file + " 2>&1";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string said;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
    said += static_cast<char>(c);
  }
  EXPECT_EQ(said, "");
  std::ifstream stream(file);
  std::stringstream dump;
  dump << stream.rdbuf();
  EXPECT_THAT(dump.str(), HasSubstr("COPY public.queue"));
  EXPECT_THAT(dump.str(), HasSubstr("COPY zz_doppel_"));
  EXPECT_THAT(dump.str(), HasSubstr("COPY doppel.sandbox"));
  const std::string dsn = overlays().access_for_application(spec_).dsn;
  const std::string password = dsn.substr(dsn.find(':', 13) + 1, 64);
  EXPECT_THAT(dump.str(), ::testing::Not(HasSubstr(password)));
  EXPECT_THAT(dump.str(), ::testing::Not(HasSubstr("SCRAM")));
}

}  // namespace
}  // namespace doppel::postgres::testing
