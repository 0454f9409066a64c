#include "changeset/order.hpp"

#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "changeset/dependencies.hpp"
#include "changeset/parking.hpp"

namespace doppel::changeset {
namespace {

constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

/// Kahn's algorithm over steps (one for a change, more for one that is parked). When nothing is
/// ready, a cycle is looked for and cut by splitting one of its steps.
class Schedule {
 public:
  /// Both are borrowed.
  Schedule(const ChangeSet& changes, const OrderRules& rules)
      : changes_(changes), rules_(rules), found_(find_dependencies(changes, rules)) {
    const std::size_t count = changes.changes.size();
    nodes_.resize(count);
    current_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      nodes_[i].step = {i, changes.changes[i].kind(), {}};
    }
    for (std::size_t edge = 0; edge < found_.all.size(); ++edge) {
      nodes_[found_.all[edge].from].out.push_back(edge);
      nodes_[found_.all[edge].to].in.push_back(edge);
      ++nodes_[found_.all[edge].to].waiting;
    }
  }

  ChangeSet run() {
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
      if (nodes_[node].waiting == 0) ready_.push(node);
    }
    std::size_t first_open = 0;
    while (true) {
      while (!ready_.empty()) {
        const std::size_t node = ready_.top();
        ready_.pop();
        if (!nodes_[node].done) finish(node);
      }
      while (first_open < nodes_.size() && nodes_[first_open].done) ++first_open;
      if (first_open == nodes_.size()) return std::move(ordered_);
      cut_cycle(first_open);
    }
  }

 private:
  struct Node {
    Step step;
    std::vector<std::size_t> in, out;  ///< dependencies
    std::size_t waiting = 0;           ///< of `in` and the first half, how many are not done
    std::size_t next_in = 0;           ///< dependencies in front of it are done
    std::size_t second = kNobody;      ///< the half that follows this one
    std::size_t first = kNobody;       ///< the half in front of this one
    bool done = false;
  };

  void finish(std::size_t index) {
    nodes_[index].done = true;
    emit(nodes_[index].step);
    for (const std::size_t edge : nodes_[index].out) release(found_.all[edge].to);
    if (nodes_[index].second != kNobody) release(nodes_[index].second);
  }

  void release(std::size_t index) {
    Node& node = nodes_[index];
    if (--node.waiting == 0 && !node.done) ready_.push(index);
  }

  /// Current and next image of the row as a change.
  void emit(const Step& step) {
    const RowChange& change = changes_.changes[step.change];
    auto& current = current_[step.change];
    std::optional<Row> before = current ? current : change.before;
    std::optional<Row> after = change.after;
    if (!step.parked.empty()) after = parked_image(change, step, before);
    ordered_.changes.push_back({change.table, change.key, std::move(before), after});
    if (!step.parked.empty()) current = std::move(after);
  }

  Row parked_image(const RowChange& change, const Step& step, const std::optional<Row>& before) {
    Row image = before ? *before : *change.after;
    for (const std::size_t column : step.parked) {
      image[column] = null_columns_.contains({step.change, column})
                          ? Value()
                          : parked_value(image[column], ++parked_);
    }
    return image;
  }

  /// Walks back from an unfinished step, which waits for another unfinished one, until it meets
  /// itself, and cuts there.
  void cut_cycle(std::size_t start) {
    std::vector<std::size_t> path;  // dependencies, from a step back to what it waits for
    std::unordered_map<std::size_t, std::size_t> seen;
    std::size_t node = start;
    while (!seen.contains(node)) {
      seen.emplace(node, path.size());
      const std::size_t edge = open_dependency(node);
      if (edge == kNobody) {
        // Only its own first half is open: the cycle goes through that.
        path.push_back(kNobody);
        node = nodes_[node].first;
      } else {
        path.push_back(edge);
        node = found_.all[edge].from;
      }
    }
    path.erase(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(seen.at(node)));
    if (!cut_somewhere(path)) force(path);
  }

  std::size_t open_dependency(std::size_t index) {
    Node& node = nodes_[index];
    for (; node.next_in < node.in.size(); ++node.next_in) {
      const std::size_t edge = node.in[node.next_in];
      if (!nodes_[found_.all[edge].from].done) return edge;
    }
    return kNobody;
  }

  /// `path` holds the cycle's dependencies backwards: path[i].from is path[i+1].to.
  bool cut_somewhere(const std::vector<std::size_t>& path) {
    for (std::size_t i = 0; i < path.size(); ++i) {
      const std::size_t out_edge = path[i];
      const std::size_t in_edge = path[(i + 1) % path.size()];
      if (out_edge == kNobody || in_edge == kNobody) continue;
      const std::size_t index = found_.all[out_edge].from;
      const RowChange& change = changes_.changes[nodes_[index].step.change];
      const Step& step = nodes_[index].step;
      // A row that exists lets go of one column at a time; one that is made may lack several.
      if (!step.parked.empty() && step.kind != ChangeKind::kInsert) continue;
      const auto cut = find_cut(change, step, found_.all[in_edge], found_.all[out_edge], rules_);
      if (!cut) continue;
      if (step.parked.empty()) {
        split(index, *cut);
      } else {
        park_more(index, *cut);
      }
      return true;
    }
    return false;
  }

  /// The step becomes its first half; its second half is a new one, with the dependencies that the
  /// first half doesn't meet or need.
  void split(std::size_t index, const Cut& cut) {
    const std::size_t second_index = nodes_.size();
    nodes_.emplace_back();
    Node& first = nodes_[index];
    Node& second = nodes_[second_index];
    const Step whole = first.step;
    second.step = whole;
    if (whole.kind == ChangeKind::kInsert) second.step.kind = ChangeKind::kUpdate;
    first.step.parked = {cut.column};
    if (cut.with_null) null_columns_.emplace(whole.change, cut.column);

    Node rest = first;
    first.in.clear();
    first.out.clear();
    first.step = rest.step;
    first.first = rest.first;
    first.waiting = rest.first != kNobody && !nodes_[rest.first].done ? 1 : 0;
    first.next_in = 0;
    first.done = false;
    second.first = index;
    second.second = rest.second;
    if (rest.second != kNobody) nodes_[rest.second].first = second_index;
    first.second = second_index;
    second.waiting = 1;
    for (const std::size_t edge : rest.in) {
      const bool later = binds_second_half_in(whole, found_.all[edge], cut.column);
      found_.all[edge].to = later ? second_index : index;
      Node& half = later ? second : first;
      half.in.push_back(edge);
      if (!nodes_[found_.all[edge].from].done) ++half.waiting;
    }
    for (const std::size_t edge : rest.out) {
      const bool now = met_by_first_half(whole, found_.all[edge], cut.column);
      found_.all[edge].from = now ? index : second_index;
      (now ? first : second).out.push_back(edge);
    }
    if (first.waiting == 0) ready_.push(index);
  }

  /// A new row that is made without one value is made without another, too: what binds that one
  /// goes over to its second half.
  void park_more(std::size_t index, const Cut& cut) {
    Node& first = nodes_[index];
    const std::size_t second_index = first.second;
    Node& second = nodes_[second_index];
    first.step.parked.push_back(cut.column);
    if (cut.with_null) null_columns_.emplace(first.step.change, cut.column);
    const bool was_waiting = first.waiting > 0;
    std::erase_if(first.in, [&](std::size_t edge) {
      if (!binds_second_half_in(first.step, found_.all[edge], cut.column)) return false;
      found_.all[edge].to = second_index;
      second.in.push_back(edge);
      if (!nodes_[found_.all[edge].from].done) {
        ++second.waiting;
        --first.waiting;
      }
      return true;
    });
    first.next_in = 0;
    std::erase_if(first.out, [&](std::size_t edge) {
      if (met_by_first_half(first.step, found_.all[edge], cut.column)) return false;
      found_.all[edge].from = second_index;
      second.out.push_back(edge);
      return true;
    });
    if (was_waiting && first.waiting == 0) ready_.push(index);
  }

  /// A cycle that nothing can cut: databases judge references at commit, unique keys at once, so a
  /// reference is what goes unmet.
  void force(const std::vector<std::size_t>& path) {
    std::size_t chosen = kNobody;
    for (const std::size_t edge : path) {
      if (edge == kNobody) continue;
      if (chosen == kNobody || found_.all[chosen].kind == Dependency::Kind::kFree) chosen = edge;
    }
    Dependency& unmet = found_.all[chosen];
    Node& node = nodes_[unmet.to];
    std::erase(node.in, chosen);
    node.next_in = 0;
    std::erase(nodes_[unmet.from].out, chosen);
    release(unmet.to);
  }

  struct PairHash {
    std::size_t operator()(const std::pair<std::size_t, std::size_t>& pair) const {
      return pair.first * 1'000'003 + pair.second;
    }
  };

  const ChangeSet& changes_;
  const OrderRules& rules_;
  Dependencies found_;
  std::vector<Node> nodes_;
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready_;
  std::vector<std::optional<Row>> current_;  ///< of parked rows, as the last step left them
  std::unordered_set<std::pair<std::size_t, std::size_t>, PairHash> null_columns_;
  std::int64_t parked_ = 0;
  ChangeSet ordered_;
};

}  // namespace

ChangeSet ordered(ChangeSet changes, const OrderRules& rules) {
  const ChangeSet net = normalise(std::move(changes));
  return Schedule(net, rules).run();
}

}  // namespace doppel::changeset
