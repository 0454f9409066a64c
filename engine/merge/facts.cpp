#include <algorithm>
#include <span>
#include <unordered_map>

#include "base/error.hpp"
#include "merge/merge.hpp"

namespace doppel::merge {
namespace {

using changeset::State;

/// What was asked of one table by the same columns: values -> rows that have them.
using Asked = std::unordered_map<std::vector<Value>, std::vector<Row>, RowHash>;

/// Answers questions from a State: those about keys by looking, all others about the same columns
/// of a table by walking over it once.
class StateFacts {
 public:
  StateFacts(const manifest::Model& model, const State& live) : model_(model), live_(live) {}

  void answer(const Needs& needs, Facts& facts) const {
    auto first = needs.questions.begin();
    while (first != needs.questions.end()) {
      const auto last = std::find_if(first, needs.questions.end(), [&](const Question& question) {
        return question.table != first->table || question.columns != first->columns;
      });
      answer_alike({first, last}, facts);
      first = last;
    }
    // A state has no indexes: nothing is in the way in one.
    for (const IndexQuestion& question : needs.probes) facts.add(question, database::IndexProbe());
    for (const auto& [table, number] : needs.keys) facts.add_keys(table, keys(table, number));
  }

 private:
  void answer_alike(std::span<const Question> questions, Facts& facts) const {
    const auto table = live_.tables.find(questions.front().table);
    if (table == live_.tables.end()) {
      for (const Question& question : questions) facts.add(question, {});
      return;
    }
    const auto& [shape, rows] = table->second;
    if (questions.front().columns == shape->key) {
      for (const Question& question : questions) {
        const auto row = rows.find(question.values);
        facts.add(question, row == rows.end() ? std::vector<Row>{} : std::vector<Row>{row->second});
      }
      return;
    }
    Asked asked;
    for (const Question& question : questions) asked.try_emplace(question.values);
    collect(questions.front().columns, rows, asked);
    for (const Question& question : questions) {
      facts.add(question, std::move(asked.at(question.values)));
    }
  }

  static void collect(const std::vector<std::size_t>& columns, const std::map<Key, Row>& rows,
                      Asked& asked) {
    std::vector<Value> values(columns.size());
    for (const auto& [key, row] : rows) {
      for (std::size_t i = 0; i < columns.size(); ++i) values[i] = row[columns[i]];
      if (const auto found = asked.find(values); found != asked.end()) {
        found->second.push_back(row);
      }
    }
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
};

}  // namespace

void Facts::add(const Question& question, std::vector<Row> rows) {
  rows_[question.table][question.columns].insert_or_assign(question.values, std::move(rows));
}

void Facts::add(const IndexQuestion& question, database::IndexProbe probe) {
  probes_.insert_or_assign(question, std::move(probe));
}

const database::IndexProbe* Facts::probe(const IndexQuestion& question) const {
  const auto found = probes_.find(question);
  return found == probes_.end() ? nullptr : &found->second;
}

const std::vector<Row>* Facts::rows(const Question& question) const {
  return rows(question.table, question.columns, question.values);
}

const std::vector<Row>* Facts::rows(const std::string& table,
                                    const std::vector<std::size_t>& columns,
                                    const std::vector<Value>& values) const {
  const auto of_table = rows_.find(table);
  if (of_table == rows_.end()) return nullptr;
  const auto by_values = of_table->second.find(columns);
  if (by_values == of_table->second.end()) return nullptr;
  const auto found = by_values->second.find(values);
  return found == by_values->second.end() ? nullptr : &found->second;
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
