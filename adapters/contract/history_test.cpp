#include "plan/history.hpp"

#include "adapters/contract/suite.hpp"

namespace doppel::contract {
namespace {

TEST_P(Contract, KeepsPromotionsInTheTenantsDatabase) {
  if (connection->sql() == nullptr) return;  // The memory adapter has no SQL.
  database::SqlRunner& sql = *connection->sql();
  EXPECT_TRUE(plan::list_promotions(sql).empty());
  EXPECT_EQ(plan::find_promotion(sql, "id-1"), std::nullopt);
  plan::Promotion promotion;
  promotion.id = "id-1";
  promotion.source = "qa";
  promotion.plan = "hash";
  promotion.at = "now";
  promotion.by = "ada";
  promotion.config.changes.push_back(insert("areas", {1, "a", {}}));
  {
    const auto dropped = connection->begin(TransactionKind::kWrite);
    plan::prepare_history(sql);
    plan::record(sql, promotion);
  }
  EXPECT_TRUE(plan::list_promotions(sql).empty());
  {
    const auto transaction = connection->begin(TransactionKind::kWrite);
    plan::prepare_history(sql);
    EXPECT_EQ(plan::record(sql, promotion), 1);
    promotion.id = "id-2";
    promotion.reverts = 1;
    EXPECT_EQ(plan::record(sql, promotion), 2);
    transaction->commit();
  }
  EXPECT_EQ(plan::list_promotions(sql).size(), 2);
  const auto found = plan::find_promotion(sql, "id-2");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->reverts, 1);
  EXPECT_EQ(found->config, promotion.config);
  EXPECT_EQ(found->by, "ada");
  // It is doppel's own table and none of the application's.
  EXPECT_EQ(connection->read_schema().tables.size(), schema.tables.size());
  connection->sql()->execute_script("DROP TABLE " + sql.own_table("doppel_promotion"));
}

}  // namespace
}  // namespace doppel::contract
