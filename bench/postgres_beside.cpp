#include <chrono>
#include <functional>
#include <memory>

#include <fmt/core.h>
#include <unistd.h>

#include "bench/postgres_load.hpp"
#include "bench/postgres_stand.hpp"

/// E9: what users of live wait beside sandboxes: that rest, that somebody works in, that run away.
/// Each is measured in windows of its own, one after the other and again; the same users alone
/// before there is a sandbox.
namespace doppel::bench {
namespace {

constexpr int kRounds = 5;
constexpr auto kWindow = std::chrono::seconds(3);
constexpr int kSandboxes = 5;
constexpr int kSessions = 2;  ///< that stay open, in each of them

struct UsersOfLive {
  explicit UsersOfLive(const PostgresStand& stand)
      : reader("live-reader", stand.live().dsn(),
               "\\set key random(1, 500)\nSELECT t.name, p.name FROM t10 AS t JOIN t09 AS p ON "
               "p.id = t.parent_id WHERE t.id = :key;"),
        writer("live-writer", stand.live().dsn(),
               "\\set key random(1, 20000)\nUPDATE entries SET amount = amount + 1 WHERE id = "
               ":key;") {}
  PostgresLoad reader, writer;
};

struct Beside {
  std::string name;
  /// What goes on during the window ends with what it returns.
  std::function<std::shared_ptr<void>()> begin;
  Laps reader = {}, writer = {};
};

void look(const PostgresStand& stand, Beside& beside) {
  const std::shared_ptr<void> goes_on = beside.begin ? beside.begin() : nullptr;
  UsersOfLive users(stand);
  ::usleep(std::chrono::microseconds(kWindow).count());
  beside.reader.add({.work = users.reader.stop().p99});
  beside.writer.add({.work = users.writer.stop().p99});
}

/// A person's pace: twenty statements a second.
std::shared_ptr<void> work_in(const std::string& dsn) {
  return std::make_shared<PostgresLoad>(
      "sandbox", dsn,
      "\\set key random(1, 500)\nSELECT name, label FROM t03 WHERE id = :key;\n"
      "UPDATE t03 SET label = 'mine' WHERE id = :key;",
      "20");
}

class Runaway {
 public:
  explicit Runaway(const std::string& dsn)
      : link_({.dsn = dsn, .access = database::Access::kReadWrite}) {
    link_.start("SELECT count(*) FROM t00 AS a, t01 AS b, t02 AS c, t03 AS d");
  }
  Runaway(const Runaway&) = delete;
  Runaway& operator=(const Runaway&) = delete;
  ~Runaway() {
    if (PGcancel* cancel = PQgetCancel(link_.handle())) {
      char message[256];
      PQcancel(cancel, message, sizeof message);
      PQfreeCancel(cancel);
    }
  }

 private:
  postgres::Link link_;
};

void add_lines(const Beside& beside, const Beside& alone, Report& report) {
  for (const bool reads : {true, false}) {
    Line line{.name = fmt::format("p99 of live's {} {}", reads ? "reader" : "writer", beside.name),
              .laps = reads ? beside.reader : beside.writer,
              .most_ratio = 1.05};
    line.peer =
        Peer{.name = "alone", .laps = reads ? alone.reader : alone.writer, .why_absent = {}};
    report.add(std::move(line));
  }
}

}  // namespace

void bench_postgres_beside(Report& report) {
  PostgresStage stage(cfg_script(), config_manifest(kCfgTables));
  std::vector<std::string> sandboxes;
  std::vector<std::unique_ptr<postgres::Link>> sessions;
  Beside alone{.name = "alone", .begin = {}};
  for (int round = 0; round < kRounds; ++round) look(stage.stand(), alone);
  for (int number = 0; number < kSandboxes; ++number) {
    sandboxes.push_back(
        stage.create(fmt::format("s{}", number), number % 2 == 0 ? "copy" : "rows"));
    for (int session = 0; session < kSessions; ++session) {
      sessions.push_back(
          std::make_unique<postgres::Link>(postgres::OpenOptions{.dsn = sandboxes.back()}));
    }
  }
  std::vector<Beside> all(3);
  all[0] = {.name = "beside sandboxes that rest", .begin = {}};
  all[1] = {.name = "beside one that is worked in", .begin = [&] { return work_in(sandboxes[0]); }};
  all[2] = {.name = "beside one that runs away",
            .begin = [&] { return std::make_shared<Runaway>(sandboxes[0]); }};
  for (int round = 0; round < kRounds; ++round) {
    for (Beside& beside : all) look(stage.stand(), beside);
  }
  for (const Beside& beside : all) add_lines(beside, alone, report);
  sessions.clear();
}

}  // namespace doppel::bench
