#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "access/link.hpp"
#include "api/site.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/drivers.hpp"
#include "cli/heartbeat.hpp"
#include "desk/demo.hpp"
#include "desk/directory.hpp"
#include "desk/schema.hpp"
#include "desk/seed.hpp"
#include "net/server.hpp"

namespace doppel::cli {
namespace {

struct ServeArguments {
  std::string tenant = "desk";
  std::string database;
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;
  std::size_t workers = 4;
  std::string certificate, key;
  std::int64_t demo = 0;  ///< cases of the example that fills a new organisation
};

/// Where the desk's database stands unless somebody says it.
std::string default_database(const Settings& settings) {
  if (settings.home.empty()) {
    throw Error(ErrorCode::kUsage, "nothing says which database the desk has",
                {.place = "--database", .remedy = "give it as postgresql://..."});
  }
  return "sqlite:" + (settings.home / "desk.db").string();
}

bool has_tenant(Doppel& engine, const std::string& name) {
  for (const environment::Tenant& tenant : engine.tenants()) {
    if (tenant.name == name) return true;
  }
  return false;
}

/// Brings the desk's tables to today's schema, fills a new one, and attaches it once.
void prepare(const Settings& settings, const ServeArguments& arguments) {
  Doppel engine(settings);
  std::string dsn = arguments.database;
  const bool is_known = has_tenant(engine, arguments.tenant);
  if (is_known) {
    for (const environment::Tenant& tenant : engine.tenants()) {
      if (tenant.name == arguments.tenant) dsn = tenant.dsn;
    }
  } else if (dsn.empty()) {
    dsn = default_database(settings);
  }
  const desk::Dialect dialect = desk::dialect_of(dsn);
  const auto live = open_or_make(dsn);
  const auto added = desk::apply_schema(*live, dialect, *settings.clock);
  if (!is_known && arguments.demo > 0) {
    const desk::DemoOptions options{.cases = arguments.demo};
    desk::seed_organisation(*live, options.seed, options.begin());
    desk::fill_demo(*live, options);
  } else {
    desk::seed_organisation(*live, settings.random->next(), settings.clock->now());
  }
  if (!is_known) {
    engine.init(arguments.tenant, dsn, "desk/manifest.yaml", desk::manifest_text(dialect));
  } else if (!added.empty()) {
    // A desk of an older doppel has new tables; its sandboxes are taken over by `sandbox adapt`.
    engine.set_manifest(arguments.tenant, "desk/manifest.yaml", desk::manifest_text(dialect));
  }
}

api::Surroundings surroundings_of(const Settings& settings) {
  return {.clock = *settings.clock,
          .random = *settings.random,
          .open_engine = [settings] { return std::make_unique<Doppel>(settings); },
          .open_store = [settings] { return settings.open_store(settings.home / "control.db"); },
          .open_directory =
              [settings](database::Connection& live) {
                return desk::open_directory(live, *settings.clock, *settings.random);
              },
          .repeat = repeat};
}

/// Whoever starts a new organisation gets the way in, once; it is good for a day.
void print_first_link(api::Site& site, const std::string& base) {
  auto place = site.workplaces().take();
  const auto first = access::first_start(place->store(), place->directory());
  if (!first) return;
  fmt::print(
      "Nobody can sign in yet. Set the password of '{}' once, within a day:\n"
      "  curl -X POST {}/api/v1/links/{} \\\n"
      "    -H 'Content-Type: application/json' -d '{{\"password\": \"...\"}}'\n",
      first->account.login, base, first->link);
}

void log_line(const std::string& line) {
  const std::string whole = line + "\n";
  std::fwrite(whole.data(), 1, whole.size(), stderr);
}

void serve(const ServeArguments& arguments, const Context& context) {
  const Settings settings = settings_of(context.options);
  prepare(settings, arguments);
  net::ServerSettings server_settings;
  server_settings.address = arguments.address;
  server_settings.port = arguments.port;
  server_settings.workers = arguments.workers;
  server_settings.stop_signals = net::StopSignals::kHeeded;
  const bool has_tls = !arguments.certificate.empty();
  if (has_tls != !arguments.key.empty()) {
    throw Error(ErrorCode::kUsage, "TLS needs both a certificate and its key",
                {.place = "--certificate", .remedy = "give --certificate and --key"});
  }
  if (has_tls) server_settings.tls = net::TlsFiles{arguments.certificate, arguments.key};

  const net::Server* running = nullptr;
  api::Site site({.tenant = arguments.tenant,
                  .workers = arguments.workers,
                  .cookies = has_tls ? http::Secure::kYes : http::Secure::kNo,
                  .metrics = [&running] { return net::to_prometheus(running->metrics()); }},
                 surroundings_of(settings));
  server_settings.body_bytes_of = [&site](const http::Request& request) {
    return site.router().body_bytes(request);
  };
  net::Server server(server_settings,
                     [&site](const http::Request& request) { return site.answer(request); },
                     {.clock = *settings.clock, .random = *settings.random, .log = log_line});
  running = &server;
  const std::string base =
      fmt::format("{}://{}:{}", has_tls ? "https" : "http", arguments.address, server.port());
  fmt::print("doppel serves '{}' at {}\n", arguments.tenant, base);
  print_first_link(site, base);
  std::fflush(stdout);
  server.run();
}

}  // namespace

void add_serve(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<ServeArguments>();
  CLI::App* command = app.add_subcommand("serve", "Serve the desk over HTTP");
  command->add_option("--tenant", arguments->tenant, "The organisation's name (default: desk)");
  command->add_option("--database", arguments->database,
                      "Of a new organisation: sqlite:PATH or postgresql://... "
                      "(default: a file in DOPPEL_HOME)");
  command
      ->add_option("--demo", arguments->demo,
                   "Fill a new organisation with an example of so many cases")
      ->check(CLI::Range(std::int64_t{1}, desk::kMaximalDemoCases));
  command->add_option("--address", arguments->address, "To listen on (default: 127.0.0.1)");
  command->add_option("--port", arguments->port, "To listen on, 0: a free one (default: 8080)");
  command->add_option("--workers", arguments->workers, "Requests answered at once (default: 4)")
      ->check(CLI::Range(1, 256));
  command->add_option("--certificate", arguments->certificate, "PEM file, for TLS");
  command->add_option("--key", arguments->key, "PEM file of its private key");
  command->footer(example("doppel serve --port 0"));
  command->callback([arguments, &context] { serve(*arguments, context); });
}

}  // namespace doppel::cli
