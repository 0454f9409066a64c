#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace helpdesk {

/// Takes the text as it is made, in pieces of about a megabyte.
using Sink = std::function<void(std::string_view)>;

/// Writes SQL that SQLite and PostgreSQL both read: INSERT statements of many rows each.
///
///     writer.table("countries", "code, name");
///     writer.row().text("SE").text("Sweden");
class SqlWriter {
 public:
  explicit SqlWriter(Sink sink) : sink_(std::move(sink)) {}

  /// Text as it is: ends the statement that is open.
  void raw(std::string_view sql);
  /// The rows that follow go into this table.
  void table(std::string_view name, std::string_view columns);
  SqlWriter& row();
  SqlWriter& number(std::int64_t value);
  SqlWriter& text(std::string_view value);
  SqlWriter& null();
  /// Ends the last statement and hands over what is left.
  void finish();

 private:
  void value_begins();
  void end_statement();

  Sink sink_;
  std::string buffer_;
  std::string insert_;
  int rows_in_statement_ = 0;
  bool first_value_ = true;
};

}  // namespace helpdesk
