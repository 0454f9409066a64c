#include <array>
#include <chrono>
#include <csignal>

#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/raw.hpp"
#include "bench/runner.hpp"
#include "bench/stage.hpp"

/// How long live's users wait while a promotion of 1,000 rows runs: one process reads a row after
/// the other, one writes them, each statement a transaction of its own.
namespace doppel::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kRuns = 3;
constexpr auto kBreath = std::chrono::milliseconds(200);

enum class User { kReader, kWriter };

/// A user of live in a process of its own; stop() answers its longest wait in milliseconds.
class Busy {
 public:
  Busy(const fs::path& live, User user) {
    require(::pipe(pipe_.data()) == 0, "no pipe");
    process_ = ::fork();
    require(process_ >= 0, "no process");
    if (process_ == 0) work(live, user);
    ::close(pipe_[1]);
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() { stop(); }

  double stop() {
    if (process_ <= 0) return longest_;
    ::kill(process_, SIGTERM);
    if (::read(pipe_[0], &longest_, sizeof longest_) != sizeof longest_) longest_ = -1;
    ::waitpid(process_, nullptr, 0);
    ::close(pipe_[0]);
    process_ = 0;
    return longest_;
  }

 private:
  static inline volatile std::sig_atomic_t told_to_stop = 0;

  [[noreturn]] void work(const fs::path& live, User user) const {
    std::signal(SIGTERM, [](int) { told_to_stop = 1; });
    double longest = -1;
    try {
      longest = longest_wait(live, user);
    } catch (const std::exception& failure) {
      fmt::print(stderr, "{}\n", failure.what());
    }
    const bool told = ::write(pipe_[1], &longest, sizeof longest) == sizeof longest;
    ::_exit(told ? 0 : 1);
  }

  static double longest_wait(const fs::path& live, User user) {
    Raw database(live);
    database.run("PRAGMA synchronous = OFF");
    RawStatement statement(database, user == User::kReader
                                         ? "SELECT * FROM t10 WHERE id = ?1"
                                         : "UPDATE entries SET amount = amount + 1 WHERE id = ?1");
    std::chrono::duration<double, std::milli> longest{};
    for (std::int64_t i = 0; told_to_stop == 0; ++i) {
      const auto start = Clock::now();
      statement.bind(1, 1 + i % kCfgRows).run();
      longest = std::max(longest, std::chrono::duration<double, std::milli>(Clock::now() - start));
      ::usleep(100);
    }
    return longest.count();
  }

  std::array<int, 2> pipe_{};
  pid_t process_ = 0;
  double longest_ = -1;
};

struct Stalls {
  Laps reader, writer;
};

void wait_a_moment() { ::usleep(std::chrono::microseconds(kBreath).count()); }

Stalls measure(const std::string& journal, bool promote) {
  Stalls stalls;
  for (int run = 0; run < kRuns; ++run) {
    Stage stage("stalls", cfg_database(), cfg_manifest());
    Raw(stage.live()).run("PRAGMA journal_mode = " + journal);
    const fs::path sandbox = stage.create("qa");
    Raw(sandbox).run(edit_cfg(1000));
    const plan::Plan plan = stage.doppel().plan({"app", "qa"}, {});
    Busy reader(stage.live(), User::kReader);
    Busy writer(stage.live(), User::kWriter);
    wait_a_moment();
    if (promote) stage.doppel().promote({"app", "qa"}, plan.hash.text);
    wait_a_moment();
    stalls.reader.add({.work = reader.stop()});
    stalls.writer.add({.work = writer.stop()});
    require(stalls.reader.work.back() >= 0 && stalls.writer.work.back() >= 0,
            "a user of live failed");
  }
  return stalls;
}

}  // namespace

void bench_stalls(Report& report) {
  for (const std::string journal : {"delete", "wal"}) {
    const Stalls quiet = measure(journal, false);
    const Stalls promoting = measure(journal, true);
    report.add({.name = "longest wait of a reader, journal " + journal,
                .laps = promoting.reader,
                .peer = Peer{.name = "no promotion", .laps = quiet.reader, .why_absent = {}},
                .note = "while 1,000 rows of CFG are promoted, flushes included"});
    report.add({.name = "longest wait of a writer, journal " + journal,
                .laps = promoting.writer,
                .peer = Peer{.name = "no promotion", .laps = quiet.writer, .why_absent = {}}});
  }
}

}  // namespace doppel::bench
