#include "stand.hpp"

#include <fstream>

#include <fmt/core.h>
#include <unistd.h>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/database.hpp"
#include "base/error.hpp"
#include "base/files.hpp"

namespace doppel::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = R"(doppel: 1
application: shop
version: "1"
tables:
  queues:
    role: config
    natural_key: [name]
    label: name
    columns:
      updated: {plain: true, volatile: true}
    plain: [name, rank]
  rules: {role: config, label: name, plain: [name, weight]}
  settings: {role: config, label: name, plain: [name, value]}
  tickets: {role: data, shared_write: true, plain: [title]}
)";

constexpr const char* kSchema = R"(
CREATE TABLE queues (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, rank INTEGER, updated TEXT);
CREATE TABLE rules (
  id INTEGER PRIMARY KEY AUTOINCREMENT, queue_id INTEGER NOT NULL REFERENCES queues (id),
  name TEXT, weight INTEGER);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE tickets (
  id INTEGER PRIMARY KEY, queue_id INTEGER REFERENCES queues (id), title TEXT);
INSERT INTO queues VALUES (1, 'Sales', 1, 'then'), (2, 'Support', 2, 'then');
INSERT INTO queues VALUES (3, 'Spam', 3, 'then');
INSERT INTO rules VALUES (1, 1, 'greet', 10), (2, 2, 'sort', 20), (3, 2, 'close', 30);
INSERT INTO settings VALUES ('colour', 'blue'), ('counter', '0'), ('title', 'Shop');
INSERT INTO tickets VALUES (1, 1, 'Hello'), (2, 2, 'Help');
)";

/// In memory where that can be had: thousands of small runs needn't reach a disk.
fs::path scratch() {
  const fs::path memory = "/dev/shm";
  return ::access(memory.c_str(), W_OK) == 0 ? memory : fs::temp_directory_path();
}

std::unique_ptr<sqlite::Connection> connect(const fs::path& database) {
  return sqlite::open({.path = database.string(), .access = database::Access::kReadWrite});
}

}  // namespace

Stand::Stand(Journal journal, Carrier carrier) : carrier_(carrier) {
  std::string pattern = (scratch() / "doppel_stand_XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw Error(ErrorCode::kIo, "no folder for a test");
  folder_ = pattern;
  make_folders(folder());
  std::ofstream(manifest()) << kManifest << (carrier == Carrier::kSplit ? "carrier: split\n" : "");
  const auto application = sqlite::open({.path = live().string(),
                                         .access = database::Access::kReadWrite,
                                         .creation = sqlite::Creation::kCreateIfMissing});
  if (journal == Journal::kWal) application->run_script("PRAGMA journal_mode = WAL");
  application->run_script(kSchema);
}

Stand::~Stand() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::unique_ptr<Doppel> Stand::open() const {
  static const SystemClock clock;
  static SystemRandom random;
  Settings settings;
  settings.home = home();
  settings.connect = [](const std::string& dsn) {
    return sqlite::attach(dsn.substr(dsn.find(':') + 1));
  };
  settings.open_store = [](const fs::path& path) { return sqlite::open_store(path.string()); };
  settings.clock = &clock;
  settings.random = &random;
  settings.author = "tester";
  return std::make_unique<Doppel>(std::move(settings));
}

std::unique_ptr<Doppel> Stand::with_tenant() const {
  auto doppel = open();
  doppel->init("shop", "sqlite:" + live().string(), manifest().string(), read_file(manifest()));
  return doppel;
}

fs::path Stand::file_of(const std::string& environment) const {
  const EnvironmentName name = parse_environment(environment);
  for (const auto& known : open()->sandboxes(name.tenant)) {
    if (known.name == name.sandbox)
      return home() / "sandboxes" / name.tenant / known.id / "data.db";
  }
  throw Error(ErrorCode::kNotFound, "there is no such sandbox", {.place = environment});
}

void Stand::write(const fs::path& database, const std::string& sql) {
  connect(database)->run_script(sql);
}

void Stand::edit_sandbox(const std::string& environment, const std::string& sql) const {
  if (carrier_ == Carrier::kFile) return write(file_of(environment), sql);
  open()->open_sql(parse_environment(environment))->run(sql, {});
}

std::string Stand::content(const fs::path& database) {
  std::string text;
  for (const char* table : {"queues", "rules", "settings", "tickets"}) {
    if (query(database, fmt::format("SELECT 1 FROM sqlite_schema WHERE name = '{}'", table))
            .empty()) {
      continue;
    }
    text += std::string(table) + "\n";
    for (const Row& row : query(database, std::string("SELECT * FROM ") + table + " ORDER BY 1")) {
      text += "  " + display(row) + "\n";
    }
  }
  return text;
}

std::string Stand::damage(const fs::path& database) {
  std::string found;
  for (const Row& row : query(database, "PRAGMA integrity_check")) {
    if (row[0] != Value("ok")) found += display(row) + "\n";
  }
  for (const Row& row : query(database, "PRAGMA foreign_key_check")) found += display(row) + "\n";
  return found;
}

std::vector<Row> Stand::query(const fs::path& database, const std::string& sql) {
  return connect(database)->sql()->query(sql, {});
}

Running Stand::start(const std::vector<std::string>& arguments, const Variables& variables) const {
  std::vector<std::string> words{program().string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  Variables all = variables;
  all.emplace_back("DOPPEL_HOME", home().string());
  return start_program(std::move(words), all, folder_);
}

Finished Stand::run(const std::vector<std::string>& arguments, const Variables& variables) const {
  return start(arguments, variables).wait();
}

Finished Stand::run_words(std::vector<std::string> words) const {
  return start_program(std::move(words), {{"DOPPEL_HOME", home().string()}}, folder_).wait();
}

Finished Stand::run_as_nobody(const std::vector<std::string>& arguments) const {
  std::vector<std::string> words;
  if (::geteuid() == 0)
    words = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  // Nobody may not be allowed to look into the folder of the build.
  const fs::path copy = folder_ / "doppel";
  fs::copy_file(program(), copy, fs::copy_options::overwrite_existing);
  words.push_back(copy.string());
  words.insert(words.end(), arguments.begin(), arguments.end());
  return start_program(std::move(words), {{"DOPPEL_HOME", home().string()}}, folder_).wait();
}

void Stand::save() const {
  fs::remove_all(folder_ / "saved");
  fs::copy(folder(), folder_ / "saved", fs::copy_options::recursive);
}

void Stand::restore() const {
  fs::remove_all(folder());
  fs::copy(folder_ / "saved", folder(), fs::copy_options::recursive);
}

fs::path Stand::copy_of_live() const {
  const fs::path copy = folder_ / "copy";
  fs::remove_all(copy);
  fs::create_directory(copy);
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
    const fs::path file = live().string() + suffix;
    if (fs::exists(file)) fs::copy_file(file, copy / file.filename());
  }
  return copy / "live.db";
}

}  // namespace doppel::testing
