#include "adapters/sqlite/ddl.hpp"

#include <gtest/gtest.h>

namespace doppel::sqlite {
namespace {

/// With everything but queues cut off.
std::string cut(std::string_view definition) {
  return without_foreign_keys(definition,
                              [](const std::string& target) { return target == "queues"; });
}

TEST(Ddl, KeepsWhatStaysTogether) {
  const std::string text = "CREATE TABLE t (a REFERENCES queues, \"REFERENCES tickets\" INT)";
  EXPECT_EQ(cut(text), text);
}

TEST(Ddl, CutsClausesOfColumns) {
  EXPECT_EQ(cut("CREATE TABLE t (a INT NOT NULL REFERENCES tickets, b)"),
            "CREATE TABLE t (a INT NOT NULL  , b)");
  EXPECT_EQ(cut("CREATE TABLE t (a INT REFERENCES tickets(id) ON DELETE CASCADE NOT NULL)"),
            "CREATE TABLE t (a INT   NOT NULL)");
  EXPECT_EQ(cut("CREATE TABLE t (a CONSTRAINT f REFERENCES [tickets] ON UPDATE SET NULL "
                "NOT DEFERRABLE INITIALLY IMMEDIATE CHECK (a > 0))"),
            "CREATE TABLE t (a   CHECK (a > 0))");
  EXPECT_EQ(cut("CREATE TABLE t (a DEFAULT (1) REFERENCES tickets)"),
            "CREATE TABLE t (a DEFAULT (1)  )");
}

TEST(Ddl, CutsConstraintsOfTables) {
  EXPECT_EQ(cut("CREATE TABLE t (a, b, CONSTRAINT f FOREIGN KEY (a, b) REFERENCES tickets (x, y) "
                "ON DELETE NO ACTION, FOREIGN KEY (a) REFERENCES queues) STRICT"),
            "CREATE TABLE t (a, b , FOREIGN KEY (a) REFERENCES queues) STRICT");
}

TEST(Ddl, IsNotFooledByCommentsAndTexts) {
  const std::string text =
      "CREATE TABLE t (a DEFAULT 'REFERENCES tickets', -- REFERENCES tickets\n b /* REFERENCES x "
      "*/)";
  EXPECT_EQ(cut(text), text);
}

TEST(Ddl, MakesThingsTemporary) {
  EXPECT_EQ(as_temporary("CREATE VIEW v AS SELECT 1"), "CREATE TEMP VIEW v AS SELECT 1");
  EXPECT_EQ(as_temporary("SELECT 1"), "SELECT 1");
}

TEST(Ddl, FindsNamesHoweverTheyAreWritten) {
  EXPECT_TRUE(mentions("SELECT 1 FROM \"Tickets\"", {"tickets"}));
  EXPECT_TRUE(mentions("SELECT 1 FROM TICKETS", {"tickets"}));
  EXPECT_FALSE(mentions("SELECT 1 FROM tickets_old -- tickets", {"tickets"}));
}

}  // namespace
}  // namespace doppel::sqlite
