#include "adapters/postgres/examine.hpp"

#include <gmock/gmock.h>

#include "tests/support/copy_carrier.hpp"

namespace doppel::postgres {
namespace {

std::string found_in(std::string_view statement) {
  const std::vector<std::string> tables{"tickets", "Odd Name"};
  const auto found = unbearable_in(statement, tables);
  return found ? found->table + ": " + found->what : "";
}

TEST(Examine, FindsWhatAViewOfWrittenDataCantBear) {
  EXPECT_EQ(found_in("INSERT INTO tickets (id) VALUES ($1) ON CONFLICT (id) DO NOTHING"),
            "tickets: an upsert");
  EXPECT_EQ(found_in("with n as (select 1) insert into public.\"Odd Name\" as o select * from n on "
                     "conflict on constraint c do update set a = $1"),
            "Odd Name: an upsert");
  EXPECT_EQ(found_in("MERGE INTO ONLY tickets t USING n ON t.id = n.id WHEN MATCHED THEN DELETE"),
            "tickets: a MERGE");
  EXPECT_EQ(found_in("TRUNCATE TABLE public.tickets"), "tickets: a TRUNCATE");
}

TEST(Examine, LeavesOthersAlone) {
  EXPECT_EQ(found_in(""), "");
  EXPECT_EQ(found_in("INSERT INTO tickets (id) VALUES ($1)"), "");
  EXPECT_EQ(found_in("INSERT INTO queues VALUES ($1) ON CONFLICT DO NOTHING"), "");
  EXPECT_EQ(found_in("SELECT 'insert into tickets on conflict' FROM tickets"), "");
  EXPECT_EQ(found_in("INSERT INTO log SELECT id FROM tickets ON CONFLICT DO NOTHING"), "");
  EXPECT_EQ(found_in("SELECT truncate FROM tickets"), "");
  EXPECT_EQ(found_in("INSERT INTO"), "");
  EXPECT_EQ(found_in("TRUNCATE"), "");
}

/// A role that may read and nothing else.
class ExamineRights : public testing::CopyCarrier {
 protected:
  ExamineRights() {
    live_.run("CREATE ROLE " + weak_ + " LOGIN PASSWORD 'weak'; GRANT USAGE ON SCHEMA public TO " +
                  weak_ + "; GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + weak_,
              "postgres");
    std::string dsn = live_.dsn();
    weak_dsn_ = dsn.replace(dsn.find("doppel_admin"), 12, weak_ + ":weak");
  }
  ~ExamineRights() override {
    live_.run("DROP OWNED BY " + weak_ + "; DROP ROLE " + weak_, "postgres");
  }

  std::vector<std::string> missing(const std::string& dsn) const {
    std::vector<std::string> remedies;
    for (const database::Finding& finding : attach(dsn)->examine(spec_, {})) {
      if (finding.message.starts_with("doppel's role ")) remedies.push_back(finding.remedy);
    }
    return remedies;
  }

  std::string weak_ = "weak_" + std::to_string(::getpid());
  std::string weak_dsn_;
};

TEST_F(ExamineRights, SaysWhichIsMissing) {
  const std::string create = "GRANT CREATE ON DATABASE " + live_.name() + " TO " + weak_;
  const std::string roles = "ALTER ROLE " + weak_ + " CREATEROLE";
  const std::string member = "GRANT doppel_owner TO " + weak_;
  EXPECT_THAT(missing(weak_dsn_), ::testing::ElementsAre(create, roles, member));
  live_.run(create + "; " + roles + "; " + member, "postgres");
  EXPECT_THAT(missing(weak_dsn_), ::testing::IsEmpty());
  EXPECT_THAT(missing(live_.dsn()), ::testing::IsEmpty());
}

}  // namespace
}  // namespace doppel::postgres
