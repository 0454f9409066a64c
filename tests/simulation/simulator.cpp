#include "simulator.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include "adapters/sqlite/database.hpp"
#include "base/error.hpp"
#include "base/files.hpp"

namespace doppel::testing {
namespace {

namespace fs = std::filesystem;
using changeset::State;

constexpr std::size_t kMostSandboxes = 3;

/// Keys that both sides give to rows of their own, now and then.
constexpr std::uint64_t kContestedKeys = 12;

}  // namespace

Simulator::Simulator(std::uint64_t seed, const LifeOptions& options)
    : options_(options), random_(seed), clock_(Instant{1'800'000'000'000'000}) {
  const fs::path memory = "/dev/shm";
  const fs::path base = ::access(memory.c_str(), W_OK) == 0 ? memory : fs::temp_directory_path();
  std::string pattern = (base / "doppel_simulator_XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw Error(ErrorCode::kIo, "no folder for a test");
  folder_ = pattern;
  make_folders(work());
  const bool rich = !options.plain;
  world_ = make_world(random_, {.with_lists = rich,
                                .with_volatile = rich,
                                .with_natural_keys = rich,
                                .with_given_keys = rich,
                                .with_references_by_name = rich,
                                .with_mixed_values = is_sqlite(options.carrier),
                                .with_parts = rich});
  live_ = world_.base;
  ground_ = make_ground(options.carrier, work());
  make_world_file(ground_->live(), world_);
  open();
  doppel_->init("world", ground_->dsn(), "world.yaml",
                manifest_text(world_.model, carrier_name(options_.carrier)));
}

Simulator::~Simulator() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void Simulator::open() {
  doppel_.reset();
  Settings settings;
  settings.home = work() / "home";
  settings.connect = attach_any;
  settings.open_store = [](const fs::path& path) { return sqlite::open_store(path.string()); };
  settings.clock = &clock_;
  // Roles of one cluster are all lives': a seed that gave the same ids again would meet its own.
  static SystemRandom system_random;
  settings.random = is_sqlite(options_.carrier) ? static_cast<Random*>(&random_) : &system_random;
  settings.author = "simulator";
  doppel_ = std::make_unique<Doppel>(std::move(settings));
}

void Simulator::forget(const std::string& name) {
  sandboxes_.erase(name);
  marks_.erase(name);
  places_.erase(name);
}

State Simulator::live() { return read_state(ground_->live(), world_.model); }
State Simulator::sandbox(const std::string& name) {
  return read_state(place_of(name), world_.model);
}

const std::string& Simulator::place_of(const std::string& name) {
  std::string& place = places_[name];
  if (!place.empty()) return place;
  if (!is_sqlite(options_.carrier)) return place = doppel_->access(full(name)).dsn;
  for (const auto& known : doppel_->sandboxes("world")) {
    const fs::path folder = work() / "home" / "sandboxes" / "world" / known.id;
    if (known.name == name) place = (folder / "data.db").string();
  }
  return place;
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
  if (options_.kills && random_.below(5) == 0) return kill();
  const std::uint64_t what = random_.below(100);
  if (what < 25) return edit_live();
  if (what < 30) return roll_back();
  if (sandboxes_.empty() || (what < 40 && sandboxes_.size() < kMostSandboxes)) return create();
  const auto chosen =
      std::next(sandboxes_.begin(), static_cast<std::ptrdiff_t>(random_.below(sandboxes_.size())));
  const std::string name = chosen->first;
  if (chosen->second.suspended) return random_.below(8) == 0 ? discard(name) : resume(name);
  if (what < 61) return edit_sandbox(name);
  if (what < 65 && writes_data()) return write_data(name);
  if (what < 76) return refresh(name);
  if (what < 80) return checkpoint(name);
  if (what < 85) return reset(name);
  if (what < 91) return promote(name);
  if (what < 95) return promote_part(name);
  if (what < 97) return suspend(name);
  if (what < 99) return migrate();
  return discard(name);
}

std::string Simulator::create() {
  const std::string name = "s" + std::to_string(++made_);
  log_ += "create " + name + "\n";
  doppel_->create(full(name), {});
  sandboxes_[name] = {live_, live_, entries_, entries_};
  return {};
}

std::string Simulator::edit_live() {
  log_ += "edit live\n";
  const bool contested = !options_.plain && random_.below(3) == 0;
  const auto first = static_cast<std::int64_t>(100 + random_.below(kContestedKeys));
  State after =
      edit(world_, live_, random_, {.edits = 5, .first_key = contested ? first : next_key_});
  next_key_ += 10;
  const std::string sql = edit_sql(live_, after, random_, dialect());
  if (!sql.empty()) run_sql(ground_->live(), sql);
  live_ = std::move(after);
  return {};
}

std::string Simulator::edit_sandbox(const std::string& name) {
  log_ += "edit " + name + "\n";
  State& shown = sandboxes_.at(name).shown;
  const bool contested = !options_.plain && random_.below(3) == 0;
  const auto first = static_cast<std::int64_t>(100 + random_.below(kContestedKeys));
  State after =
      edit(world_, shown, random_, {.edits = 5, .first_key = contested ? first : next_key_});
  next_key_ += 10;
  const std::string sql = edit_sql(shown, after, random_, dialect());
  if (sql.empty()) return {};
  // By doppel's session or, as another tool would, by a connection that knows nothing of it.
  if (random_.below(2) == 0) {
    doppel_->open_sql(full(name))->run(sql, {});
  } else {
    run_sql(place_of(name), sql);
  }
  shown = std::move(after);
  return {};
}

/// Of carrier split the sandbox writes live's rows, else its own.
std::string Simulator::write_data(const std::string& name) {
  log_ += "write data in " + name + "\n";
  Entries& entries = shares_data() ? entries_ : sandboxes_.at(name).entries;
  std::string sql;
  if (!entries.empty() && random_.below(3) == 0) {
    sql = fmt::format("DELETE FROM entries WHERE id = {}", entries.begin()->first);
    entries.erase(entries.begin());
  } else {
    const std::int64_t key = next_key_++;
    sql = fmt::format("INSERT INTO entries VALUES ({}, '{}')", key, name);
    entries[key] = name;
  }
  doppel_->open_sql(full(name))->run(sql, {});
  return {};
}

std::string Simulator::checkpoint(const std::string& name) {
  log_ += "checkpoint " + name + "\n";
  doppel_->checkpoint(full(name), "mark");
  marks_[name] = {sandboxes_.at(name).shown, sandboxes_.at(name).entries};
  return {};
}

std::string Simulator::reset(const std::string& name) {
  ModelSandbox& model = sandboxes_.at(name);
  const auto mark = marks_.find(name);
  if (mark != marks_.end() && random_.below(2) == 0) {
    log_ += "reset " + name + " to its mark\n";
    doppel_->reset(full(name), "mark");
    model.shown = mark->second.shown;
    model.entries = mark->second.entries;
    return {};
  }
  log_ += "reset " + name + "\n";
  // The mix of live's rows and an open question's base may be no state that tables can show.
  const bool possible = violations(world_.model, model.base).empty();
  try {
    doppel_->reset(full(name), std::nullopt);
    model.entries = model.base_entries;
    // What the base has in volatile columns no diff tells.
    const State now = sandbox(name);
    const std::string wrong =
        compare("a reset sandbox is its base", without_volatile(world_.model, model.base),
                without_volatile(world_.model, now));
    model.shown = model.base = now;
    return wrong;
  } catch (const Error&) {
    if (possible) throw;
  }
  return {};
}

std::string Simulator::discard(const std::string& name) {
  log_ += "discard " + name + "\n";
  if (!fs::exists(doppel_->discard(full(name)))) return "there is no bundle\n";
  forget(name);
  return {};
}

std::string Simulator::compare(const std::string& what, const State& expected, const State& seen) {
  const std::string different = differences(expected, seen);
  return different.empty() ? "" : "not so: " + what + "\n" + different;
}

std::string Simulator::check() {
  std::string wrong = compare("live as in the model", live_, live());
  if (read_entries(ground_->live()) != entries_) wrong += "live's data is another\n";
  for (const std::string& broken : violations(world_.model, live_)) wrong += broken + "\n";
  wrong += damage_of(ground_->live());
  if (doppel_->sandboxes("world").size() != sandboxes_.size()) wrong += "other sandboxes\n";
  for (const auto& [name, model] : sandboxes_) {
    if (model.suspended) continue;
    wrong += compare(name + " as in the model", model.shown, sandbox(name));
    if (is_sqlite(options_.carrier)) wrong += damage_of(place_of(name));
    const std::size_t changed = changeset::diff(without_volatile(world_.model, model.base),
                                                without_volatile(world_.model, model.shown))
                                    .size();
    const plan::Diff diff = doppel_->diff(full(name));
    if (diff.rows.size() != changed) {
      wrong += fmt::format("{} has {} changes in the model, {} in its diff\n", name, changed,
                           diff.rows.size());
    }
    if (options_.carrier == Carrier::kSplit) continue;
    const Entries& entries = shares_data() ? entries_ : model.entries;
    if (read_entries(place_of(name)) != entries) wrong += name + "'s data is another\n";
  }
  return wrong;
}

}  // namespace doppel::testing
