#include <fmt/core.h>

#include "adapters/postgres/values.hpp"
#include "bench/postgres_stand.hpp"

/// Reads of data that a sandbox writes over live's rows: a million of them, a hundred changed, on
/// live and in the sandbox, by prepared statements.
namespace doppel::bench {
namespace {

using postgres::Link;

constexpr int kRuns = 7;

constexpr const char* kData = R"(
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE tickets (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE, customer_id bigint
  NOT NULL REFERENCES customers, amount integer NOT NULL);
INSERT INTO customers SELECT i, 'customer ' || i FROM generate_series(1, 100000) AS i;
INSERT INTO tickets (name, customer_id, amount) SELECT 'ticket ' || i, i % 100000 + 1, i % 100
  FROM generate_series(1, 1000000) AS i;
CREATE INDEX of_customer ON tickets (customer_id))";

struct Query {
  std::string name, sql;
  double most_ratio;
  int times;
};

std::vector<Query> queries() {
  return {
      {"point", "SELECT * FROM tickets WHERE id = $1", 2, 2000},
      {"outer join for one row",
       "SELECT c.name, t.id, t.amount FROM customers AS c LEFT JOIN tickets AS t ON t.customer_id "
       "= c.id WHERE c.id = $1 ORDER BY t.id",
       20, 500},
      {"the last ten", "SELECT * FROM tickets WHERE id > $1 ORDER BY id DESC LIMIT 10", 20, 500},
      {"grouped join of all",
       "SELECT c.id % 10 AS part, count(*), sum(t.amount) FROM customers AS c JOIN tickets AS t ON "
       "t.customer_id = c.id WHERE c.id > $1 GROUP BY part ORDER BY part",
       3, 1},
  };
}

std::string answer(Link& link, int key) {
  std::string text;
  const auto result = link.run_script(fmt::format("EXECUTE query({})", key));
  for (const Row& row : postgres::rows_of(result.get())) text += display(row) + "\n";
  return text;
}

/// Keys that nobody changed.
Lap run(Link& link, const Query& query) {
  return lap([&] {
    for (int i = 0; i < query.times; ++i) {
      (void)link.run_script(
          fmt::format("EXECUTE query({})", query.times == 1 ? 0 : 7 + i % 90000 * 10));
    }
  });
}

void compare(Link& live, Link& sandbox, Report& report) {
  for (const Query& query : queries()) {
    for (Link* link : {&live, &sandbox}) {
      link->run_script("DEALLOCATE ALL; PREPARE query (bigint) AS " + query.sql);
    }
    for (const int key : {0, 7, 17, 4711}) {
      require(answer(live, key) == answer(sandbox, key), "the sandbox answers other rows");
    }
    Line line{.name = "read, written data over live: " + query.name,
              .laps = {},
              .most_ratio = query.most_ratio,
              .peer = Peer{.name = "live", .laps = {}, .why_absent = {}}};
    for (int i = 0; i < kRuns; ++i) {
      line.peer->laps.add(run(live, query));
      line.laps.add(run(sandbox, query));
    }
    report.add(std::move(line));
  }
}

}  // namespace

void bench_postgres_views(Report& report) {
  PostgresStand stand(kData);
  stand.live().run("VACUUM ANALYZE");
  database::OverlaySpec spec = stand.spec("copy", "views");
  spec.data_writes = database::DataWrites::kAll;
  for (database::TrackedTable& table : spec.tables) {
    table.kind = database::TrackedTable::Kind::kData;
  }
  stand.overlays().create(spec);
  {
    Link live({.dsn = stand.live().dsn()});
    Link sandbox({.dsn = stand.overlays().access_for_application(spec).dsn,
                  .access = database::Access::kReadWrite});
    // A hundred rows are the sandbox's own, and equal to live's in what is asked.
    sandbox.run_script("UPDATE tickets SET name = name || '.' WHERE id % 10000 = 5000");
    stand.live().run("ANALYZE", "postgres");
    compare(live, sandbox, report);
  }
  stand.overlays().remove(spec);
}

}  // namespace doppel::bench
