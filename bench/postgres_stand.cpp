#include "bench/postgres_stand.hpp"

#include <cstdlib>
#include <fstream>

#include <fmt/core.h>
#include <unistd.h>

#include "adapters/postgres/database.hpp"
#include "adapters/postgres/values.hpp"
#include "adapters/sqlite/database.hpp"
#include "base/files.hpp"

namespace doppel::bench {
namespace {

using postgres::Link;

bool is_data(const std::string& table) { return table == "entries" || table == "visits"; }

/// The server counts a process when it has ended, which is a moment after its connection was
/// closed.
void await_ends() {
  Link link({.dsn = testing::cluster_dsn("postgres", "postgres")});
  constexpr int kPatience = 200;
  for (int i = 0; i < kPatience; ++i) {
    const auto left = postgres::rows_of(
        link.run_script("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'doppel' "
                        "AND pid <> pg_backend_pid() AND backend_type = 'client backend'")
            .get());
    ::usleep(10'000);
    if (i > 2 && left.at(0).at(0) == Value(0)) return;
  }
}

double server_milliseconds() {
  std::ifstream pid_file(testing::cluster_socket() + "/data/postmaster.pid");
  std::string pid;
  std::getline(pid_file, pid);
  std::ifstream stat("/proc/" + pid + "/stat");
  std::string field;
  double ticks = 0;
  for (int i = 1; i <= 17 && stat >> field; ++i) {
    if (i >= 16) ticks += std::stod(field);
  }
  return ticks * 1e3 / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

std::string config_script(int tables, int rows) {
  const int each = rows / tables;
  std::string sql;
  for (int i = 0; i < tables; ++i) {
    const std::string reference = i == 0 ? "" : fmt::format(" REFERENCES {}", cfg_table(i - 1));
    sql += fmt::format(
        "CREATE TABLE {0} (id serial PRIMARY KEY, name text NOT NULL UNIQUE, parent_id integer{1},"
        " position integer NOT NULL, amount double precision, label text, options jsonb,"
        " active boolean NOT NULL, note text, changed date);\n"
        "INSERT INTO {0} SELECT g, 'row ' || g || ' of {0}', {2}, g, g::bigint * 7919 % 10000 / "
        "100.0,"
        " 'label ' || g % 97, jsonb_build_object('size', g % 99), true,"
        " 'a note of some words ' || g * 31 % 1009, '2026-01-01' FROM generate_series(1, {3}) AS g;"
        "\nSELECT setval(pg_get_serial_sequence('{0}', 'id'), {3});\n"
        "CREATE INDEX {0}_parent ON {0} (parent_id);\nANALYZE {0};\n",
        cfg_table(i), reference, i == 0 ? "NULL" : fmt::format("1 + (g * 7) % {}", each), each);
  }
  return sql + fmt::format(
                   "CREATE TABLE entries (id serial PRIMARY KEY, kind_id integer REFERENCES {},"
                   " stage_id integer REFERENCES {}, amount double precision);\n"
                   "INSERT INTO entries (kind_id, stage_id, amount) SELECT 1 + g % {}, 1 + g * 7 % "
                   "{}, 0.5 FROM generate_series(1, 20000) AS g;\n"
                   "CREATE INDEX entries_kind ON entries (kind_id);\nANALYZE entries;\n",
                   cfg_table(tables - 1), cfg_table(5), each, each);
}

std::string cfg_script() { return config_script(kCfgTables, kCfgTables * kCfgRows); }

std::string crm_script() {
  return "CREATE TABLE contacts (id bigserial PRIMARY KEY, code uuid NOT NULL, name text NOT NULL,"
         " city text, owner integer, amount numeric(10, 2), rank smallint, flags integer,"
         " note text, changed timestamptz);\n"
         "INSERT INTO contacts SELECT g, md5(g::text)::uuid, 'contact number ' || g,"
         " 'city ' || g * 31 % 997, g % 500, g * 7919 % 1000000 / 100.0, g % 10, g % 16,"
         " 'a note of a few words about ' || g * 17 % 100003, timestamptz '2026-01-01' + g *"
         " interval '13 seconds' FROM generate_series(1::bigint, 1000000) AS g;\n"
         "SELECT setval('contacts_id_seq', 1000000);\n"
         "CREATE TABLE visits (id serial PRIMARY KEY, contact_id bigint REFERENCES contacts,"
         " minutes integer);\n"
         "INSERT INTO visits (contact_id, minutes) SELECT g * 997, 30 FROM generate_series(1, 1000)"
         " AS g;\nCREATE INDEX visits_contact ON visits (contact_id);\nANALYZE;\n";
}

std::string config_manifest(int tables) {
  std::string text = "doppel: 1\napplication: cfg\ntables:\n  entries: data\n";
  for (int number = 0; number < tables; ++number) {
    text += "  " + cfg_table(number) + ": {role: config, label: name, plain: all}\n";
  }
  return text;
}

PostgresStand::PostgresStand(const std::string& script) : folder_(fresh_folder("postgres-stand")) {
  live_.run("GRANT CREATE ON DATABASE " + live_.name() +
                " TO doppel_admin; GRANT CREATE ON SCHEMA public TO doppel_admin",
            "postgres");
  live_.run(script);
  database_ = postgres::attach(live_.dsn());
  const auto connection = database_->open(database::Access::kReadOnly);
  for (const database::Table& table : connection->read_schema().tables) {
    if (is_data(table.name)) continue;
    tables_.push_back({.shape = database::shape_of(table, table.primary_key)});
  }
}

void PostgresStand::let_go() { database_ = postgres::attach(live_.dsn()); }

PostgresStand::~PostgresStand() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

database::OverlaySpec PostgresStand::spec(const std::string& carrier,
                                          const std::string& name) const {
  database::OverlaySpec spec;
  spec.carrier = carrier;
  spec.folder = folder_ / (live_.name().substr(5) + name);
  spec.mark = "{}";
  spec.tables = tables_;
  return spec;
}

std::string PostgresStand::ask(const std::string& sql, const std::string& dsn) const {
  Link link({.dsn = dsn.empty() ? live_.dsn() : dsn});
  const std::vector<Row> rows = postgres::rows_of(link.run_script(sql).get());
  std::string text;
  for (const Value& value : rows.at(0)) {
    text += (text.empty() ? "" : ",") + postgres::text_of(value).value_or("NULL");
  }
  return text;
}

void PostgresStand::require_same_rows(const std::string& dsn,
                                      const std::vector<std::string>& tables,
                                      const std::string& schema) const {
  for (const std::string& table : tables) {
    const auto sum = [&](const std::string& from) {
      return fmt::format("SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {} AS t", from);
    };
    const std::string from = schema.empty() ? table : schema + "." + table;
    require(ask(sum(from), dsn) == ask(sum(table)), "other rows than live in " + from);
  }
}

PostgresStage::PostgresStage(const std::string& script, const std::string& manifest)
    : stand_(script), folder_(fresh_folder("postgres-stage")) {
  Settings settings;
  settings.home = folder_ / "home";
  settings.connect = [](const std::string& dsn) { return postgres::attach(dsn); };
  settings.open_store = [](const fs::path& path) { return sqlite::open_store(path.string()); };
  settings.clock = &clock_;
  settings.random = &random_;
  settings.author = "bench";
  doppel_ = std::make_unique<Doppel>(std::move(settings));
  doppel_->init("app", stand_.live().dsn(), "bench.yaml", manifest);
}

PostgresStage::~PostgresStage() {
  for (const environment::Environment& sandbox : doppel_->sandboxes("app")) {
    try {
      doppel_->discard({"app", sandbox.name});
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
      // Its database goes now.
    }
  }
  doppel_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string PostgresStage::create(const std::string& name, const std::string& carrier) {
  CreateOptions options;
  options.carrier = carrier;
  doppel_->create({"app", name}, options);
  return doppel_->access({"app", name}).dsn;
}

ServerCost::ServerCost() : milliseconds_(server_milliseconds()), trips_(trips_so_far()) {}

std::string ServerCost::note(int times) const {
  const Trips now = trips_so_far();
  await_ends();
  const auto each = [&](std::int64_t after, std::int64_t before) {
    return static_cast<double>(after - before) / times;
  };
  return fmt::format(
      "each: {:.1f} ms of the server's processor time, {:.0f} connections, {:.0f} statements, "
      "{:.0f} "
      "round trips",
      (server_milliseconds() - milliseconds_) / times, each(now.connections, trips_.connections),
      each(now.statements, trips_.statements), each(now.trips, trips_.trips));
}

void run_sql(const std::string& dsn, const std::string& sql) {
  Link link({.dsn = dsn, .access = database::Access::kReadWrite});
  link.run_script(sql);
}

bool run_command(const std::string& command) { return std::system(command.c_str()) == 0; }

}  // namespace doppel::bench
