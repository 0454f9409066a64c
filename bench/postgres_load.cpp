#include "bench/postgres_load.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>

#include <sys/wait.h>
#include <unistd.h>

#include "base/files.hpp"
#include "bench/runner.hpp"

namespace doppel::bench {
PostgresLoad::PostgresLoad(const std::string& name, const std::string& dsn,
                           const std::string& statement, const std::string& rate)
    : folder_(fresh_folder("load-" + name)) {
  const fs::path script = folder_ / "script.sql";
  write_file(script, statement + "\n");
  const std::string log = "--log-prefix=" + (folder_ / "log").string();
  const std::string file = "--file=" + script.string();
  process_ = ::fork();
  require(process_ >= 0, "no process");
  if (process_ > 0) return;
  const std::string said = (folder_ / "said").string();
  if (std::freopen(said.c_str(), "w", stdout) == nullptr) ::_exit(1);
  if (std::freopen(said.c_str(), "a", stderr) == nullptr) ::_exit(1);
  ::execlp("pgbench", "pgbench", "--no-vacuum", "--log", log.c_str(), file.c_str(), "--rate",
           rate.c_str(), "--protocol=prepared", "--time=60", "--random-seed=1", dsn.c_str(),
           nullptr);
  ::_exit(1);
}

PostgresLoad::~PostgresLoad() {
  if (process_ > 0) stop();
}

Waits PostgresLoad::stop() {
  // As if its time were over: it ends its transaction and its log.
  ::kill(process_, SIGALRM);
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = 0;
  std::vector<double> waits;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    if (!entry.path().filename().string().starts_with("log")) continue;
    std::ifstream log(entry.path());
    std::string line;
    while (std::getline(log, line)) {
      std::istringstream fields(line);
      double client = 0;
      double number = 0;
      double microseconds = 0;
      if (fields >> client >> number >> microseconds) waits.push_back(microseconds / 1000);
    }
  }
  require(!waits.empty() && WIFEXITED(status) && WEXITSTATUS(status) == 0,
          "pgbench failed: " + (folder_ / "said").string());
  std::ranges::sort(waits);
  return {.p99 = waits[waits.size() * 99 / 100],
          .most = waits.back(),
          .transactions = static_cast<std::int64_t>(waits.size())};
}

}  // namespace doppel::bench
