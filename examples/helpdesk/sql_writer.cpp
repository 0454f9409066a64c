#include "sql_writer.hpp"

#include <fmt/core.h>

namespace helpdesk {

namespace {
constexpr int kRowsPerStatement = 200;
constexpr std::size_t kPieceBytes = 1 << 20;
}  // namespace

void SqlWriter::raw(std::string_view sql) {
  end_statement();
  buffer_ += sql;
}

void SqlWriter::table(std::string_view name, std::string_view columns) {
  end_statement();
  insert_ = fmt::format("INSERT INTO {} ({}) VALUES\n", name, columns);
}

SqlWriter& SqlWriter::row() {
  if (rows_in_statement_ == kRowsPerStatement) end_statement();
  if (rows_in_statement_ == 0) {
    buffer_ += insert_;
  } else {
    buffer_ += "),\n";
  }
  buffer_ += "(";
  ++rows_in_statement_;
  first_value_ = true;
  return *this;
}

SqlWriter& SqlWriter::number(std::int64_t value) {
  value_begins();
  buffer_ += std::to_string(value);
  return *this;
}

SqlWriter& SqlWriter::text(std::string_view value) {
  value_begins();
  buffer_ += '\'';
  for (const char character : value) {
    if (character == '\'') buffer_ += '\'';
    buffer_ += character;
  }
  buffer_ += '\'';
  return *this;
}

SqlWriter& SqlWriter::null() {
  value_begins();
  buffer_ += "NULL";
  return *this;
}

void SqlWriter::finish() {
  end_statement();
  sink_(buffer_);
  buffer_.clear();
}

void SqlWriter::value_begins() {
  if (!first_value_) buffer_ += ", ";
  first_value_ = false;
}

void SqlWriter::end_statement() {
  if (rows_in_statement_ > 0) buffer_ += ");\n";
  rows_in_statement_ = 0;
  if (buffer_.size() < kPieceBytes) return;
  sink_(buffer_);
  buffer_.clear();
}

}  // namespace helpdesk
