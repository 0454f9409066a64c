// doppel as a library: attach a database, work in a sandbox of it, review a plan, promote it.
//
//   library_story HOME DATABASE MANIFEST
//
// HOME is a folder for what doppel keeps, DATABASE the example helpdesk's, MANIFEST its manifest.

#include <cstdio>
#include <string>

#include "adapters/sqlite/database.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "doppel.hpp"

namespace {

void say(const std::string& text) { std::printf("%s\n", text.c_str()); }

/// Runs statements and prints the rows that they answer.
void run(doppel::database::SqlSession& session, const std::string& sql) {
  session.run(sql, {.columns = {},
                    .row =
                        [](doppel::Row&& row) {
                          std::string line = " ";
                          for (const doppel::Value& value : row) line += " " + display(value);
                          say(line);
                        },
                    .done = {}});
}

void tell(const std::string& home, const std::string& database, const std::string& manifest) {
  // What doppel is given of the world: where it keeps things, which databases there are, who acts.
  const doppel::SystemClock clock;
  doppel::SystemRandom random;
  doppel::Settings settings;
  settings.home = home;
  settings.connect = [](const std::string& dsn) {
    return doppel::sqlite::attach(dsn.substr(dsn.find(':') + 1));
  };
  settings.open_store = [](const std::filesystem::path& path) {
    return doppel::sqlite::open_store(path.string());
  };
  settings.clock = &clock;
  settings.random = &random;
  settings.author = "library";
  doppel::Doppel doppel(std::move(settings));

  doppel.init("acme", "sqlite:" + database, manifest, doppel::read_file(manifest));
  const doppel::EnvironmentName live{"acme", ""};
  const doppel::EnvironmentName sandbox{"acme", "qa"};
  doppel.create(sandbox, {.kind = "overlay", .carrier = {}, .follow_live = {}, .purpose = {}});

  say("in the sandbox:");
  {
    const auto session = doppel.open_sql(sandbox);
    run(*session,
        "UPDATE queues SET name = 'Repairs' WHERE id = 4;"
        "INSERT INTO queues (name) VALUES ('Partners');"
        "SELECT id, name FROM queues ORDER BY id");
  }

  const doppel::plan::Plan plan = doppel.plan(sandbox, {});
  say("the plan:");
  for (const doppel::plan::PlannedChange& planned : plan.changes) {
    say("  " + planned.change.table->name + ": " + planned.label);
  }
  if (!plan.promotable()) {
    for (const doppel::merge::Conflict& conflict : plan.conflicts) say(conflict.message);
    throw doppel::Error(doppel::ErrorCode::kConflicts, "the plan asks something");
  }

  // Exactly this plan: had live moved in what it touches, promote would refuse.
  const doppel::plan::Promoted promoted = doppel.promote(sandbox, plan.hash.text);
  say("promotion " + std::to_string(promoted.promotion.number) + ", " +
      doppel::counted(static_cast<std::int64_t>(promoted.promotion.config.size()), "row"));

  say("in live:");
  run(*doppel.open_sql(live), "SELECT id, name FROM queues ORDER BY id");
}

}  // namespace

int main(int count, char** words) {
  if (count != 4) {
    std::fprintf(stderr, "usage: library_story HOME DATABASE MANIFEST\n");
    return 2;
  }
  try {
    tell(words[1], words[2], words[3]);
    return 0;
  } catch (const doppel::Error& error) {
    std::fprintf(stderr, "%s\n  %s\n", error.what(), std::string(error.remedy()).c_str());
    return doppel::error_info(error.code()).exit_code;
  }
}
