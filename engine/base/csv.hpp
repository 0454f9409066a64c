#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Tables as text: RFC 4180, with LF beside CRLF and with other separators.
namespace doppel {

struct CsvRecord {
  std::size_t line = 1;  ///< where it begins
  std::vector<std::string> cells;
};

inline constexpr std::size_t kMostCsvCells = 1000;

/// Reads record by record. A mark of UTF-8 at the beginning and lines without anything are passed
/// over. The text must outlive the reader.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text, char separator = ',');

  /// The next record; nothing at the end. Throws Error(kInvalidInput) with the line as its place
  /// for a quote that isn't where one can be or has no end, and for too many cells: what follows
  /// could be read in two ways.
  std::optional<CsvRecord> next();

 private:
  std::string quoted_cell();
  std::string plain_cell();
  bool takes_line_end();

  std::string_view text_;
  char separator_;
  std::size_t at_ = 0, line_ = 1;
};

/// Appends a record with CRLF; cells are in quotes only where they have to be.
void append_csv(std::string& out, std::span<const std::string> cells);

}  // namespace doppel
