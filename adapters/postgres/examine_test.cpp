#include "adapters/postgres/examine.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace doppel::postgres
