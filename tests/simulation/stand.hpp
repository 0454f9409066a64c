#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "doppel.hpp"
#include "ground.hpp"
#include "program.hpp"

/// A small application with a tenant, for tests that kill, crowd or starve the real program.
namespace doppel::testing {

/// How the application keeps its database.
enum class Journal { kRollback, kWal };

/// A folder of its own with live.db, shop.yaml and a home, gone with it. Of carrier copy live is a
/// database of the private cluster, and can't be saved and restored.
class Stand {
 public:
  explicit Stand(Journal journal = Journal::kRollback, Carrier carrier = Carrier::kFile);
  ~Stand();
  Stand(const Stand&) = delete;
  Stand& operator=(const Stand&) = delete;

  std::filesystem::path folder() const { return folder_ / "work"; }
  std::filesystem::path live() const { return folder() / "live.db"; }
  /// What `doppel init` is given, and what the application opens: see ground.hpp.
  std::string dsn() const { return ground_->dsn(); }
  std::string live_place() const { return ground_->live(); }
  std::string place_of(const std::string& environment) const;
  Carrier carrier() const { return carrier_; }
  std::filesystem::path manifest() const { return folder() / "shop.yaml"; }
  std::filesystem::path home() const { return folder() / "home"; }

  /// Another doppel on the same home, inside this process.
  std::unique_ptr<Doppel> open() const;
  /// A doppel with the tenant `shop` made.
  std::unique_ptr<Doppel> with_tenant() const;
  /// The file with the tables of `shop/SANDBOX`: of carrier file what an application opens.
  std::filesystem::path file_of(const std::string& environment) const;

  /// What the application does with its own connection.
  static void write(const std::string& database, const std::string& sql);
  void edit_live(const std::string& sql) const { write(live_place(), sql); }
  /// As its application would: by its own connection, or, of other carriers, by doppel's session.
  void edit_sandbox(const std::string& environment, const std::string& sql) const;

  /// Every row of those of the application's tables that the file has, as text.
  static std::string content(const std::string& database);
  /// As SQLite says it: damage and broken references; of a server what is left over. Empty:
  /// nothing.
  static std::string damage(const std::string& database);
  static std::vector<Row> query(const std::string& database, const std::string& sql);

  Running start(const std::vector<std::string>& arguments, const Variables& variables = {}) const;
  Finished run(const std::vector<std::string>& arguments, const Variables& variables = {}) const;

  /// Another program with the same environment.
  Finished run_words(std::vector<std::string> words) const;

  /// The same without root's rights: root becomes nobody, anybody else stays who he is.
  Finished run_as_nobody(const std::vector<std::string>& arguments) const;

  /// Keeps the whole folder as it is now, and takes it back to that.
  void save() const;
  void restore() const;
  /// A copy of live as it lies on the disk: looking at it changes nothing of what a crash left.
  std::filesystem::path copy_of_live() const;

 private:
  std::filesystem::path folder_;
  Carrier carrier_;
  std::unique_ptr<Ground> ground_;
};

}  // namespace doppel::testing
