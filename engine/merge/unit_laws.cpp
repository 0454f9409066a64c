#include <algorithm>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/json_tree.hpp"
#include "merge/unit.hpp"

namespace doppel::merge {
namespace {

using manifest::ColumnModel;
using manifest::MergeUnit;

std::string any_lines() {
  std::string text;
  for (const int line :
       *rc::gen::resize(12, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 5)))) {
    text += std::string(1, static_cast<char>('a' + line)) + "\n";
  }
  return text + (*rc::gen::inRange(0, 4) == 0 ? "end" : "");
}

/// A few lines of it changed.
std::string edited(std::string text) {
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    const std::size_t at = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    if (*rc::gen::inRange(0, 2) == 0)
      text.insert(at, *rc::gen::element("x\n", "y\n", "z"));
    else
      text.erase(at, *rc::gen::inRange<std::size_t>(0, 5));
  }
  return text;
}

RC_GTEST_PROP(TextUnitLaws, OneSideAloneIsTakenAndSidesAreAlike, ()) {
  const std::string base = any_lines();
  const std::string live = *rc::gen::inRange(0, 3) == 0 ? any_lines() : edited(base);
  const std::string sandbox = edited(base);
  RC_ASSERT(merge_text(base, live, base, Side::kLive)->merged == live);
  RC_ASSERT(merge_text(base, base, sandbox, Side::kLive)->merged == sandbox);
  RC_ASSERT(merge_text(base, live, live, Side::kLive)->merged == live);
  const auto here = merge_text(base, live, sandbox, Side::kLive);
  const auto there = merge_text(base, sandbox, live, Side::kSandbox);
  RC_ASSERT(here->merged == there->merged);
  RC_ASSERT(here->clashes == there->clashes);
  // Merged once more it is what it is: nothing comes in twice.
  if (here->clashes.empty()) {
    RC_ASSERT(merge_text(live, here->merged, live, Side::kLive)->merged == here->merged);
  }
}

/// What the two sides do to lines that nobody mistakes for each other, never to neighbours.
RC_GTEST_PROP(TextUnitLaws, ApartFromEachOtherBothSidesChangesAreThere, ()) {
  const int lines = *rc::gen::inRange(1, 30);
  std::string base;
  std::string live;
  std::string sandbox;
  std::string wanted;
  int last = 2;  // 0: live's, 1: the sandbox's, 2: nobody's
  for (int i = 0; i < lines; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    int who = *rc::gen::inRange(0, 4);
    if (who > 2 || (last != 2 && who != last)) who = 2;
    last = who;
    base += line;
    const std::string fresh = std::string(who == 0 ? "live " : "sandbox ") + line;
    const std::string changed =
        who == 2 ? line : *rc::gen::element(fresh, std::string(), line + fresh, fresh + line);
    live += who == 0 ? changed : line;
    sandbox += who == 1 ? changed : line;
    wanted += changed;
  }
  const auto made = merge_text(base, live, sandbox, Side::kLive);
  RC_ASSERT(made->clashes.empty());
  RC_ASSERT(made->merged == wanted);
}

/// Objects of numbers (a, b, c) and objects (o, p); text with blanks or without.
std::string any_object(int depth) {
  std::string text = "{";
  const bool blanks = *rc::gen::inRange(0, 2) == 0;
  for (const char* name : {"a", "b", "c", "o", "p"}) {
    const bool is_object = *name >= 'o';
    if ((is_object && depth == 0) || *rc::gen::inRange(0, 3) == 0) continue;
    if (text.size() > 1) text += blanks ? ", " : ",";
    text += std::string("\"") + name + (blanks ? "\": " : "\":");
    text += is_object ? any_object(depth - 1) : std::to_string(*rc::gen::inRange(0, 3));
  }
  return text + "}";
}

/// Leaf by leaf, an object by itself as `path/`.
using Flat = std::map<std::string, std::string>;

void flatten(const JsonTree& tree, const std::string& path, Flat& flat) {
  if (tree.kind != JsonTree::Kind::kObject) {
    flat[path] = tree.text;
    return;
  }
  flat[path + "/"] = "";
  for (const JsonTree::Member& member : tree.members) {
    flatten(member.value, path + "/" + member.name, flat);
  }
}

Flat flat_of(std::string_view text) {
  Flat flat;
  flatten(*read_json_tree(text), "", flat);
  return flat;
}

/// What stands below an object, and the object itself.
Flat below(const Flat& flat, const std::string& object) {
  Flat part;
  for (const auto& [path, text] : flat) {
    if (path.starts_with(object)) part.emplace(path, text);
  }
  return part;
}

/// Whether one side took an object away in which the other changed something.
bool is_torn(const Flat& base, const Flat& gone, const Flat& other) {
  return std::ranges::any_of(base, [&](const auto& entry) {
    const std::string& path = entry.first;
    return path.ends_with('/') && !gone.contains(path) && other.contains(path) &&
           below(base, path) != below(other, path);
  });
}

/// The merge by brute force, leaf by leaf; nothing where both changed one.
std::optional<Flat> merged_flat(const Flat& base, const Flat& live, const Flat& sandbox) {
  const auto in = [](const Flat& flat, const std::string& path) {
    const auto found = flat.find(path);
    return found == flat.end() ? std::nullopt : std::optional(found->second);
  };
  if (is_torn(base, live, sandbox) || is_torn(base, sandbox, live)) return std::nullopt;
  Flat all = base;
  all.insert(live.begin(), live.end());
  all.insert(sandbox.begin(), sandbox.end());
  Flat merged;
  for (const auto& [path, unused] : all) {
    const auto was = in(base, path);
    const auto here = in(live, path);
    const auto there = in(sandbox, path);
    if (here != there && here != was && there != was) return std::nullopt;
    const auto& wins = here == was ? there : here;
    if (wins) merged[path] = *wins;
  }
  // What one side added into an object that the other took away.
  for (const auto& [path, unused] : merged) {
    for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
      if (at + 1 < path.size() && !merged.contains(path.substr(0, at + 1))) return std::nullopt;
    }
  }
  return merged;
}

RC_GTEST_PROP(JsonUnitLaws, ItIsTheMergeLeafByLeaf, ()) {
  ColumnModel column;
  column.merge = MergeUnit::kJson;
  const std::string base = any_object(2);
  const std::string live = *rc::gen::inRange(0, 4) == 0 ? base : any_object(2);
  const std::string sandbox = any_object(2);
  const auto made = merge_json(column, base, live, sandbox, Side::kLive);
  const auto wanted = merged_flat(flat_of(base), flat_of(live), flat_of(sandbox));
  RC_ASSERT(made.has_value());
  RC_CLASSIFY(wanted.has_value());
  RC_ASSERT(made->clashes.empty() == wanted.has_value());
  if (wanted) RC_ASSERT(flat_of(made->merged) == *wanted);
  const auto there = merge_json(column, base, sandbox, live, Side::kSandbox);
  RC_ASSERT(flat_of(made->merged) == flat_of(there->merged));
  RC_ASSERT(merge_json(column, base, live, base, Side::kLive)->merged == live);
  RC_ASSERT(flat_of(merge_json(column, base, base, sandbox, Side::kLive)->merged) ==
            flat_of(sandbox));
}

RC_GTEST_PROP(JsonUnitLaws, ASetHasWhatEitherSideAddedAndNothingThatOneTookAway, ()) {
  ColumnModel column;
  column.merge = MergeUnit::kSet;
  const auto any_set = [] {
    std::string text = "[";
    for (int i = 0; i < 6; ++i) {
      if (*rc::gen::inRange(0, 2) == 0) continue;
      text += (text.size() > 1 ? "," : "") + std::to_string(i);
    }
    return text + "]";
  };
  const std::string base = any_set();
  const std::string live = any_set();
  const std::string sandbox = any_set();
  const auto made = merge_json(column, base, live, sandbox, Side::kLive);
  RC_ASSERT(made->clashes.empty());
  const auto has = [](std::string_view set, int i) {
    return set.find(std::to_string(i)) != std::string_view::npos;
  };
  for (int i = 0; i < 6; ++i) {
    const bool wanted =
        has(base, i) ? has(live, i) && has(sandbox, i) : has(live, i) || has(sandbox, i);
    RC_ASSERT(has(made->merged, i) == wanted);
  }
  RC_ASSERT(read_json_tree(made->merged).has_value());
}

}  // namespace
}  // namespace doppel::merge
