#include "ground.hpp"

#include "adapters/postgres/database.hpp"
#include "adapters/sqlite/database.hpp"
#include "tests/support/cluster.hpp"

namespace doppel::testing {
namespace {

class SqliteGround final : public Ground {
 public:
  explicit SqliteGround(const std::filesystem::path& folder) : file_(folder / "live.db") {}
  std::string dsn() const override { return "sqlite:" + file_.string(); }
  std::string live() const override { return file_.string(); }

 private:
  std::filesystem::path file_;
};

class PostgresqlGround final : public Ground {
 public:
  std::string dsn() const override { return database_.dsn(); }
  std::string live() const override { return database_.dsn("doppel_owner"); }

 private:
  TestDatabase database_{""};
};

}  // namespace

std::string carrier_name(Carrier carrier) {
  switch (carrier) {
    case Carrier::kFile:
      return "file";
    case Carrier::kSplit:
      return "split";
    case Carrier::kCopy:
      break;
  }
  return "copy";
}

std::unique_ptr<Ground> make_ground(Carrier carrier, const std::filesystem::path& folder) {
  if (is_sqlite(carrier)) return std::make_unique<SqliteGround>(folder);
  return std::make_unique<PostgresqlGround>();
}

std::unique_ptr<database::Database> attach_any(const std::string& dsn) {
  if (dsn.starts_with("postgresql:")) return postgres::attach(dsn);
  return sqlite::attach(dsn.substr(dsn.find(':') + 1));
}

}  // namespace doppel::testing
