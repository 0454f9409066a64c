#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "code/code.hpp"

namespace {

using doppel::Row;
using doppel::TableShape;
using doppel::Value;
using doppel::changeset::State;
using doppel::manifest::Model;
using doppel::manifest::TableModel;

void check(bool holds) {
  if (!holds) std::abort();
}

/// queues (id given, name natural, parent -> queues, rules JSON) and words (code, queue -> queues).
Model make_model() {
  Model model;
  TableModel queues;
  queues.shape = std::make_shared<TableShape>(
      TableShape{"queues", {"id", "name", "parent", "rules", "password"}, {0}});
  queues.columns.resize(5);
  queues.columns[3].merge = doppel::manifest::MergeUnit::kJson;
  queues.columns[4].secret = true;
  queues.key_source = doppel::database::KeySource::kCounted;
  queues.natural_key = {{1, doppel::manifest::NaturalKeyPart::Fold::kLower}};
  doppel::manifest::Reference parent;
  parent.columns = {2};
  parent.targets = {{{}, "queues", {"id"}}};
  queues.references = {parent};
  TableModel words;
  words.shape = std::make_shared<TableShape>(TableShape{"words", {"code", "queue"}, {0}});
  words.columns.resize(2);
  doppel::manifest::Reference queue;
  queue.columns = {1};
  queue.targets = {{{}, "queues", {"id"}}};
  words.references = {queue};
  model.tables = {queues, words};
  return model;
}

State make_state(const Model& model) {
  State state;
  for (const TableModel& table : model.tables) state.tables[table.name()].shape = table.shape;
  state.tables["queues"].rows[{1}] = Row{1, "Spam", Value(), "{\"a\":[1]}", "x"};
  state.tables["queues"].rows[{2}] = Row{2, "Sales", 1, Value(), "y"};
  state.tables["words"].rows[{"w"}] = Row{"w", 2};
  return state;
}

}  // namespace

/// Any bytes as a table's file are refused with their place, or change the config to what, written
/// and read again, changes nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Model kModel = make_model();
  const State state = make_state(kModel);
  doppel::code::Surroundings surroundings;
  surroundings.new_keys = [](const TableModel&, std::size_t count) {
    std::vector<std::int64_t> keys;
    for (std::size_t i = 0; i < count; ++i) keys.push_back(static_cast<std::int64_t>(1000 + i));
    return keys;
  };
  const doppel::code::Files files{{"doppel.yaml", "doppel: 1\ntenant: acme\n"},
                                  {"queues.yaml", std::string(data, data + size)}};
  const auto read = doppel::code::read(kModel, files, state, surroundings, {.tenant = "acme"});
  for (const auto& problem : read.problems) check(!problem.place.empty());
  if (!read.problems.empty()) {
    check(read.changes.empty());
    return 0;
  }
  const State after = doppel::changeset::apply(state, read.changes);
  const auto written = doppel::code::write(kModel, after, surroundings, {.tenant = "acme"});
  const auto again = doppel::code::read(kModel, written, after, surroundings, {.tenant = "acme"});
  check(again.problems.empty());
  check(again.changes.empty());
  return 0;
}
