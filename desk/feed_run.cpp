#include <algorithm>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "desk/feed.hpp"
#include "desk/hooks.hpp"

/// Runs of feeds, and what they keep: counts, and the rows that couldn't be taken.
namespace doppel::desk {
namespace {

using Action = FeedRowResult::Action;

constexpr std::size_t kBatch = 100;

/// Dry in a sandbox: what comes from outside isn't for what is only tried [D1].
Mode mode_of(const Workplace& place, const FeedOptions& options) {
  return place.sandbox.empty() ? options.mode : Mode::kDryRun;
}

void count(FeedReport& report, const FeedRowResult& result) {
  ++report.rows;
  ++(result.action == Action::kCreate      ? report.created
     : result.action == Action::kUpdate    ? report.updated
     : result.action == Action::kUnchanged ? report.unchanged
                                           : report.errors);
}

std::string problems_text(const FeedRowResult& result) {
  json::array problems;
  for (const FieldProblem& problem : result.problems) {
    problems.emplace_back(json::object{
        {"field", problem.field}, {"message", problem.message}, {"remedy", problem.remedy}});
  }
  return write_json(problems, JsonStyle::kCompact);
}

std::string source_text(const FeedRow& row) {
  json::object source;
  for (const auto& [column, cell] : row.cells) source[column] = cell;
  return write_json(source, JsonStyle::kCompact);
}

/// The key of the new run.
std::string begin_run(Workplace& place, const Feed& feed, std::string_view text,
                      const FeedOptions& options) {
  const auto transaction = place.connection.begin(database::TransactionKind::kWrite);
  std::string id =
      insert_record(place, "feed_runs",
                    {{"feed_id", Value(feed.id)},
                     {"file_name", Value(options.file_name)},
                     {"content_hash", Value(sha256(text))},
                     {"author_id", place.user_id.empty() ? Value() : Value(place.user_id)}});
  transaction->commit();
  return id;
}

/// REQUIRES: an open write transaction.
void keep_counts(Workplace& place, const FeedReport& report) {
  update_record(place, "feed_runs", report.run_id,
                {{"state", Value(report.errors > 0 ? "with_errors" : "done")},
                 {"row_count", Value(report.rows)},
                 {"created_count", Value(report.created)},
                 {"updated_count", Value(report.updated)},
                 {"unchanged_count", Value(report.unchanged)},
                 {"error_count", Value(report.errors)}});
}

/// Rows batch by batch. `each` hears of every row; results are in the order of the rows.
template <typename Each>
void do_rows(Workplace& place, const Feed& feed, Mode mode, std::span<const FeedRow> rows,
             const FeedOptions& options, const Each& each) {
  FeedWriter writer(place, feed, mode);
  for (std::size_t at = 0; at < rows.size(); at += kBatch) {
    const auto batch = rows.subspan(at, std::min(kBatch, rows.size() - at));
    const std::vector<FeedRowResult> results = writer.write(batch);
    if (mode == Mode::kCommit && options.written) options.written(*feed.object, results);
    for (std::size_t i = 0; i < results.size(); ++i) each(at + i, results[i]);
  }
}

void show(FeedReport& report, const FeedRowResult& result) {
  const bool is_shown = report.mode == Mode::kDryRun || result.action == Action::kError;
  if (is_shown && report.results.size() < kFeedSample) report.results.push_back(result);
}

struct OpenError {
  std::string id;
  FeedRow row;
};

std::vector<OpenError> open_errors(Workplace& place, const std::string& run_id) {
  std::vector<OpenError> errors;
  for (const Row& row : place.connection.sql()->query(
           "SELECT id, line, source FROM feed_errors WHERE run_id = $1 AND state = 'open' ORDER BY "
           "line, id",
           {Value(run_id)})) {
    OpenError error{.id = row[0].text(),
                    .row = {.line = static_cast<std::size_t>(row[1].integer()), .cells = {}}};
    const json::value source = parse_json(row[2].text(), error.id);
    if (source.is_object()) {
      for (const auto& member : source.get_object()) {
        if (!member.value().is_string()) continue;
        error.row.cells[std::string(member.key())] = std::string(member.value().get_string());
      }
    }
    errors.push_back(std::move(error));
  }
  return errors;
}

}  // namespace

std::string_view to_text(FeedRowResult::Action action) {
  switch (action) {
    case Action::kCreate:
      return "create";
    case Action::kUpdate:
      return "update";
    case Action::kUnchanged:
      return "unchanged";
    default:
      return "error";
  }
}

FeedReport run_feed(Workplace& place, const std::string& feed_id, std::string_view text,
                    const FeedOptions& options) {
  const Feed feed = read_feed(place, feed_id);
  std::vector<FeedRow> rows = read_feed_file(feed, text);
  if (rows.size() > options.rows) rows.resize(options.rows);
  FeedReport report{.run_id = {}, .mode = mode_of(place, options), .results = {}};
  if (report.mode == Mode::kCommit) report.run_id = begin_run(place, feed, text, options);
  std::vector<std::pair<std::size_t, FeedRowResult>> errors;
  do_rows(place, feed, report.mode, rows, options,
          [&](std::size_t index, const FeedRowResult& result) {
            count(report, result);
            show(report, result);
            if (result.action == Action::kError) errors.emplace_back(index, result);
          });
  if (report.mode == Mode::kDryRun) return report;
  const auto transaction = place.connection.begin(database::TransactionKind::kWrite);
  for (const auto& [index, result] : errors) {
    insert_record(place, "feed_errors",
                  {{"run_id", Value(report.run_id)},
                   {"line", Value(static_cast<std::int64_t>(result.line))},
                   {"source", Value(source_text(rows[index]))},
                   {"problems", Value(problems_text(result))}});
  }
  keep_counts(place, report);
  transaction->commit();
  return report;
}

FeedReport retry_feed(Workplace& place, const std::string& run_id, const FeedOptions& options) {
  const auto runs = place.connection.sql()->query(
      "SELECT feed_id, row_count, created_count, updated_count, unchanged_count FROM feed_runs "
      "WHERE id = $1",
      {Value(run_id)});
  if (runs.empty()) {
    throw Error(ErrorCode::kNotFound, "there is no such run", {.place = run_id, .remedy = {}});
  }
  const Feed feed = read_feed(place, runs[0][0].text());
  const std::vector<OpenError> open = open_errors(place, run_id);
  std::vector<FeedRow> rows;
  for (const OpenError& error : open) rows.push_back(error.row);
  FeedReport report{.run_id = run_id, .mode = mode_of(place, options), .results = {}};
  std::vector<std::pair<std::string, FeedRowResult>> done;
  do_rows(place, feed, report.mode, rows, options,
          [&](std::size_t index, const FeedRowResult& result) {
            count(report, result);
            show(report, result);
            done.emplace_back(open[index].id, result);
          });
  if (report.mode == Mode::kDryRun) return report;
  const auto transaction = place.connection.begin(database::TransactionKind::kWrite);
  for (const auto& [id, result] : done) {
    const bool is_open = result.action == Action::kError;
    update_record(place, "feed_errors", id,
                  {{"state", Value(is_open ? "open" : "mended")},
                   {"problems", Value(problems_text(result))}});
  }
  // The run as a whole: what it had done, and this.
  FeedReport whole = report;
  whole.rows = runs[0][1].integer();
  whole.created += runs[0][2].integer();
  whole.updated += runs[0][3].integer();
  whole.unchanged += runs[0][4].integer();
  keep_counts(place, whole);
  transaction->commit();
  return report;
}

}  // namespace doppel::desk
