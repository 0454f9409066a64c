#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "desk/resource.hpp"

/// Data feeds: files from elsewhere become records by the mappings of this environment. Records are
/// found by a key, so the same file again changes nothing. In a sandbox every run is a dry one.
namespace doppel::desk {

inline constexpr std::size_t kMostFeedRows = 20'000;
inline constexpr std::size_t kFeedSample = 200;  ///< rows that a dry run shows

struct FeedMapping {
  std::string source;  ///< a column; empty: always the default
  std::string target;  ///< a field, or `custom.CODE`
  std::string kind, look_up;
  Value default_value;
  std::map<std::string, std::string, std::less<>> value_map;
  const Field* field = nullptr;  ///< null for a custom one
  std::string custom_kind;
};

enum class FeedRule { kUpdateOrCreate, kCreate, kUpdate };

struct Feed {
  std::string id, name, format;
  const Collection* object = nullptr;
  char separator = ',';
  FeedRule rule = FeedRule::kUpdateOrCreate;
  std::vector<FeedMapping> mappings;
  std::size_t key = 0;  ///< of the mappings
};

/// As this environment defines it. Throws Error(kNotFound), Error(kWrongState) for one that is off
/// or can't work, with what is missing.
Feed read_feed(Workplace& place, const std::string& id);

/// A row of a file, by columns.
struct FeedRow {
  std::size_t line = 1;
  std::map<std::string, std::string, std::less<>> cells;
};

/// Throws Error(kInvalidInput) with line or column for a file that can't be read as a whole: no
/// UTF-8, broken CSV, a line that is no JSON object, a column that a mapping names and the file
/// hasn't, too many rows.
std::vector<FeedRow> read_feed_file(const Feed& feed, std::string_view text);

/// What the mappings make of a row.
struct MappedRow {
  Values values;
  std::vector<FieldProblem> problems;  ///< of columns, and of fields that have none
};

/// Finds references by look-up, and remembers them.
class FeedMapper {
 public:
  FeedMapper(Workplace& place, const Feed& feed);
  MappedRow map(const FeedRow& row);

 private:
  Value convert(const FeedMapping& mapping, const std::string& text, MappedRow& mapped);
  Value look_up(const FeedMapping& mapping, const std::string& text, MappedRow& mapped);

  Workplace& place_;
  const Feed& feed_;
  int money_digits_;
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> found_;
};

struct FeedRowResult {
  std::size_t line = 1;
  enum class Action { kCreate, kUpdate, kUnchanged, kError } action = Action::kError;
  std::string id = {};  ///< of the record; empty for one that a dry run would make
  Values values = {};   ///< what was written, or would be
  std::vector<FieldProblem> problems = {};
};
std::string_view to_text(FeedRowResult::Action action);

struct FeedReport {
  std::string run_id;  ///< empty for a dry run
  Mode mode = Mode::kCommit;
  std::int64_t rows = 0, created = 0, updated = 0, unchanged = 0, errors = 0;
  /// Of a dry run the first kFeedSample rows, else as many errors.
  std::vector<FeedRowResult> results;
};

struct FeedOptions {
  std::string file_name = {};
  Mode mode = Mode::kCommit;
  std::size_t rows = kMostFeedRows;  ///< only the first so many
  /// Told of each batch of records when it is committed.
  std::function<void(const Collection&, std::span<const FeedRowResult>)> written = {};
};

/// Row errors are kept in feed_errors, with the row. Throws as read_feed and read_feed_file.
FeedReport run_feed(Workplace& place, const std::string& feed_id, std::string_view text,
                    const FeedOptions& options);

/// Takes the open errors of a run again, as somebody mended them, by today's mappings.
/// Throws Error(kNotFound), and as read_feed.
FeedReport retry_feed(Workplace& place, const std::string& run_id, const FeedOptions& options);

/// Internal to this room: does a batch of rows, all that can be done of it.
class FeedWriter {
 public:
  FeedWriter(Workplace& place, const Feed& feed, Mode mode);
  std::vector<FeedRowResult> write(std::span<const FeedRow> rows);

 private:
  struct Item;
  void take_key(Item& item);
  void find_existing(std::vector<Item>& items);
  void decide(Item& item);
  void write_items(std::vector<Item*> items);

  Workplace& place_;
  const Feed& feed_;
  Mode mode_;
  FeedMapper mapper_;
  std::map<std::string, std::size_t, std::less<>> seen_;  ///< keys, and the line of each
};

}  // namespace doppel::desk
