#include "api/workplace.hpp"

#include <algorithm>
#include <utility>

namespace doppel::api {

Workplace::Workplace(const Surroundings& surroundings, const std::string& tenant,
                     access::PasswordCost cost)
    : surroundings_(surroundings),
      tenant_(tenant),
      engine_(surroundings.open_engine()),
      store_(surroundings.open_store()),
      live_(engine_->open({.tenant = tenant, .sandbox = {}})),
      directory_(surroundings.open_directory(live_->connection())),
      passwords_(cost, surroundings.random) {}

access::Store Workplace::store() {
  return {*store_, surroundings_.clock, surroundings_.random, tenant_};
}

OpenEnvironment& Workplace::environment(const EnvironmentName& name,
                                        const std::optional<environment::Environment>& sandbox) {
  if (!sandbox) return *live_;
  constexpr std::size_t kMostOpen = 8;
  std::erase_if(sandboxes_, [&](const Opened& opened) {
    return opened.id == sandbox->id && opened.base != sandbox->base;
  });
  const auto found = std::ranges::find(sandboxes_, sandbox->id, &Opened::id);
  if (found != sandboxes_.end()) {
    std::rotate(found, std::next(found), sandboxes_.end());
    return *sandboxes_.back().environment;
  }
  if (sandboxes_.size() == kMostOpen) sandboxes_.erase(sandboxes_.begin());
  sandboxes_.push_back({sandbox->id, sandbox->base, engine_->open(name)});
  return *sandboxes_.back().environment;
}

bool Workplace::is_well() noexcept {
  try {
    live().sql()->query("SELECT 1", {});
    store_->sql()->query("SELECT 1", {});
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

Workplaces::Lease::Lease(Workplaces& all, std::unique_ptr<Workplace> place)
    : all_(&all), place_(std::move(place)) {}

Workplaces::Lease::Lease(Lease&& other) noexcept
    : all_(std::exchange(other.all_, nullptr)), place_(std::move(other.place_)) {}

Workplaces::Lease::~Lease() {
  if (all_ == nullptr) return;
  if (place_ && std::uncaught_exceptions() > exceptions_ && !place_->is_well()) place_.reset();
  all_->give_back(std::move(place_));
}

bool Workplaces::is_doubtful(const Idle& idle) const {
  constexpr std::int64_t kTrustedMicroseconds = 1'000'000;
  return idle.failures != failures_ ||
         clock_.now().microseconds - idle.since.microseconds > kTrustedMicroseconds;
}

Workplaces::Lease Workplaces::take() {
  std::unique_ptr<Workplace> place;
  bool is_trusted = true;
  {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [this] { return taken_ < most_; });
    ++taken_;
    if (!idle_.empty()) {
      is_trusted = !is_doubtful(idle_.back());
      place = std::move(idle_.back().place);
      idle_.pop_back();
    }
  }
  // From here on the place is given back, whatever making one throws.
  Lease lease(*this, std::move(place));
  if (lease.place_ && !is_trusted && !lease.place_->is_well()) lease.place_.reset();
  if (!lease.place_) lease.place_ = make_();
  return lease;
}

void Workplaces::give_back(std::unique_ptr<Workplace> place) {
  const std::scoped_lock lock(mutex_);
  --taken_;
  if (place) {
    idle_.push_back({std::move(place), clock_.now(), failures_});
  } else {
    ++failures_;
  }
  freed_.notify_one();
}

}  // namespace doppel::api
