#include "merge/diff3.hpp"

#include <algorithm>
#include <limits>

namespace doppel::merge {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

/// For each piece of `a` its partner in `b`, or kNone: a longest common subsequence, by the greedy
/// algorithm of E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986).
class Matcher {
 public:
  Matcher(Pieces a, Pieces b) : a_(a), b_(b) {}

  std::optional<std::vector<std::size_t>> match() {
    std::vector<std::size_t> partners(a_.size(), kNone);
    std::size_t head = 0;
    while (head < a_.size() && head < b_.size() && a_[head] == b_[head]) {
      partners[head] = head;
      ++head;
    }
    std::size_t tail = 0;
    while (tail < a_.size() - head && tail < b_.size() - head &&
           a_[a_.size() - 1 - tail] == b_[b_.size() - 1 - tail]) {
      ++tail;
      partners[a_.size() - tail] = b_.size() - tail;
    }
    offset_ = head;
    a_ = a_.subspan(head, a_.size() - head - tail);
    b_ = b_.subspan(head, b_.size() - head - tail);
    if (!a_.empty() && !b_.empty() && !search(partners)) return std::nullopt;
    return partners;
  }

 private:
  using Furthest = std::vector<std::ptrdiff_t>;  ///< by diagonal, from -d to d

  static std::ptrdiff_t& at(Furthest& furthest, std::ptrdiff_t diagonal) {
    return furthest[static_cast<std::size_t>(diagonal +
                                             static_cast<std::ptrdiff_t>(furthest.size() / 2))];
  }

  /// Where a way of one more difference comes from: down (a piece of b is new) or right.
  static bool comes_down(Furthest& before, std::ptrdiff_t k, std::ptrdiff_t d) {
    return k == -d || (k != d && at(before, k - 1) < at(before, k + 1));
  }

  bool search(std::vector<std::size_t>& partners) {
    const auto n = static_cast<std::ptrdiff_t>(a_.size());
    const auto m = static_cast<std::ptrdiff_t>(b_.size());
    const auto limit = std::min(n + m, static_cast<std::ptrdiff_t>(kDifferencesLimit));
    Furthest before(3, 0);
    for (std::ptrdiff_t d = 0; d <= limit; ++d) {
      steps_.push_back(before);
      Furthest now(static_cast<std::size_t>(2 * (d + 1) + 1), 0);
      for (std::ptrdiff_t k = -d; k <= d; k += 2) {
        std::ptrdiff_t x = d == 0                     ? 0
                           : comes_down(before, k, d) ? at(before, k + 1)
                                                      : at(before, k - 1) + 1;
        while (x < n && x - k < m && piece(a_, x) == piece(b_, x - k)) ++x;
        at(now, k) = x;
        if (x >= n && x - k >= m) {
          trace(partners, d);
          return true;
        }
      }
      before = std::move(now);
    }
    return false;
  }

  /// Walks back from the end over what was kept of each step.
  void trace(std::vector<std::size_t>& partners, std::ptrdiff_t d) {
    auto x = static_cast<std::ptrdiff_t>(a_.size());
    auto y = static_cast<std::ptrdiff_t>(b_.size());
    for (; d > 0; --d) {
      Furthest& before = steps_[static_cast<std::size_t>(d)];
      const std::ptrdiff_t k = x - y;
      const bool down = comes_down(before, k, d);
      const std::ptrdiff_t from_k = down ? k + 1 : k - 1;
      const std::ptrdiff_t from_x = at(before, from_k);
      const std::ptrdiff_t from_y = from_x - from_k;
      const std::ptrdiff_t begin_x = down ? from_x : from_x + 1;
      while (x > begin_x) pair(partners, --x, --y);
      x = from_x;
      y = from_y;
    }
    while (x > 0) pair(partners, --x, --y);
  }

  void pair(std::vector<std::size_t>& partners, std::ptrdiff_t x, std::ptrdiff_t y) const {
    partners[offset_ + static_cast<std::size_t>(x)] = offset_ + static_cast<std::size_t>(y);
  }

  static std::string_view piece(Pieces pieces, std::ptrdiff_t at) {
    return pieces[static_cast<std::size_t>(at)];
  }

  Pieces a_, b_;
  std::size_t offset_ = 0;
  std::vector<Furthest> steps_;  ///< what each number of differences began with
};

bool equal(Pieces a, Range in_a, Pieces b, Range in_b) {
  return std::ranges::equal(a.subspan(in_a.begin, in_a.size()), b.subspan(in_b.begin, in_b.size()));
}

}  // namespace

std::optional<std::vector<Stretch>> diff3(Pieces base, Pieces live, Pieces sandbox) {
  if (std::max({base.size(), live.size(), sandbox.size()}) > kPiecesLimit) return std::nullopt;
  const auto in_live = Matcher(base, live).match();
  const auto in_sandbox = Matcher(base, sandbox).match();
  if (!in_live || !in_sandbox) return std::nullopt;
  std::vector<Stretch> stretches;
  std::size_t b = 0;
  std::size_t l = 0;
  std::size_t s = 0;
  while (b < base.size() || l < live.size() || s < sandbox.size()) {
    Stretch same;
    same.base.begin = b;
    same.live.begin = l;
    same.sandbox.begin = s;
    while (b < base.size() && (*in_live)[b] == l && (*in_sandbox)[b] == s) {
      ++b;
      ++l;
      ++s;
    }
    same.base.end = b;
    same.live.end = l;
    same.sandbox.end = s;
    if (same.base.size() != 0) stretches.push_back(same);
    // To the next piece that all three have.
    std::size_t next = b;
    while (next < base.size() && ((*in_live)[next] == kNone || (*in_sandbox)[next] == kNone)) {
      ++next;
    }
    const bool ends = next == base.size();
    Stretch other{.who = Stretch::Who::kClash,
                  .base = {b, next},
                  .live = {l, ends ? live.size() : (*in_live)[next]},
                  .sandbox = {s, ends ? sandbox.size() : (*in_sandbox)[next]}};
    b = other.base.end;
    l = other.live.end;
    s = other.sandbox.end;
    if (other.base.size() + other.live.size() + other.sandbox.size() == 0) continue;
    using Who = Stretch::Who;
    if (equal(live, other.live, sandbox, other.sandbox)) {
      other.who = Who::kBoth;
    } else if (equal(base, other.base, live, other.live)) {
      other.who = Who::kSandbox;
    } else if (equal(base, other.base, sandbox, other.sandbox)) {
      other.who = Who::kLive;
    }
    stretches.push_back(other);
  }
  return stretches;
}

}  // namespace doppel::merge
