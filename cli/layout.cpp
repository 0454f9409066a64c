#include "cli/layout.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/style.hpp"

namespace doppel::cli {
namespace {

/// Characters, not bytes: what continues a character in UTF-8 takes no place of its own.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & '\xC0') != '\x80'; }));
}

std::string lines_of(const std::vector<std::string>& pieces, const std::string& indent) {
  std::string text;
  std::string line;
  for (const std::string& piece : pieces) {
    if (!line.empty() && indent.size() + width_of(line) + 1 + width_of(piece) > kLineWidth) {
      text += indent + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + piece;
  }
  return line.empty() ? text : text + indent + line + "\n";
}

}  // namespace

std::string moment(std::string_view instant) {
  constexpr std::size_t kToTheSecond = 19;
  std::string text(instant.substr(0, kToTheSecond));
  if (text.size() == kToTheSecond && text[10] == 'T') text[10] = ' ';
  return text;
}

std::string table_text(const std::vector<std::string>& heading,
                       const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(heading.size(), 0);
  const auto measure = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  };
  measure(heading);
  std::ranges::for_each(rows, measure);
  const auto line = [&](const std::vector<std::string>& row) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text += std::string(widths[i] - width_of(row[i]) + 2, ' ');
    }
    return text.substr(0, text.find_last_not_of(' ') + 1);
  };
  std::string text = styled(line(heading), Tone::kFaint) + "\n";
  for (const std::vector<std::string>& row : rows) text += line(row) + "\n";
  return text;
}

std::string wrapped(const std::vector<std::string>& items, const std::string& indent) {
  std::vector<std::string> pieces;
  for (std::size_t i = 0; i < items.size(); ++i) {
    pieces.push_back(items[i] + (i + 1 < items.size() ? "," : ""));
  }
  return lines_of(pieces, indent);
}

std::string headed(const std::string& head, const std::string& text, const std::string& indent) {
  if (indent.size() + width_of(head) + 2 + width_of(text) <= kLineWidth) {
    return indent + head + ": " + text + "\n";
  }
  return indent + head + ":\n" + indent + "  " + text + "\n";
}

std::string flowed(std::string_view text, const std::string& indent) {
  return lines_of(split(text, ' '), indent);
}

std::string quoted(const std::string& argument) {
  constexpr std::string_view kSafe = "-_./:=@,+";
  const bool plain = !argument.empty() && std::ranges::all_of(argument, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kSafe.find(c) != std::string_view::npos;
  });
  if (plain) return argument;
  std::string text = "'";
  for (const char c : argument) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + "'";
}

std::string key_text(const std::string& label, const Key& key) {
  std::vector<std::string> parts;
  for (const Value& value : key) {
    parts.push_back(value.kind() == ValueKind::kText ? value.text() : display(value));
  }
  if (join(parts, " / ") == label) return "";
  return "(key " + (key.size() == 1 ? parts[0] : join(parts, " / ")) + ")";
}

std::string counts_text(std::size_t added, std::size_t changed, std::size_t removed) {
  std::vector<std::string> parts;
  const auto add = [&](std::size_t count, const char* what) {
    if (count != 0) parts.push_back(std::to_string(count) + " " + what);
  };
  add(added, "added");
  add(changed, "changed");
  add(removed, "removed");
  return join(parts, ", ");
}

bool is_key(const TableShape& shape, std::size_t column) {
  return std::ranges::find(shape.key, column) != shape.key.end();
}

}  // namespace doppel::cli
