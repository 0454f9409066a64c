#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "doppel.hpp"

/// A small application with a tenant, for tests that kill, crowd or starve the real program.
namespace doppel::testing {

struct Finished {
  int exit = 0;  ///< 128 + the signal, where one ended it
  std::string out;
  std::string err;
};

using Variables = std::vector<std::pair<std::string, std::string>>;

/// A program that was started and not waited for.
class Running {
 public:
  Running(int process, std::filesystem::path out, std::filesystem::path err)
      : process_(process), out_(std::move(out)), err_(std::move(err)) {}
  Finished wait();
  int process() const { return process_; }

 private:
  int process_;
  std::filesystem::path out_;
  std::filesystem::path err_;
};

/// How the application keeps its database.
enum class Journal { kRollback, kWal };

/// A folder of its own with live.db, shop.yaml and a home, gone with it.
class Stand {
 public:
  explicit Stand(Journal journal = Journal::kRollback);
  ~Stand();
  Stand(const Stand&) = delete;
  Stand& operator=(const Stand&) = delete;

  std::filesystem::path folder() const { return folder_ / "work"; }
  std::filesystem::path live() const { return folder() / "live.db"; }
  std::filesystem::path manifest() const { return folder() / "shop.yaml"; }
  std::filesystem::path home() const { return folder() / "home"; }

  /// Another doppel on the same home, inside this process.
  std::unique_ptr<Doppel> open() const;
  /// A doppel with the tenant `shop` made.
  std::unique_ptr<Doppel> with_tenant() const;
  /// The file that an application opens: of `shop` or `shop/SANDBOX`.
  std::filesystem::path file_of(const std::string& environment) const;

  /// What the application does with its own connection.
  static void write(const std::filesystem::path& database, const std::string& sql);
  void edit_live(const std::string& sql) const { write(live(), sql); }
  void edit_sandbox(const std::string& environment, const std::string& sql) const {
    write(file_of(environment), sql);
  }

  /// Every row of the application's own tables, as text.
  static std::string content(const std::filesystem::path& database);
  /// As SQLite says it: damage and broken references. Empty: nothing.
  static std::string damage(const std::filesystem::path& database);
  static std::vector<Row> query(const std::filesystem::path& database, const std::string& sql);

  Running start(const std::vector<std::string>& arguments, const Variables& variables = {}) const;
  Finished run(const std::vector<std::string>& arguments, const Variables& variables = {}) const;

  /// The same without root's rights: root becomes nobody, anybody else stays who he is.
  Finished run_as_nobody(const std::vector<std::string>& arguments) const;

  /// Keeps the whole folder as it is now, and takes it back to that.
  void save() const;
  void restore() const;
  /// A copy of live as it lies on the disk: looking at it changes nothing of what a crash left.
  std::filesystem::path copy_of_live() const;

 private:
  Running start_words(std::vector<std::string> words, const Variables& variables) const;

  std::filesystem::path folder_;
};

}  // namespace doppel::testing
