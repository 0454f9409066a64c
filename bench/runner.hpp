#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/flush_meter.hpp"

/// A small runner: benchmarks measure laps, first assert that what they measure is right, and
/// report lines of one table.
namespace doppel::bench {

/// One timed run, in milliseconds.
struct Lap {
  double work = 0;   ///< by the clock on the wall, without those spent flushing files
  double flush = 0;  ///< these
  double cpu = 0;    ///< of this process: says more than the clock while others use the machine
};

Lap between(const Moment& start, const Moment& end);

template <class Work>
Lap lap(Work&& work) {
  const Moment start = moment();
  work();
  return between(start, moment());
}

/// Laps of one thing; the median is what counts.
struct Laps {
  std::vector<double> work, flush, cpu;
  void add(Lap lap) {
    work.push_back(lap.work);
    flush.push_back(lap.flush);
    cpu.push_back(lap.cpu);
  }
  bool empty() const { return work.empty(); }
};

template <class Work>
Laps laps(int runs, Work&& work) {
  Laps all;
  for (int run = 0; run < runs; ++run) all.add(lap(work));
  return all;
}

double median(std::vector<double> values);

struct Peer {
  std::string name;
  /// None: it isn't there, and `why_absent` says so.
  Laps laps;
  std::string why_absent;
};

/// What the ratio to the peer is of. Processor time is the fairer one where both run in this
/// process and compute; copies and other processes are compared by the clock.
enum class Basis { kClock, kProcessor };

/// One line of the table. Milliseconds everywhere.
struct Line {
  std::string name;
  Laps laps;                              ///< none: not measurable in this build, see note
  std::optional<double> most = {};        ///< the target: at most so many milliseconds
  std::optional<double> most_ratio = {};  ///< the target: at most so many times the peer
  std::optional<Peer> peer = {};
  Basis basis = Basis::kClock;
  std::string note = {};
};

enum class Met { kNoTarget, kUnknown, kYes, kNo };
Met met(const Line& line);

class Report {
 public:
  void add(Line line);
  const std::vector<Line>& lines() const { return lines_; }

 private:
  std::vector<Line> lines_;
};

std::string table(const std::vector<Line>& lines);
std::string json_document(const std::vector<Line>& lines);

/// Ends the benchmark with a message: its result is wrong, so its speed is of no interest.
void require(bool holds, const std::string& what);

struct Benchmark {
  std::string name;
  std::function<void(Report&)> run;
};

/// Every benchmark, in the order of the table; each is defined in the file of its name.
std::vector<Benchmark> all_benchmarks();

void bench_create(Report& report);
void bench_diff(Report& report);
void bench_merge_million(Report& report);
void bench_merge_config(Report& report);
void bench_promote(Report& report);
void bench_stalls(Report& report);
void bench_reset(Report& report);
void bench_reads(Report& report);
void bench_postgres_create(Report& report);
void bench_postgres_million(Report& report);
void bench_postgres_diff(Report& report);
void bench_postgres_merge(Report& report);
void bench_postgres_promote(Report& report);
void bench_postgres_beside(Report& report);
void bench_postgres_views(Report& report);
void bench_postgres_rows(Report& report);

}  // namespace doppel::bench
