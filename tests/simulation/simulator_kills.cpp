#include <cstdlib>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "picture.hpp"
#include "simulator.hpp"

/// Of the simulator: the real process, killed in the middle of a life.
namespace doppel::testing {
namespace {

namespace fs = std::filesystem;
using changeset::State;

constexpr int kKilled = 128 + 9;

std::string text_of(const State& state) {
  std::string text;
  for (const auto& [name, table] : state.tables) {
    text += name + "\n";
    for (const auto& [key, row] : table.rows) text += "  " + display(row) + "\n";
  }
  return text;
}

std::string text_of(const Entries& entries) {
  std::string text = "entries\n";
  for (const auto& [key, entry] : entries) text += fmt::format("  {} {}\n", key, entry);
  return text;
}

void copy_over(const fs::path& from, const fs::path& to) {
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

}  // namespace

Finished Simulator::run(const std::vector<std::string>& arguments, const Variables& variables) {
  std::vector<std::string> words{program().string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  Variables all = variables;
  all.emplace_back("DOPPEL_HOME", (work() / "home").string());
  return start_program(std::move(words), all, folder_).wait();
}

std::vector<std::string> Simulator::command_of_chance() {
  const std::uint64_t what = random_.below(18);
  if (sandboxes_.empty() || what == 0) return {"sandbox", "create", "world/killed"};
  const auto chosen =
      std::next(sandboxes_.begin(), static_cast<std::ptrdiff_t>(random_.below(sandboxes_.size())));
  const std::string name = full(chosen->first).text();
  if (chosen->second.suspended) return {"sandbox", "resume", name, "--drop-data"};
  if (what < 4) return {"sandbox", "refresh", name, "--drop-data"};
  if (what < 5) return {"sandbox", "checkpoint", name, "mark"};
  if (what < 6) return {"sandbox", "reset", name};
  if (what < 7) return {"sandbox", "discard", name};
  if (what < 9 && !doppel_->history("world").empty()) {
    const plan::Plan plan = doppel_->plan_rollback("world", 1, {});
    return {"rollback", "world", "1", "--plan", plan.hash.text};
  }
  if (what == 9) return {"sandbox", "suspend", name};
  PlanOptions options;
  options.rehearse = false;
  const plan::Diff diff = doppel_->diff(full(chosen->first));
  if (what < 13 && !diff.rows.empty()) {
    const plan::DiffRow& row = diff.rows[random_.below(diff.rows.size())];
    std::string key;
    for (const Value& part : row.key) key += (key.empty() ? "" : ",") + display(part);
    options.select.push_back({row.table, key});
  }
  return {"promote", name, "--plan", answered_plan(chosen->first, options).hash.text};
}

std::string Simulator::recovered() {
  std::string seen;
  for (const auto& known : doppel_->sandboxes("world")) {
    try {
      const Status status = doppel_->status({known.tenant, known.name});
      places_.erase(known.name);
      seen +=
          fmt::format("{}: {} changes, {} of data, {} marks\n{}", known.name, status.changes,
                      status.data_changes, status.checkpoints.size(), text_of(sandbox(known.name)));
      if (is_sqlite(options_.carrier)) seen += damage_of(place_of(known.name));
      if (!shares_data()) seen += text_of(read_entries(place_of(known.name)));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kWrongState) {
        seen += known.name + ": " + suspended_text(work() / "home", known);
        continue;
      }
      if (error.code() != ErrorCode::kNotFound) throw;
    }
  }
  seen += fmt::format("{} promotions\n", doppel_->history("world").size());
  return seen + "live\n" + text_of(live()) + text_of(read_entries(ground_->live())) +
         damage_of(ground_->live());
}

std::string Simulator::kill() {
  const std::vector<std::string> arguments = command_of_chance();
  return is_sqlite(options_.carrier) ? kill_at(arguments) : kill_on_server(arguments);
}

std::string Simulator::kill_on_server(const std::vector<std::string>& arguments) {
  // More than most commands need; whoever needs fewer isn't killed.
  constexpr std::uint64_t kOperations = 160;
  for (const std::string& word : arguments) log_ += word + " ";
  const std::uint64_t point = 1 + random_.below(kOperations);
  const std::string before = recovered();
  doppel_.reset();
  Variables variables = watched(work(), "DOPPEL_TEST_KILL_AT", std::to_string(point));
  variables.emplace_back("DOPPEL_TEST_KILL_SENDS", "1");
  const Finished killed = run(arguments, variables);
  log_ += fmt::format(": killed at {}, ended with {}\n", point, killed.exit);
  open();
  const std::string now = recovered();
  if (killed.exit > 4 && killed.exit != kKilled) return "it died: " + killed.err;
  const bool refused = killed.exit != 0 && killed.exit != kKilled;
  if (refused && now != before) return "refused, and yet something changed:\n" + before + now;
  const Finished second = killed.exit == kKilled ? run(arguments, {}) : killed;
  if (second.exit > 4) return "the second run died: " + second.err;
  const std::string after = recovered();
  // Where it was done already, a second run finds nothing to do or is refused.
  if (now != before && now != after) {
    return "neither before nor after:\n" + now + "before:\n" + before + "after:\n" + after;
  }
  if (now == before && second.exit == 0 && killed.exit == kKilled && after == before &&
      arguments.at(0) == "promote") {
    return "a promotion that did nothing\n";
  }
  take_over();
  return {};
}

std::string Simulator::kill_at(const std::vector<std::string>& arguments) {
  for (const std::string& word : arguments) log_ += word + " ";
  const std::string before = recovered();
  doppel_.reset();
  copy_over(work(), folder_ / "kept");
  const fs::path counter = folder_ / "count";
  const Finished whole = run(arguments, watched(work(), "DOPPEL_TEST_COUNT_FILE", counter));
  open();
  const std::string after = recovered();
  const long operations = std::atol(read_file(counter).c_str());
  if (whole.exit != 0 || operations == 0) {
    log_ += fmt::format(": refused, {}\n", whole.err);
    if (whole.exit > 4) return "it died\n";
    if (after != before) return "refused, and yet something changed:\n" + before + after;
    return {};
  }
  const auto point = static_cast<long>(1 + random_.below(static_cast<std::uint64_t>(operations)));
  log_ += fmt::format(": killed at {} of {}\n", point, operations);
  doppel_.reset();
  copy_over(folder_ / "kept", work());
  const Finished killed =
      run(arguments, watched(work(), "DOPPEL_TEST_KILL_AT", std::to_string(point)));
  open();
  const std::string now = recovered();
  if (killed.exit != kKilled && killed.exit != 0) return "neither killed nor done: " + killed.err;
  if (now != before && now != after) {
    return "neither before nor after:\n" + now + "before:\n" + before + "after:\n" + after;
  }
  if (now == before) run(arguments, {});
  const std::string again = recovered();
  if (again != after) return "the second run ends otherwise:\n" + again + "after:\n" + after;
  take_over();
  return {};
}

/// What the process did stands; the model goes on from there.
void Simulator::take_over() {
  live_ = live();
  entries_ = read_entries(ground_->live());
  places_.clear();
  std::map<std::string, ModelSandbox> known;
  for (const auto& environment : doppel_->sandboxes("world")) {
    const std::string& name = environment.name;
    ModelSandbox& model = known[name];
    if (environment.state == environment::State::kSuspended) {
      model = sandboxes_.at(name);
      model.suspended = true;
      continue;
    }
    model.shown = sandbox(name);
    model.base = base_of(doppel_->diff(full(name)), model.shown);
    const auto before = sandboxes_.find(name);
    model.answered = before != sandboxes_.end() && before->second.answered;
    if (shares_data()) continue;
    model.entries = read_entries(place_of(name));
    // Whether the base of the data moved: it did where the sandbox has none of its own.
    const bool own = doppel_->status(full(name)).data_changes > 0;
    model.base_entries =
        own && before != sandboxes_.end() ? before->second.base_entries : model.entries;
  }
  sandboxes_ = std::move(known);
  marks_.clear();
}

}  // namespace doppel::testing
