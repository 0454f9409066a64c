#include "simulator.hpp"

#include <cstdlib>
#include <set>

#include <fmt/core.h>
#include <unistd.h>

#include "adapters/sqlite/database.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "world_file.hpp"

namespace doppel::testing {
namespace {

namespace fs = std::filesystem;
using changeset::State;

constexpr std::size_t kMostSandboxes = 3;

const Row* row_of(const State& state, const std::string& table, const Key& key) {
  const auto rows = state.tables.find(table);
  if (rows == state.tables.end()) return nullptr;
  const auto row = rows->second.rows.find(key);
  return row == rows->second.rows.end() ? nullptr : &row->second;
}

bool same(const Row* a, const Row* b) {
  return (a == nullptr && b == nullptr) || (a != nullptr && b != nullptr && *a == *b);
}

using Visit = std::function<void(const std::string& table, const Key&, const Row* base,
                                 const Row* live, const Row* shown)>;

void for_each_row(const State& base, const State& live, const State& shown, const Visit& visit) {
  std::set<std::pair<std::string, Key>> rows;
  for (const State* state : {&base, &live, &shown}) {
    for (const auto& [name, table] : state->tables) {
      for (const auto& [key, row] : table.rows) rows.emplace(name, key);
    }
  }
  for (const auto& [table, key] : rows) {
    visit(table, key, row_of(base, table, key), row_of(live, table, key),
          row_of(shown, table, key));
  }
}

}  // namespace

State cell_by_cell(const State& base, const State& live, const State& shown) {
  State merged = live;
  for_each_row(base, live, shown,
               [&](const std::string& table, const Key& key, const Row* was, const Row* theirs,
                   const Row* own) {
                 if (same(was, own)) return;
                 auto& rows = merged.tables[table].rows;
                 if (own == nullptr) {
                   rows.erase(key);
                 } else if (was == nullptr || theirs == nullptr) {
                   rows[key] = *own;
                 } else {
                   for (std::size_t i = 0; i < own->size(); ++i) {
                     if ((*own)[i] != (*was)[i]) rows[key][i] = (*own)[i];
                   }
                 }
               });
  return merged;
}

bool meet(const State& base, const State& live, const State& shown) {
  bool met = false;
  for_each_row(
      base, live, shown,
      [&](const std::string&, const Key&, const Row* was, const Row* theirs, const Row* own) {
        if (same(was, own) || same(was, theirs) || same(own, theirs)) return;
        if (own == nullptr || theirs == nullptr || was == nullptr) {
          met = true;
          return;
        }
        for (std::size_t i = 0; i < own->size(); ++i) {
          const bool both = (*own)[i] != (*was)[i] && (*theirs)[i] != (*was)[i];
          if (both && (*own)[i] != (*theirs)[i]) met = true;
        }
      });
  return met;
}

Simulator::Simulator(std::uint64_t seed) : random_(seed), clock_(Instant{1'800'000'000'000'000}) {
  const fs::path memory = "/dev/shm";
  const fs::path base = ::access(memory.c_str(), W_OK) == 0 ? memory : fs::temp_directory_path();
  std::string pattern = (base / "doppel_simulator_XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw Error(ErrorCode::kIo, "no folder for a test");
  folder_ = pattern;
  world_ = make_world(random_, {.with_lists = false,
                                .with_volatile = false,
                                .with_natural_keys = false,
                                .with_given_keys = false,
                                .with_references_by_name = false});
  live_ = world_.base;
  make_world_file(folder_ / "live.db", world_);
  Settings settings;
  settings.home = folder_ / "home";
  settings.connect = [](const std::string& dsn) {
    return sqlite::attach(dsn.substr(dsn.find(':') + 1));
  };
  settings.open_store = [](const fs::path& path) { return sqlite::open_store(path.string()); };
  settings.clock = &clock_;
  settings.random = &random_;
  settings.author = "simulator";
  doppel_ = std::make_unique<Doppel>(std::move(settings));
  doppel_->init("world", "sqlite:" + (folder_ / "live.db").string(), "world.yaml",
                manifest_text(world_.model));
}

Simulator::~Simulator() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

State Simulator::live() { return read_state(folder_ / "live.db", world_.model); }
State Simulator::sandbox(const std::string& name) {
  return read_state(file_of(name), world_.model);
}

fs::path Simulator::file_of(const std::string& name) {
  auto& file = files_[name];
  if (file.empty()) {
    const std::string dsn = doppel_->access(full(name)).dsn;
    file = dsn.substr(dsn.find(':') + 1);
  }
  return file;
}

std::string Simulator::step() {
  clock_.advance_microseconds(1'000'000);
  try {
    std::string wrong = pick_and_do();
    return wrong.empty() ? check() : wrong;
  } catch (const Error& error) {
    return fmt::format("thrown: {}: {}\n", error.place(), error.what());
  } catch (const std::exception& error) {
    return fmt::format("thrown: {}\n", error.what());
  }
}

std::string Simulator::pick_and_do() {
  const std::uint64_t what = random_.below(100);
  if (what < 25) return edit_live();
  if (what < 30) return roll_back();
  if (sandboxes_.empty() || (what < 40 && sandboxes_.size() < kMostSandboxes)) return create();
  const auto chosen =
      std::next(sandboxes_.begin(), static_cast<std::ptrdiff_t>(random_.below(sandboxes_.size())));
  const std::string name = chosen->first;
  if (what < 65) return edit_sandbox(name);
  if (what < 76) return refresh(name);
  if (what < 80) return checkpoint(name);
  if (what < 85) return reset(name);
  if (what < 92) return promote(name);
  if (what < 97) return promote_part(name);
  return discard(name);
}

std::string Simulator::create() {
  const std::string name = "s" + std::to_string(++made_);
  log_ += "create " + name + "\n";
  doppel_->create(full(name), {});
  sandboxes_[name] = {live_, live_};
  return {};
}

std::string Simulator::edit_live() {
  log_ += "edit live\n";
  State after = edit(world_, live_, random_, {.edits = 5, .first_key = next_key_});
  next_key_ += 10;
  write_edit(folder_ / "live.db", live_, after, random_);
  live_ = std::move(after);
  return {};
}

std::string Simulator::edit_sandbox(const std::string& name) {
  log_ += "edit " + name + "\n";
  State& shown = sandboxes_.at(name).shown;
  State after = edit(world_, shown, random_, {.edits = 5, .first_key = next_key_});
  next_key_ += 10;
  write_edit(file_of(name), shown, after, random_);
  shown = std::move(after);
  return {};
}

std::string Simulator::refresh(const std::string& name) {
  ModelSandbox& model = sandboxes_.at(name);
  State expected = cell_by_cell(model.base, live_, model.shown);
  try {
    const overlay::Refreshed done = doppel_->refresh(full(name), false);
    log_ += fmt::format("refresh {}: {} kept, {} open\n", name, done.kept, done.conflicts.size());
    const bool met = meet(model.base, live_, model.shown);
    if (met == done.conflicts.empty()) return "open questions are told wrongly\n";
    // Where a question stays open the base does, too.
    State base = live_;
    for_each_row(model.base, live_, model.shown,
                 [&](const std::string& table, const Key& key, const Row* was, const Row* theirs,
                     const Row* own) {
                   if (same(was, own) || same(was, theirs) || same(own, theirs)) return;
                   auto& rows = base.tables[table].rows;
                   if (was != nullptr && (own == nullptr || theirs == nullptr)) rows[key] = *was;
                   if (was == nullptr || own == nullptr || theirs == nullptr) return;
                   for (std::size_t i = 0; i < own->size(); ++i) {
                     const bool both = (*own)[i] != (*was)[i] && (*theirs)[i] != (*was)[i];
                     if (both && (*own)[i] != (*theirs)[i]) rows[key][i] = (*was)[i];
                   }
                 });
    model = {std::move(base), std::move(expected)};
    marks_.erase(name);
    return {};
  } catch (const Error& error) {
    log_ += "refresh " + name + " refused: " + error.what() + "\n";
    if (error.code() != ErrorCode::kConflicts) throw;
    // Only what real tables can't show together may be refused, or what hangs on an open question.
    const bool needed =
        !violations(world_.model, expected).empty() || meet(model.base, live_, model.shown);
    if (!needed) return "refused without need\n";
    return {};
  }
}

std::string Simulator::checkpoint(const std::string& name) {
  log_ += "checkpoint " + name + "\n";
  doppel_->checkpoint(full(name), "mark");
  marks_[name] = sandboxes_.at(name).shown;
  return {};
}

std::string Simulator::reset(const std::string& name) {
  ModelSandbox& model = sandboxes_.at(name);
  const auto mark = marks_.find(name);
  if (mark != marks_.end() && random_.below(2) == 0) {
    log_ += "reset " + name + " to its mark\n";
    doppel_->reset(full(name), "mark");
    model.shown = mark->second;
    return {};
  }
  log_ += "reset " + name + "\n";
  // The mix of live's rows and an open question's base may be no state that tables can show.
  const bool possible = violations(world_.model, model.base).empty();
  try {
    doppel_->reset(full(name), std::nullopt);
    model.shown = model.base;
  } catch (const Error&) {
    if (possible) throw;
  }
  return {};
}

plan::Plan Simulator::answered_plan(const std::string& name, const PlanOptions& options) {
  plan::Plan plan = doppel_->plan(full(name), options);
  for (int round = 0; round < 3 && !plan.promotable(); ++round) {
    const std::vector<merge::Conflict> asked = plan.conflicts;
    for (const merge::Conflict& conflict : asked) {
      if (conflict.answered) continue;
      Resolution answer;
      answer.conflict = conflict.id;
      const merge::AnswerKind kind = conflict.possible[random_.below(conflict.possible.size())];
      const bool simple = kind == merge::AnswerKind::kKeepLive ||
                          kind == merge::AnswerKind::kTakeSandbox ||
                          kind == merge::AnswerKind::kKeepDeleted;
      answer.use_default = !simple;
      answer.kind = kind;
      try {
        plan = doppel_->resolve(full(name), {answer}, options);
      } catch (const Error& error) {
        // An answer may have ended other questions, or need a value that chance doesn't give.
        const bool known =
            error.code() == ErrorCode::kNotFound || error.code() == ErrorCode::kUsage;
        if (!known) throw;
      }
    }
  }
  return plan;
}

std::string Simulator::promote(const std::string& name) {
  ModelSandbox& model = sandboxes_.at(name);
  PlanOptions options;
  options.rehearse = random_.below(4) == 0;
  const bool asked = !doppel_->plan(full(name), {.select = {}, .mappings = {}, .rehearse = false})
                          .conflicts.empty();
  const plan::Plan plan = answered_plan(name, options);
  log_ += fmt::format("promote {}: {} changes, {} conflicts{}\n", name, plan.changes.size(),
                      plan.conflicts.size(), plan.promotable() ? "" : ", not promotable");
  // Answers that stay would take part in the next refresh, which the model knows nothing of.
  if (!plan.promotable() || plan.changes.empty()) {
    return plan.conflicts.empty() ? std::string() : discard(name);
  }
  if (plan.rehearsal && !plan.rehearsal->restored) return "rehearsal: " + plan.rehearsal->message;
  const State before = live_;
  const State expected = cell_by_cell(model.base, before, model.shown);
  doppel_->promote(full(name), plan.hash.text);
  live_ = live();
  std::string wrong =
      compare("live is what was planned", changeset::apply(before, plan.config()), live_);
  if (!asked) wrong += compare("live is the merge", expected, live_);
  // Whatever was answered: a row is one of the sides' but for what the other changed in it.
  sandboxes_.erase(name);
  marks_.erase(name);
  files_.erase(name);
  if (random_.below(3) != 0) return wrong;
  log_ += "  and roll it back\n";
  doppel_->restore_previous("world", LaterEdits::kRefuse);
  live_ = live();
  return wrong + compare("promote and rollback are nothing", before, live_);
}

std::string Simulator::promote_part(const std::string& name) {
  ModelSandbox& model = sandboxes_.at(name);
  const plan::Diff diff = doppel_->diff(full(name));
  if (diff.rows.empty()) return {};
  const auto& row = diff.rows[random_.below(diff.rows.size())];
  std::string key;
  for (const Value& part : row.key) key += (key.empty() ? "" : ",") + display(part);
  PlanOptions options;
  options.rehearse = false;
  options.select.push_back({row.table, key});
  const plan::Plan plan = answered_plan(name, options);
  log_ += fmt::format("promote of {} {} {}: {} changes, {} left out{}\n", name, row.table, key,
                      plan.changes.size(), plan.left_out.size(),
                      plan.promotable() ? "" : ", not promotable");
  // Answers that stay would take part in the next refresh, which the model knows nothing of.
  if (!plan.promotable() || plan.changes.empty()) {
    return plan.conflicts.empty() ? std::string() : discard(name);
  }
  const State before = live_;
  const State own = model.shown;
  doppel_->promote(full(name), plan.hash.text);
  live_ = live();
  std::string wrong =
      compare("live is what was planned", changeset::apply(before, plan.config()), live_);
  if (plan.left_out.empty()) {
    sandboxes_.erase(name);
    marks_.erase(name);
    files_.erase(name);
    return wrong;
  }
  // The rows that were left out are as they were, in the base and in what is shown.
  model.shown = sandbox(name);
  for (const auto& [table, left] : plan.left_out) {
    const Row* then = row_of(own, table, left);
    const Row* now = row_of(model.shown, table, left);
    if (!same(then, now)) wrong += "a row that was left out is another: " + display(left) + "\n";
  }
  State base = model.shown;
  for (const auto& [table, left] : plan.left_out) {
    const Row* was = row_of(model.base, table, left);
    if (was == nullptr) {
      base.tables[table].rows.erase(left);
    } else {
      base.tables[table].rows[left] = *was;
    }
  }
  model.base = std::move(base);
  return wrong;
}

std::string Simulator::roll_back() {
  const auto history = doppel_->history("world");
  if (history.empty()) return {};
  const std::int64_t number = history[random_.below(history.size())].number;
  plan::Plan plan = doppel_->plan_rollback("world", number, {});
  if (!plan.promotable() && !plan.conflicts.empty()) {
    plan = doppel_->resolve_rollback("world", number,
                                     {{.conflict = "all", .use_default = true, .values = {}}}, {});
  }
  log_ += fmt::format("roll back {}: {} changes{}\n", number, plan.changes.size(),
                      plan.promotable() ? "" : ", not promotable");
  if (!plan.promotable() || plan.changes.empty()) return {};
  const State expected = changeset::apply(live_, plan.config());
  doppel_->rollback("world", number, plan.hash.text);
  live_ = live();
  return compare("live is what the rollback planned", expected, live_);
}

std::string Simulator::discard(const std::string& name) {
  log_ += "discard " + name + "\n";
  if (!fs::exists(doppel_->discard(full(name)))) return "there is no bundle\n";
  sandboxes_.erase(name);
  marks_.erase(name);
  files_.erase(name);
  return {};
}

std::string Simulator::compare(const std::string& what, const State& expected, const State& seen) {
  const std::string different = differences(expected, seen);
  return different.empty() ? "" : "not so: " + what + "\n" + different;
}

std::string Simulator::check() {
  std::string wrong = compare("live as in the model", live_, live());
  for (const std::string& broken : violations(world_.model, live_)) wrong += broken + "\n";
  wrong += damage_of(folder_ / "live.db");
  if (doppel_->sandboxes("world").size() != sandboxes_.size()) wrong += "other sandboxes\n";
  for (const auto& [name, model] : sandboxes_) {
    wrong += compare(name + " as in the model", model.shown, sandbox(name));
    wrong += damage_of(file_of(name));
    const std::size_t changed = changeset::diff(model.base, model.shown).size();
    const plan::Diff diff = doppel_->diff(full(name));
    if (diff.rows.size() != changed) {
      wrong += fmt::format("{} has {} changes in the model, {} in its diff\n", name, changed,
                           diff.rows.size());
    }
  }
  return wrong;
}

}  // namespace doppel::testing
