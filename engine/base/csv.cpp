#include "base/csv.hpp"

#include "base/error.hpp"

namespace doppel {
namespace {

constexpr std::string_view kMark = "\xef\xbb\xbf";
constexpr char kQuote = '"';

[[noreturn]] void refuse(std::size_t line, const std::string& message) {
  throw Error(ErrorCode::kInvalidInput, message,
              {.place = "line " + std::to_string(line),
               .remedy = "put the cell in quotes, and double the quotes within it"});
}

}  // namespace

CsvReader::CsvReader(std::string_view text, char separator) : text_(text), separator_(separator) {
  if (text_.starts_with(kMark)) text_.remove_prefix(kMark.size());
}

bool CsvReader::takes_line_end() {
  const std::size_t length = text_.substr(at_).starts_with("\r\n") ? 2
                             : text_.substr(at_).starts_with('\n') ? 1
                                                                   : 0;
  at_ += length;
  if (length > 0) ++line_;
  return length > 0;
}

std::string CsvReader::quoted_cell() {
  const std::size_t begin = line_;
  std::string cell;
  for (++at_; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == kQuote) {
      if (at_ + 1 >= text_.size() || text_[at_ + 1] != kQuote) {
        ++at_;
        return cell;
      }
      ++at_;
    }
    if (c == '\n') ++line_;
    cell += c;
  }
  refuse(begin, "the quoted cell that begins here doesn't end");
}

std::string CsvReader::plain_cell() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n') {
    if (text_[at_] == kQuote) refuse(line_, "a quote stands within a cell without quotes");
    if (text_.substr(at_).starts_with("\r\n")) break;
    ++at_;
  }
  return std::string(text_.substr(begin, at_ - begin));
}

std::optional<CsvRecord> CsvReader::next() {
  while (takes_line_end()) {
  }
  if (at_ >= text_.size()) return std::nullopt;
  CsvRecord record{.line = line_, .cells = {}};
  while (true) {
    const bool is_quoted = at_ < text_.size() && text_[at_] == kQuote;
    record.cells.push_back(is_quoted ? quoted_cell() : plain_cell());
    if (record.cells.size() > kMostCsvCells) refuse(record.line, "the line has too many cells");
    if (at_ >= text_.size() || takes_line_end()) return record;
    if (text_[at_] != separator_) refuse(line_, "something stands behind a cell's last quote");
    ++at_;
  }
}

void append_csv(std::string& out, std::span<const std::string> cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += ',';
    const std::string& cell = cells[i];
    // A record of one empty cell would be an empty line.
    const bool alone = cells.size() == 1 && cell.empty();
    if (!alone && cell.find_first_of("\",\r\n") == std::string::npos) {
      out += cell;
      continue;
    }
    out += kQuote;
    for (const char c : cell) {
      if (c == kQuote) out += kQuote;
      out += c;
    }
    out += kQuote;
  }
  out += "\r\n";
}

}  // namespace doppel
