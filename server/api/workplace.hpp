#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "access/directory.hpp"
#include "access/password.hpp"
#include "access/store.hpp"
#include "doppel.hpp"

/// What answers a request: connections that one worker at a time has to himself.
namespace doppel::api {

/// The world of the server, given by the main. All must outlive the site.
struct Surroundings {
  const Clock& clock;
  Random& random;
  /// The engine; who acts through it is said for each request.
  std::function<std::unique_ptr<Doppel>()> open_engine;
  /// A connection to the control store, for what engine/access keeps there.
  std::function<std::unique_ptr<database::Connection>()> open_store;
  /// The people of the application, over its live rows.
  std::function<std::unique_ptr<access::Directory>(database::Connection& live)> open_directory;
  /// Calls `beat` again and again, on a thread of its own, until what it returns is gone. Without
  /// it those who watch events are told when somebody calls EventBoard::poll.
  std::function<std::shared_ptr<void>(std::int64_t every_microseconds, std::function<void()> beat)>
      repeat = {};
};

/// Opened once and kept for many requests.
class Workplace {
 public:
  Workplace(const Surroundings& surroundings, const std::string& tenant, access::PasswordCost cost);

  Doppel& engine() { return *engine_; }
  access::Store store();
  access::Directory& directory() { return *directory_; }
  access::Passwords& passwords() { return passwords_; }
  database::Connection& live() { return live_->connection(); }
  /// Live, or a sandbox, which stays open for the next request.
  OpenEnvironment& environment(const EnvironmentName& name,
                               const std::optional<environment::Environment>& sandbox);
  const std::string& tenant() const { return tenant_; }

  /// Whether both databases still answer.
  bool is_well() noexcept;

 private:
  const Surroundings& surroundings_;
  std::string tenant_;
  std::unique_ptr<Doppel> engine_;
  std::unique_ptr<database::Connection> store_;
  std::unique_ptr<OpenEnvironment> live_;
  struct Opened {
    std::string id, base;  ///< another base: the sandbox was refreshed, and is opened anew
    std::unique_ptr<OpenEnvironment> environment;
  };
  std::vector<Opened> sandboxes_;  ///< the newest last
  std::unique_ptr<access::Directory> directory_;
  access::Passwords passwords_;
};

/// As many as there are workers, made when they are needed. One that stood idle for a second, or
/// since another failed, is asked whether it is well before it is lent again: its database may have
/// gone and come back. Threads: any.
class Workplaces {
 public:
  /// Gives a workplace back when it ends; after an exception only one that is still well.
  class Lease {
   public:
    Lease(Workplaces& all, std::unique_ptr<Workplace> place);
    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Workplace* operator->() const { return place_.get(); }
    Workplace& operator*() const { return *place_; }

   private:
    friend class Workplaces;
    Workplaces* all_;
    std::unique_ptr<Workplace> place_;
    int exceptions_ = std::uncaught_exceptions();
  };

  Workplaces(std::function<std::unique_ptr<Workplace>()> make, std::size_t most, const Clock& clock)
      : make_(std::move(make)), most_(most), clock_(clock) {}

  /// Waits while all are taken.
  Lease take();

 private:
  struct Idle {
    std::unique_ptr<Workplace> place;
    Instant since;
    std::size_t failures = 0;  ///< how many were known then
  };

  void give_back(std::unique_ptr<Workplace> place);
  bool is_doubtful(const Idle& idle) const;

  std::function<std::unique_ptr<Workplace>()> make_;
  const std::size_t most_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Idle> idle_;
  std::size_t taken_ = 0;
  std::size_t failures_ = 0;
};

}  // namespace doppel::api
