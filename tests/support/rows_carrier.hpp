#pragma once

#include "tests/support/copy_carrier.hpp"

namespace doppel::postgres::testing {

/// The shop without what tables that sandboxes share can't hold.
inline constexpr const char* kSharableShop = R"sql(
DROP RULE keep_global ON scope;
DROP POLICY template_of_active ON template;
ALTER TABLE template DISABLE ROW LEVEL SECURITY;
CREATE TABLE route (LIKE routing INCLUDING ALL);
INSERT INTO route SELECT * FROM routing;
DROP TABLE routing;
ALTER TABLE route RENAME TO routing;
ALTER TABLE routing ADD FOREIGN KEY (queue_id) REFERENCES queue;
)sql";

/// A sandbox of it by the carrier rows.
class RowsCarrier : public CopyCarrier {
 protected:
  explicit RowsCarrier(const std::string& more = "")
      : CopyCarrier("rows", std::string(kSharableShop) + more) {}
};

}  // namespace doppel::postgres::testing
