#pragma once

#include <string>

#include "bench/data.hpp"

/// Users of a PostgreSQL database: pgbench with a reader or a writer, at a rate that leaves the
/// machine air, because it is waiting that is measured and not the processor.
namespace doppel::bench {

struct Waits {
  double p99 = 0, most = 0;  ///< milliseconds
  std::int64_t transactions = 0;
};

class PostgresLoad {
 public:
  /// Runs the statement again and again, so many times a second, until stop().
  PostgresLoad(const std::string& name, const std::string& dsn, const std::string& statement,
               const std::string& rate = "400");
  PostgresLoad(const PostgresLoad&) = delete;
  PostgresLoad& operator=(const PostgresLoad&) = delete;
  ~PostgresLoad();

  Waits stop();

 private:
  fs::path folder_;
  pid_t process_ = 0;
};

}  // namespace doppel::bench
