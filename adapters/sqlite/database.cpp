#include "adapters/sqlite/database.hpp"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string_view>

#include <unistd.h>

#include "adapters/sqlite/capture.hpp"
#include "adapters/sqlite/clone.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/examine.hpp"
#include "adapters/sqlite/overlay_folder.hpp"
#include "adapters/sqlite/sql_session.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace doppel::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCopyPrefix = "copy-";

/// Removes the copies of processes that were killed before their file had lost its name.
void remove_abandoned_copies(const fs::path& folder) {
  std::vector<fs::path> abandoned;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kCopyPrefix)) continue;
    const auto process =
        parse_integer(name.substr(kCopyPrefix.size(), name.find('.') - kCopyPrefix.size()));
    const bool runs = process && (::kill(static_cast<pid_t>(*process), 0) == 0 || errno != ESRCH);
    if (!runs || *process == ::getpid()) abandoned.push_back(entry.path());
  }
  for (const fs::path& file : abandoned) remove_tree(file);
}

/// Which builder makes and opens a sandbox, by its carrier.
class Builders final : public database::OverlayBuilder {
 public:
  explicit Builders(const std::string& path)
      : file_(make_file_builder(path)), split_(make_split_builder(path)) {}

  std::string default_carrier() const override { return "file"; }
  std::vector<database::RowCount> create(const database::OverlaySpec& spec) override {
    return of(spec).create(spec);
  }
  std::unique_ptr<database::Overlay> open(const database::OverlaySpec& spec,
                                          database::Access access) override {
    return of(spec).open(spec, access);
  }
  database::ApplicationAccess access_for_application(const database::OverlaySpec& spec) override {
    return of(spec).access_for_application(spec);
  }
  void replace(const database::OverlaySpec& spec, const database::OverlaySpec& next,
               const std::string& state) override {
    of(spec).replace(spec, next, state);
  }
  void recover(const database::OverlaySpec& spec) override { of(spec).recover(spec); }
  void remove(const database::OverlaySpec& spec) override { of(spec).remove(spec); }

 private:
  database::OverlayBuilder& of(const database::OverlaySpec& spec) {
    if (spec.carrier == "file") return *file_;
    if (spec.carrier == "split") return *split_;
    throw Error(ErrorCode::kUnsupported, "SQLite has no carrier '" + spec.carrier + "'",
                {.place = {}, .remedy = "carriers of SQLite databases: file, split"});
  }

  std::unique_ptr<database::OverlayBuilder> file_;
  std::unique_ptr<database::OverlayBuilder> split_;
};

class AttachedFile final : public database::Database {
 public:
  explicit AttachedFile(std::string path) : path_(std::move(path)), builders_(path_) {}

  std::string dsn() const override { return "sqlite:" + path_; }

  std::unique_ptr<database::Connection> open(database::Access access) override {
    return sqlite::open({.path = path_, .access = access});
  }

  std::unique_ptr<database::SqlSession> open_session() override {
    auto connection = sqlite::open({.path = path_});
    connection->install_guard({.environment = GuardRules::Environment::kLive});
    return make_session(std::move(connection), SessionCapture::kNone, {});
  }

  database::OverlayBuilder& overlays() override { return builders_; }

  std::vector<database::Finding> examine(const database::OverlaySpec& spec,
                                         std::span<const database::Lookup> lookups) override {
    return sqlite::examine(*sqlite::open({.path = path_}), spec, lookups);
  }

  std::vector<database::EndedSession> end_harmful_sessions(
      const database::SessionLimits& /*limits*/) override {
    throw Error(ErrorCode::kUnsupported, "a SQLite database has no server that sandboxes share",
                {.place = path_, .remedy = "nothing is to be guarded: sandboxes are files"});
  }

  std::optional<std::string> sandbox_mark() override {
    return read_sandbox_mark(*sqlite::open({.path = path_}));
  }

  std::unique_ptr<database::Connection> throw_away_copy(const fs::path& folder,
                                                        std::int64_t limit_bytes) override {
    make_folders(folder);
    remove_abandoned_copies(folder);
    const std::string own = std::string(kCopyPrefix) + std::to_string(::getpid()) + ".db";
    const std::string copy = (folder / own).string();
    if (clone_file(path_, copy, limit_bytes) == CloneKind::kTooLarge) return nullptr;
    auto connection = sqlite::open({.path = copy, .access = database::Access::kReadWrite});
    connection->run_script("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
    // Without a name the file goes with the connection, however the process ends.
    remove_tree(copy);
    return connection;
  }

 private:
  std::string path_;
  Builders builders_;
};

}  // namespace

std::unique_ptr<database::Database> attach(const std::string& path) {
  return std::make_unique<AttachedFile>(path);
}

std::unique_ptr<database::Connection> open_store(const std::string& path) {
  return sqlite::open({.path = path,
                       .access = database::Access::kReadWrite,
                       .creation = Creation::kCreateIfMissing});
}

}  // namespace doppel::sqlite
