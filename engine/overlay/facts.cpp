#include "overlay/facts.hpp"

#include <algorithm>

namespace doppel::overlay {
namespace {

using merge::Question;

/// More rows than this equal in some columns are no row of config that anybody could judge.
constexpr std::size_t kRowsLimit = 100'000;

/// Look-ups by index know no NULL, and no columns at all ask for every row.
bool needs_scan(const Question& question) {
  return question.columns.empty() || std::ranges::any_of(question.values, &Value::is_null);
}

std::vector<std::string> names_of(const TableShape& shape,
                                  const std::vector<std::size_t>& columns) {
  std::vector<std::string> names;
  for (const std::size_t column : columns) names.push_back(shape.columns[column]);
  return names;
}

void answer_by_key(const TableShape& shape, const std::vector<const Question*>& asked,
                   database::Connection& live, merge::Facts& facts) {
  std::vector<Key> keys;
  keys.reserve(asked.size());
  for (const Question* question : asked) keys.push_back(question->values);
  std::vector<std::optional<Row>> rows = live.read_rows(shape, keys);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    std::vector<Row> found;
    if (rows[i]) found.push_back(std::move(*rows[i]));
    facts.add(*asked[i], std::move(found));
  }
}

void answer_by_columns(const TableShape& shape, const std::vector<const Question*>& asked,
                       database::Connection& live, merge::Facts& facts) {
  const std::vector<std::string> columns = names_of(shape, asked.front()->columns);
  std::vector<const Question*> plain;
  std::vector<std::vector<Value>> values;
  for (const Question* question : asked) {
    if (needs_scan(*question)) {
      std::vector<Row> found;
      live.scan_rows(shape, {columns, question->values},
                     [&](Row&& row) { found.push_back(std::move(row)); });
      facts.add(*question, std::move(found));
    } else {
      plain.push_back(question);
      values.push_back(question->values);
    }
  }
  if (plain.empty()) return;
  std::vector<std::vector<Row>> rows = live.find_rows(shape, columns, values, kRowsLimit);
  for (std::size_t i = 0; i < plain.size(); ++i) facts.add(*plain[i], std::move(rows[i]));
}

void answer_probes(const manifest::Model& model, const std::vector<merge::IndexQuestion>& asked,
                   database::Connection& live, merge::Facts& facts) {
  std::map<std::pair<std::string, std::string>, std::vector<const merge::IndexQuestion*>> indexes;
  for (const merge::IndexQuestion& question : asked) {
    indexes[{question.table, question.index}].push_back(&question);
  }
  for (const auto& [index, questions] : indexes) {
    std::vector<Row> rows;
    for (const merge::IndexQuestion* question : questions) rows.push_back(question->row);
    auto probes = live.probe_index(*model.require(index.first).shape, index.second, rows);
    for (std::size_t i = 0; i < questions.size(); ++i) {
      facts.add(*questions[i], std::move(probes[i]));
    }
  }
}

}  // namespace

merge::FactSource facts_from(const manifest::Model& model, database::Connection& live) {
  return [&model, &live](const merge::Needs& needs, merge::Facts& facts) {
    using Group = std::pair<std::string, std::vector<std::size_t>>;
    std::map<Group, std::vector<const Question*>> groups;
    for (const Question& question : needs.questions) {
      groups[{question.table, question.columns}].push_back(&question);
    }
    for (const auto& [group, asked] : groups) {
      const TableShape& shape = *model.require(group.first).shape;
      if (group.second == shape.key) {
        answer_by_key(shape, asked, live, facts);
      } else {
        answer_by_columns(shape, asked, live, facts);
      }
    }
    answer_probes(model, needs.probes, live, facts);
    for (const auto& [name, count] : needs.keys) {
      const manifest::TableModel& table = model.require(name);
      database::Table declared;
      declared.name = name;
      declared.key_source = table.key_source;
      const std::string& column = table.shape->columns[table.shape->key.front()];
      facts.add_keys(name, live.propose_keys(declared, column, count));
    }
  };
}

}  // namespace doppel::overlay
