#include <algorithm>
#include <unordered_map>

#include "base/error.hpp"
#include "merge/merge.hpp"

namespace doppel::merge {
namespace {

using changeset::State;

/// The rows of one table by the values of some columns.
using Index = std::unordered_map<std::vector<Value>, std::vector<const Row*>, RowHash>;

/// Answers questions from a State, with an index for each set of columns once it was asked for.
class StateFacts {
 public:
  StateFacts(const manifest::Model& model, const State& live) : model_(model), live_(live) {}

  void answer(const Needs& needs, Facts& facts) {
    for (const Question& question : needs.questions) facts.add(question, rows(question));
    for (const auto& [table, number] : needs.keys) facts.add_keys(table, keys(table, number));
  }

 private:
  std::vector<Row> rows(const Question& question) {
    const auto table = live_.tables.find(question.table);
    if (table == live_.tables.end()) return {};
    if (question.columns == table->second.shape->key) {
      const auto row = table->second.rows.find(question.values);
      return row == table->second.rows.end() ? std::vector<Row>{} : std::vector<Row>{row->second};
    }
    auto [index, is_new] = indices_.try_emplace({question.table, question.columns});
    if (is_new) {
      for (const auto& [key, row] : table->second.rows) {
        index->second[TableShape::project(row, question.columns)].push_back(&row);
      }
    }
    std::vector<Row> found;
    if (const auto rows = index->second.find(question.values); rows != index->second.end()) {
      for (const Row* row : rows->second) found.push_back(*row);
    }
    return found;
  }

  std::vector<std::int64_t> keys(const std::string& name, std::size_t number) const {
    std::int64_t highest = 0;
    const TableShape& shape = *model_.require(name).shape;
    if (const auto table = live_.tables.find(name); table != live_.tables.end()) {
      for (const auto& [key, row] : table->second.rows) {
        const Value& value = row[shape.key.front()];
        if (value.kind() == ValueKind::kInteger) highest = std::max(highest, value.integer());
      }
    }
    std::vector<std::int64_t> proposed;
    for (std::size_t i = 0; i < number; ++i) proposed.push_back(++highest);
    return proposed;
  }

  const manifest::Model& model_;
  const State& live_;
  std::map<std::pair<std::string, std::vector<std::size_t>>, Index> indices_;
};

}  // namespace

std::size_t QuestionHash::operator()(const Question& question) const {
  std::size_t seed = hash_value(question.values) * 31 + std::hash<std::string>{}(question.table);
  for (const std::size_t column : question.columns) seed = seed * 31 + column;
  return seed;
}

void Facts::add(const Question& question, std::vector<Row> rows) {
  rows_.insert_or_assign(question, std::move(rows));
}

const std::vector<Row>* Facts::rows(const Question& question) const {
  const auto found = rows_.find(question);
  return found == rows_.end() ? nullptr : &found->second;
}

void Facts::add_keys(const std::string& table, std::vector<std::int64_t> keys) {
  keys_.insert_or_assign(table, std::move(keys));
}

const std::vector<std::int64_t>* Facts::keys(const std::string& table) const {
  const auto found = keys_.find(table);
  return found == keys_.end() ? nullptr : &found->second;
}

FactSource facts_from(const manifest::Model& model, const State& live) {
  auto source = std::make_shared<StateFacts>(model, live);
  return [source](const Needs& needs, Facts& facts) { source->answer(needs, facts); };
}

Result merge_with(const manifest::Model& model, const changeset::ChangeSet& ours,
                  const std::vector<ListBase>& lists, const FactSource& answer_needs,
                  const std::vector<Answer>& answers) {
  Facts facts;
  for (int round = 0; round < kRoundLimit; ++round) {
    Result result = merge(model, ours, lists, facts, answers);
    if (result.needs.empty()) return result;
    answer_needs(result.needs, facts);
  }
  throw Error(ErrorCode::kInternal, "a merge asked for facts " + std::to_string(kRoundLimit) +
                                        " times and still wants more");
}

}  // namespace doppel::merge
