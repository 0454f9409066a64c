#include "base/csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace doppel {
namespace {

using Table = std::vector<std::vector<std::string>>;

Table read(std::string_view text, char separator = ',') {
  CsvReader reader(text, separator);
  Table table;
  while (auto record = reader.next()) table.push_back(std::move(record->cells));
  return table;
}

std::string place_of(std::string_view text) {
  try {
    read(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
    return error.place();
  }
  return "none";
}

TEST(Csv, ReadsCells) {
  EXPECT_EQ(read("a,b\r\nc,d\r\n"), (Table{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(read("a,b\nc,d"), (Table{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(read("a,,\n,"), (Table{{"a", "", ""}, {"", ""}}));
  EXPECT_EQ(read("a;b,c\n", ';'), (Table{{"a", "b,c"}}));
  EXPECT_EQ(read("\xef\xbb\xbf"
                 "a\n"),
            (Table{{"a"}}));
  EXPECT_EQ(read(""), Table{});
  EXPECT_EQ(read("\n\r\n\n"), Table{});
  EXPECT_EQ(read("\"\"\n"), (Table{{""}}));
  EXPECT_EQ(read("a\rb\n"), (Table{{"a\rb"}}));
}

TEST(Csv, ReadsQuotedCells) {
  EXPECT_EQ(read("\"a,b\",\"say \"\"hi\"\"\"\r\n"), (Table{{"a,b", "say \"hi\""}}));
  EXPECT_EQ(read("\"two\r\nlines\",x\nnext,y"), (Table{{"two\r\nlines", "x"}, {"next", "y"}}));
  EXPECT_EQ(read("\"end\""), (Table{{"end"}}));
}

TEST(Csv, KnowsTheLines) {
  CsvReader reader("a\n\"two\nlines\"\n\nb\n");
  EXPECT_EQ(reader.next()->line, 1U);
  EXPECT_EQ(reader.next()->line, 2U);
  EXPECT_EQ(reader.next()->line, 5U);
}

TEST(Csv, RefusesWhatCouldBeReadInTwoWays) {
  EXPECT_EQ(place_of("a\nb\"c\n"), "line 2");
  EXPECT_EQ(place_of("a\n\"b\nc"), "line 2");
  EXPECT_EQ(place_of("\"a\"b\n"), "line 1");
  EXPECT_EQ(place_of(std::string(kMostCsvCells, ',')), "line 1");
  EXPECT_EQ(place_of(std::string(kMostCsvCells - 1, ',')), "none");
}

TEST(Csv, WritesWhatItReads) {
  const Table table{{"a", "b,c", "say \"hi\""}, {"", "two\r\nlines", " x "}, {""}};
  std::string text;
  for (const auto& cells : table) append_csv(text, cells);
  EXPECT_EQ(text, "a,\"b,c\",\"say \"\"hi\"\"\"\r\n,\"two\r\nlines\", x \r\n\"\"\r\n");
  EXPECT_EQ(read(text), table);
}

}  // namespace
}  // namespace doppel
