#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "base/text.hpp"
#include "plan/closure.hpp"

namespace {

using doppel::Error;
using doppel::ErrorCode;
using doppel::Row;
using doppel::TableShape;
using doppel::Value;
using doppel::changeset::ChangeSet;
using doppel::manifest::Model;
using doppel::manifest::TableModel;

void check(bool holds) {
  if (!holds) std::abort();
}

/// queues (id, name, parent -> queues whose part they are) and words (code, place).
Model make_model() {
  TableModel queues;
  queues.shape = std::make_shared<TableShape>(TableShape{"queues", {"id", "name", "parent"}, {0}});
  queues.columns.resize(3);
  queues.label = 1;
  queues.natural_key = {{1, doppel::manifest::NaturalKeyPart::Fold::kLower}};
  queues.unique_keys = {{.name = "by_name", .columns = {1}, .folded = {true}}};
  doppel::manifest::Reference parent;
  parent.columns = {2};
  parent.targets = {{{}, "queues", {"id"}}};
  queues.references = {parent};
  queues.part_of = 0;
  TableModel words;
  words.shape = std::make_shared<TableShape>(TableShape{"words", {"code", "place"}, {0, 1}});
  words.columns.resize(2);
  Model model;
  model.tables = {queues, words};
  return model;
}

ChangeSet make_changes(const Model& model) {
  const auto queues = model.require("queues").shape;
  const auto words = model.require("words").shape;
  ChangeSet changes;
  changes.changes = {
      {queues, {1}, Row{1, "Sales", Value()}, Row{1, "Press", Value()}},
      {queues, {2}, std::nullopt, Row{2, "Sales", 1}},
      {queues, {3}, Row{3, "a=b:c", 2}, std::nullopt},
      {words, {"w", 1.5}, std::nullopt, Row{"w", 1.5}},
      {words, {"w,1.5", Value()}, Row{"w,1.5", Value()}, std::nullopt},
  };
  return changes;
}

/// A selection that is read says the same when it is written again, and takes changes or is
/// refused.
void select(const Model& model, const ChangeSet& changes, const std::string& text) {
  try {
    const auto selector = doppel::plan::parse_selector(text);
    check(doppel::is_valid_utf8(text));
    check(selector.table + (selector.row ? ":" + *selector.row : "") == text);
    const auto closure = doppel::plan::close_over(model, changes, {selector});
    check(!closure.changes.empty());
    check(closure.changes.size() + closure.left_out.size() == changes.size());
    check(closure.why.size() < closure.changes.size());
  } catch (const Error& error) {
    check(error.code() == ErrorCode::kUsage || error.code() == ErrorCode::kNotFound);
  }
}

void map(const std::string& text) {
  try {
    const auto mapping = doppel::plan::parse_mapping(text);
    check(doppel::is_valid_utf8(text));
    check(!mapping.table.empty() && !mapping.from.empty() && mapping.to != "");
    check(mapping.table + ":" + mapping.from + "=" + mapping.to.value_or("null") == text);
  } catch (const Error& error) {
    check(error.code() == ErrorCode::kUsage);
  }
}

}  // namespace

/// Each line is what a person gives with --select, and with --map; all of them are one selection.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Model kModel = make_model();
  static const ChangeSet kChanges = make_changes(kModel);
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const std::string& line : doppel::split(text, '\n')) {
    select(kModel, kChanges, line);
    map(line);
  }
  return 0;
}
