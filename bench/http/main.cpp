// http_bench [REQUESTS]: the server with a trivial handler in a process of its own; requests a
// second, median and 99th percentile, and the server's processor time for each. Then ten thousand
// idle connections, as far as the limit of open files lets: what they cost, and a request among
// them.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/http/load.hpp"
#include "net/server.hpp"

namespace doppel::bench {
namespace {

constexpr std::size_t kConnections = 32;
constexpr std::size_t kIdle = 10'000;
constexpr std::size_t kLaps = 5;
constexpr double kPerSecond = 1e6;

/// The server, in a child process, so that its processor time is its own.
class Child {
 public:
  explicit Child(std::size_t workers) {
    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) serve(workers, pipe[1]);
    ::close(pipe[1]);
    if (::read(pipe[0], &port_, sizeof(port_)) != sizeof(port_)) std::abort();
    ::close(pipe[0]);
  }
  ~Child() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  std::uint16_t port() const { return port_; }

  /// Microseconds that the server has used; ticks of the kernel are coarse, runs must be long.
  double processor() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
    std::string word;
    std::vector<std::string> words;
    while (file >> word) words.push_back(word);
    const double ticks = std::stod(words.at(13)) + std::stod(words.at(14));
    return ticks * kPerSecond / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  double resident_kib() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
    std::string line;
    while (std::getline(file, line)) {
      if (line.starts_with("VmRSS:")) return std::stod(line.substr(6));
    }
    return 0;
  }

 private:
  [[noreturn]] static void serve(std::size_t workers, int port_to) {
    const SystemClock clock;
    SeededRandom random(1);
    net::ServerSettings settings{.workers = workers};
    settings.stop_signals = net::StopSignals::kHeeded;
    const net::Handler handler = [](const http::Request&) {
      return http::text_response(R"({"id":"7","subject":"a small answer"})", "application/json");
    };
    net::Server server(settings, handler, {.clock = clock, .random = random});
    const std::uint16_t port = server.port();
    if (::write(port_to, &port, sizeof(port)) != sizeof(port)) std::abort();
    server.run();
    std::_Exit(0);
  }

  pid_t pid_ = 0;
  std::uint16_t port_ = 0;
};

double percentile(const std::vector<double>& sorted, double part) {
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

void measure_requests(std::size_t workers, std::size_t count) {
  const Child child(workers);
  Connections connections(child.port(), kConnections);
  const std::string request = "GET /api/v1/cases/7 HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::size_t bytes = connections.answer_bytes(request);
  connections.ask(request, bytes, count / 10);
  struct Lap {
    double per_second, median, high, processor;
  };
  std::vector<Lap> laps;
  for (std::size_t i = 0; i < kLaps; ++i) {
    const double before = child.processor();
    const auto start = std::chrono::steady_clock::now();
    std::vector<double> taken = connections.ask(request, bytes, count);
    const std::chrono::duration<double> all = std::chrono::steady_clock::now() - start;
    const double used = child.processor() - before;
    std::ranges::sort(taken);
    const auto requests = static_cast<double>(count);
    laps.push_back(
        {requests / all.count(), percentile(taken, 0.5), percentile(taken, 0.99), used / requests});
  }
  const auto median = [&](double Lap::* member) {
    std::ranges::nth_element(laps, laps.begin() + kLaps / 2, {}, member);
    return laps[kLaps / 2].*member;
  };
  fmt::print(
      "small GET, {} connections, {} workers: {:.0f} requests/s, median {:.0f} us, "
      "p99 {:.0f} us, server's processor {:.1f} us each\n",
      kConnections, workers, median(&Lap::per_second), median(&Lap::median), median(&Lap::high),
      median(&Lap::processor));
}

void measure_idle() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  constexpr std::size_t kOthers = 100;
  const std::size_t count = std::min<std::size_t>(kIdle - kConnections, limit.rlim_cur - kOthers);
  const Child child(2);
  const double resident = child.resident_kib();
  const Connections idle(child.port(), count);
  Connections busy(child.port(), 1);
  const std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::size_t bytes = busy.answer_bytes(request);
  std::vector<double> taken = busy.ask(request, bytes, 2000);
  std::ranges::sort(taken);
  const double grown = child.resident_kib() - resident;
  const double before = child.processor();
  constexpr unsigned kSeconds = 5;
  ::sleep(kSeconds);
  const double used = (child.processor() - before) / kPerSecond / kSeconds * 100;
  fmt::print(
      "{} idle connections: {:.1f} KiB each, {:.1f} % of one processor; a request among "
      "them: median {:.0f} us; server without them {:.0f} KiB\n",
      count, grown / static_cast<double>(count), used, percentile(taken, 0.5), resident);
}

}  // namespace
}  // namespace doppel::bench

int main(int count, char** arguments) {
  const std::size_t requests = count > 1 ? std::stoul(arguments[1]) : 100'000;
  doppel::bench::measure_requests(1, requests);
  doppel::bench::measure_requests(2, requests);
  doppel::bench::measure_requests(4, requests);
  doppel::bench::measure_idle();
  return 0;
}
