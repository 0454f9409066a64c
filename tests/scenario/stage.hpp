#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "application.hpp"
#include "parse.hpp"
#include "process.hpp"

namespace doppel::scenario {

/// Where a scenario plays: the real binary, a real application, a folder of its own.
///
/// What the words of a scenario mean as commands and in JSON stands in stage.cpp alone.
class Stage {
 public:
  struct Programs {
    std::string doppel;             ///< path of the binary
    std::string helpdesk_manifest;  ///< path of examples/helpdesk/manifest.yaml
    /// Of sandboxes where a scenario names none; empty: doppel chooses.
    std::string carrier = {};
  };

  /// `folder` exists and is empty; who made it removes it.
  Stage(Programs programs, Database database, std::filesystem::path folder);

  /// Runs one step, unless it is the other database's. Nothing: it passed; else what was expected
  /// and what was seen.
  std::optional<std::string> run(const Step& step);

 private:
  using Outcome = std::optional<std::string>;

  Outcome given(const Step& step);
  Outcome init(const std::string& tenant, const std::string& manifest, int exit);
  Outcome run_sql(const Step& step);
  Outcome run_short(const Step& step);
  Outcome keep(const Step& step);
  Outcome expect(const Expectation& expectation);
  Outcome expect_json(const Expectation& expectation);
  Outcome expect_rows(const Expectation& expectation);
  Outcome expect_conflict(const Expectation& expectation);

  Finished doppel(std::vector<std::string> arguments);
  Outcome check_exit(const Finished& finished, int wanted);
  json::value last_json() const;
  std::string environment(std::string_view name) const;
  bool is_tenant(std::string_view name) const;
  std::string with_kept(std::string text) const;

  Programs programs_;
  std::filesystem::path folder_;
  std::unique_ptr<Application> application_;
  std::vector<std::string> tenants_;         ///< the first is meant where none is named
  std::map<std::string, std::string> kept_;  ///< {name} in later commands
  Finished last_;
};

}  // namespace doppel::scenario
