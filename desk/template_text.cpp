#include "desk/template_text.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace doppel::desk {
namespace {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

/// The text between two tags, or a tag.
struct Piece {
  std::string_view text, tag;
  std::size_t line = 1;
  bool is_tag() const { return tag.data() != nullptr; }
};

class Renderer {
 public:
  Renderer(std::string_view text, Escaping escaping) : escaping_(escaping) { cut(text); }

  Rendered run(const TemplateData& data) {
    scopes_.push_back(&data);
    block(Output::kWritten, "");
    return std::move(result_);
  }

 private:
  enum class Output { kWritten, kSkipped };

  void cut(std::string_view text);
  void problem(std::size_t line, std::string message) {
    const TemplateProblem found{line, std::move(message)};
    if (std::ranges::find(result_.problems, found) == result_.problems.end()) {
      result_.problems.push_back(found);
    }
  }
  void write(std::string_view text) {
    if (result_.text.size() + text.size() > kRenderedBytes) {
      problem(1, "the text becomes longer than a million bytes");
      stopped_ = true;
      return;
    }
    result_.text += text;
  }
  /// Up to the tag that ends the block; returns that tag: /if, else, /each, or nothing at the end.
  std::string_view block(Output output, std::string_view wanted);
  void condition(Output output, const Piece& piece, std::string_view name);
  void loop(Output output, const Piece& piece, std::string_view name);
  void value(const Piece& piece);
  const std::string* find(std::string_view name) const;
  const std::vector<TemplateData>* find_list(std::string_view name) const;

  Escaping escaping_;
  std::vector<Piece> pieces_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  bool stopped_ = false;
  std::vector<const TemplateData*> scopes_;
  Rendered result_;
};

void Renderer::cut(std::string_view text) {
  std::size_t line = 1;
  while (!text.empty()) {
    const std::size_t open = text.find("{{");
    const std::size_t close = open == std::string_view::npos ? open : text.find("}}", open);
    if (close == std::string_view::npos) {
      if (open != std::string_view::npos) problem(line, "{{ without }}");
      pieces_.push_back({.text = text, .tag = {}, .line = line});
      return;
    }
    if (open > 0) pieces_.push_back({.text = text.substr(0, open), .tag = {}, .line = line});
    line += static_cast<std::size_t>(std::ranges::count(text.substr(0, open), '\n'));
    pieces_.push_back(
        {.text = {}, .tag = trim(text.substr(open + 2, close - open - 2)), .line = line});
    line += static_cast<std::size_t>(std::ranges::count(text.substr(open, close - open), '\n'));
    text.remove_prefix(close + 2);
  }
}

const std::string* Renderer::find(std::string_view name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    const auto found = (*scope)->values.find(name);
    if (found != (*scope)->values.end()) return &found->second;
  }
  return nullptr;
}

const std::vector<TemplateData>* Renderer::find_list(std::string_view name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    const auto found = (*scope)->lists.find(name);
    if (found != (*scope)->lists.end()) return &found->second;
  }
  return nullptr;
}

void Renderer::value(const Piece& piece) {
  const std::string* found = find(piece.tag);
  if (found == nullptr) {
    problem(piece.line, "nothing is named " + printable(piece.tag, 60));
    return;
  }
  write(escaping_ == Escaping::kHtml ? escaped(*found) : *found);
}

void Renderer::condition(Output output, const Piece& piece, std::string_view name) {
  const std::string* found = find(name);
  if (found == nullptr && output == Output::kWritten) {
    problem(piece.line, "nothing is named " + printable(name, 60));
  }
  const bool holds = found != nullptr && !found->empty() && *found != "0";
  const bool written = output == Output::kWritten;
  std::string_view end = block(written && holds ? Output::kWritten : Output::kSkipped, "/if");
  if (end == "else") end = block(written && !holds ? Output::kWritten : Output::kSkipped, "/if");
  if (end != "/if") problem(piece.line, "#if without /if");
}

void Renderer::loop(Output output, const Piece& piece, std::string_view name) {
  const std::vector<TemplateData>* list = find_list(name);
  if (list == nullptr && output == Output::kWritten) {
    problem(piece.line, "no list is named " + printable(name, 60));
  }
  const std::size_t begin = at_;
  std::string_view end;
  if (output == Output::kWritten && list != nullptr) {
    for (const TemplateData& item : *list) {
      at_ = begin;
      scopes_.push_back(&item);
      end = block(Output::kWritten, "/each");
      scopes_.pop_back();
      if (stopped_) return;
    }
  }
  at_ = begin;
  end = block(Output::kSkipped, "/each");
  if (end != "/each") problem(piece.line, "#each without /each");
}

std::string_view Renderer::block(Output output, std::string_view wanted) {
  if (++depth_ > kTemplateDepth) {
    problem(1, "blocks are nested too deep");
    stopped_ = true;
  }
  std::string_view end;
  while (at_ < pieces_.size() && !stopped_ && end.empty()) {
    const Piece& piece = pieces_[at_++];
    if (!piece.is_tag()) {
      if (output == Output::kWritten) write(piece.text);
    } else if (piece.tag.starts_with("#if ")) {
      condition(output, piece, trim(piece.tag.substr(4)));
    } else if (piece.tag.starts_with("#each ")) {
      loop(output, piece, trim(piece.tag.substr(6)));
    } else if (piece.tag == "else" || piece.tag.starts_with('/')) {
      if (wanted.empty()) {
        problem(piece.line, printable(piece.tag, 60) + " without a beginning");
      } else {
        end = piece.tag;
      }
    } else if (output == Output::kWritten) {
      value(piece);
    }
  }
  --depth_;
  return end;
}

}  // namespace

Rendered render(std::string_view text, const TemplateData& data, Escaping escaping) {
  return Renderer(text, escaping).run(data);
}

}  // namespace doppel::desk
