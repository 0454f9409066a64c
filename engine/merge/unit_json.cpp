#include <algorithm>

#include "base/json_tree.hpp"
#include "base/text.hpp"
#include "merge/diff3.hpp"
#include "merge/unit.hpp"

namespace doppel::merge {
namespace {

using manifest::ColumnModel;
using manifest::MergeUnit;
using Kind = JsonTree::Kind;
using Path = std::vector<std::string>;

constexpr std::size_t kBytesLimit = 4'000'000;

bool same(const JsonTree* a, const JsonTree* b) {
  return a == nullptr || b == nullptr ? a == b : *a == *b;
}

class JsonMerger {
 public:
  JsonMerger(const ColumnModel& column, std::string_view live, std::string_view sandbox, Side side)
      : column_(column), live_(live), sandbox_(sandbox), side_(side) {}

  /// What becomes of a value that both documents have. REQUIRES: live's and the sandbox's differ.
  std::string value(const JsonTree* base, const JsonTree& live, const JsonTree& sandbox) {
    if (same(base, &live)) return raw(sandbox_, sandbox);
    if (same(base, &sandbox) || live == sandbox) return raw(live_, live);
    const bool objects = live.kind == Kind::kObject && sandbox.kind == Kind::kObject;
    if (objects && (base == nullptr || base->kind == Kind::kObject)) {
      return object(base, live, sandbox);
    }
    const bool arrays = live.kind == Kind::kArray && sandbox.kind == Kind::kArray &&
                        base != nullptr && base->kind == Kind::kArray;
    if (arrays && unit_of(column_, path_) == MergeUnit::kSet) return set(*base, live, sandbox);
    if (arrays && unit_of(column_, path_) == MergeUnit::kList) {
      if (auto merged = list(*base, live, sandbox)) return std::move(*merged);
    }
    clashes_.push_back(path_in_words(path_));
    return side_ == Side::kLive ? raw(live_, live) : raw(sandbox_, sandbox);
  }

  std::vector<std::string> take_clashes() { return std::move(clashes_); }

 private:
  static std::string raw(std::string_view text, const JsonTree& tree) {
    return std::string(text.substr(tree.begin, tree.end - tree.begin));
  }

  /// A member with its name, as the document writes it.
  static std::string raw(std::string_view text, const JsonTree::Member& member) {
    return std::string(text.substr(member.begin, member.value.end - member.begin));
  }

  /// The pieces of a container of live's put together again: with the blanks that stood between
  /// them, and between new ones with those that stand between live's first two.
  std::string assembled(const JsonTree& live, const std::vector<Range>& places,
                        const std::vector<std::optional<std::string>>& kept,
                        const std::vector<std::string>& added) const {
    const auto between = [&](std::size_t begin, std::size_t end) {
      return std::string(live_.substr(begin, end - begin));
    };
    std::string gap =
        live_.find(": ") != std::string_view::npos || live_.find(", ") != std::string_view::npos
            ? ", "
            : ",";
    if (places.size() > 1) gap = between(places[0].end, places[1].begin);
    const bool all = std::ranges::all_of(kept, [](const auto& piece) { return piece.has_value(); });
    std::string text = between(live.begin, places.empty() ? live.begin + 1 : places.front().begin);
    bool is_first = true;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (!kept[i]) continue;
      if (!is_first) text += all ? between(places[i - 1].end, places[i].begin) : gap;
      text += *kept[i];
      is_first = false;
    }
    for (const std::string& piece : added) {
      if (!is_first) text += gap;
      text += piece;
      is_first = false;
    }
    return text + between(places.empty() ? live.end - 1 : places.back().end, live.end);
  }

  /// One of the two has the member no longer, or not yet. Nothing: it goes.
  bool stays(const JsonTree* base, const JsonTree* live, const JsonTree* sandbox) {
    if (same(base, sandbox)) return live != nullptr;
    if (same(base, live)) return sandbox != nullptr;
    clashes_.push_back(path_in_words(path_));
    return side_ == Side::kLive ? live != nullptr : sandbox != nullptr;
  }

  std::string object(const JsonTree* base, const JsonTree& live, const JsonTree& sandbox) {
    std::vector<Range> places;
    std::vector<std::optional<std::string>> kept;
    std::vector<std::string> added;
    const auto in_base = [&](const std::string& name) {
      return base == nullptr ? nullptr : base->find(name);
    };
    for (const JsonTree::Member& member : live.members) {
      places.push_back({member.begin, member.value.end});
      path_.push_back(member.name);
      const JsonTree* other = sandbox.find(member.name);
      if (other == nullptr) {
        const bool keeps = stays(in_base(member.name), &member.value, nullptr);
        kept.push_back(keeps ? std::optional(raw(live_, member)) : std::nullopt);
      } else {
        const std::string name(live_.substr(member.begin, member.value.begin - member.begin));
        kept.emplace_back(name + (member.value == *other
                                      ? raw(live_, member.value)
                                      : value(in_base(member.name), member.value, *other)));
      }
      path_.pop_back();
    }
    for (const JsonTree::Member& member : sandbox.members) {
      if (live.find(member.name) != nullptr) continue;
      path_.push_back(member.name);
      if (stays(in_base(member.name), nullptr, &member.value))
        added.push_back(raw(sandbox_, member));
      path_.pop_back();
    }
    return assembled(live, places, kept, added);
  }

  std::string set(const JsonTree& base, const JsonTree& live, const JsonTree& sandbox) const {
    const auto has = [](const JsonTree& array, const JsonTree& item) {
      return std::ranges::find(array.items, item) != array.items.end();
    };
    std::vector<Range> places;
    std::vector<std::optional<std::string>> kept;
    for (const JsonTree& item : live.items) {
      places.push_back({item.begin, item.end});
      const bool goes = has(base, item) && !has(sandbox, item);
      kept.push_back(goes ? std::nullopt : std::optional(raw(live_, item)));
    }
    std::vector<std::string> added;
    for (const JsonTree& item : sandbox.items) {
      if (!has(base, item) && !has(live, item)) added.push_back(raw(sandbox_, item));
    }
    return assembled(live, places, kept, added);
  }

  /// Nothing where it is too long.
  std::optional<std::string> list(const JsonTree& base, const JsonTree& live,
                                  const JsonTree& sandbox) {
    std::vector<std::string> written[3];
    std::vector<std::string_view> pieces[3];
    const JsonTree* const arrays[3] = {&base, &live, &sandbox};
    for (std::size_t side = 0; side < 3; ++side) {
      for (const JsonTree& item : arrays[side]->items) {
        written[side].push_back(write_json_tree(sorted(item), JsonSpacing::kNone));
      }
      pieces[side].assign(written[side].begin(), written[side].end());
    }
    const auto stretches = diff3(pieces[0], pieces[1], pieces[2]);
    if (!stretches) return std::nullopt;
    std::vector<std::string> items;
    for (const Stretch& stretch : *stretches) {
      const bool clashes = stretch.who == Stretch::Who::kClash;
      if (clashes) {
        clashes_.push_back(path_in_words(path_) + "[" + std::to_string(stretch.base.begin) + "]");
      }
      const bool from_sandbox =
          stretch.who == Stretch::Who::kSandbox || (clashes && side_ == Side::kSandbox);
      const Range range = from_sandbox ? stretch.sandbox : stretch.live;
      for (std::size_t i = range.begin; i < range.end; ++i) {
        items.push_back(from_sandbox ? raw(sandbox_, sandbox.items[i]) : raw(live_, live.items[i]));
      }
    }
    std::vector<Range> places;
    for (const JsonTree& item : live.items) places.push_back({item.begin, item.end});
    return assembled(live, places, std::vector<std::optional<std::string>>(places.size()), items);
  }

  /// Members by name: objects that say the same are one piece.
  static JsonTree sorted(JsonTree tree) {
    for (JsonTree& item : tree.items) item = sorted(std::move(item));
    for (JsonTree::Member& member : tree.members) member.value = sorted(std::move(member.value));
    std::ranges::sort(tree.members, {}, &JsonTree::Member::name);
    return tree;
  }

  const ColumnModel& column_;
  std::string_view live_, sandbox_;
  Side side_;
  Path path_;
  std::vector<std::string> clashes_;
};

}  // namespace

std::string path_in_words(const std::vector<std::string>& path) {
  if (path.empty()) return "the whole value";
  std::vector<std::string> names;
  for (const std::string& name : path) {
    const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '-';
    });
    names.push_back(plain ? name : json_quoted(name));
  }
  return join(names, ".");
}

MergeUnit unit_of(const ColumnModel& column, const std::vector<std::string>& path) {
  if (path.empty() && column.merge != MergeUnit::kJson) return column.merge;
  for (const manifest::ArrayRule& rule : column.arrays) {
    const bool fits = rule.path.empty() ||
                      std::ranges::equal(rule.path, path, [](const auto& wanted, const auto& name) {
                        return wanted == "*" || wanted == name;
                      });
    if (fits) return rule.unit;
  }
  return MergeUnit::kWhole;
}

std::optional<UnitMerge> merge_json(const ColumnModel& column, std::optional<std::string_view> base,
                                    std::string_view live, std::string_view sandbox, Side side) {
  if (live.size() + sandbox.size() + base.value_or("").size() > kBytesLimit) return std::nullopt;
  const auto live_tree = read_json_tree(live);
  const auto sandbox_tree = read_json_tree(sandbox);
  const auto base_tree = base ? read_json_tree(*base) : std::nullopt;
  if (!live_tree || !sandbox_tree || (base && !base_tree)) return std::nullopt;
  UnitMerge made;
  // Also where what the other side changed are only blanks.
  if (base && (sandbox == *base || live == *base)) {
    made.merged = sandbox == *base ? live : sandbox;
    return made;
  }
  JsonMerger merger(column, live, sandbox, side);
  const std::string merged =
      merger.value(base_tree ? &*base_tree : nullptr, *live_tree, *sandbox_tree);
  // Blanks around the document are live's.
  made.merged = std::string(live.substr(0, live_tree->begin)) + merged +
                std::string(live.substr(live_tree->end));
  made.clashes = merger.take_clashes();
  return made;
}

}  // namespace doppel::merge
