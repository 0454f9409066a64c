#include "plan/plan_json.hpp"

#include "base/text.hpp"

namespace doppel::plan {
namespace {

json::array parts_json(const std::vector<merge::PartChange>& parts) {
  const auto text = [](const std::optional<std::string>& written) {
    return written ? doppel::to_json(Value(*written)) : json::value();
  };
  json::array all;
  for (const merge::PartChange& part : parts) {
    all.push_back({{"at", part.at}, {"base", text(part.before)}, {"sandbox", text(part.after)}});
  }
  return all;
}

json::value optional_text(const std::string& text) {
  if (text.empty()) return nullptr;
  return json::string(text);
}

json::value key_json(const TableShape& shape, const Key& key) {
  json::object object;
  for (std::size_t i = 0; i < shape.key.size() && i < key.size(); ++i) {
    object[shape.columns[shape.key[i]]] = doppel::to_json(key[i]);
  }
  return object;
}

/// What the manifest calls secret is said to be there, and no more.
json::value value_json(const manifest::TableModel* table, std::size_t column, const Value& value) {
  const bool secret =
      table != nullptr && column < table->columns.size() && table->columns[column].secret;
  if (secret && !value.is_null()) return json::object{{"secret", true}};
  return doppel::to_json(value);
}

json::value value_json(const manifest::Model& model, const std::string& name,
                       const std::string& column, const Value& value) {
  const manifest::TableModel* table = model.table(name);
  const auto index = table == nullptr ? std::nullopt : table->shape->column(column);
  return value_json(table, index.value_or(std::string::npos), value);
}

/// A row as {"column": value}.
json::value row_json(const manifest::Model& model, const TableShape& shape,
                     const std::optional<Row>& row) {
  if (!row) return nullptr;
  const manifest::TableModel* table = model.table(shape.name);
  json::object object;
  for (std::size_t i = 0; i < shape.columns.size() && i < row->size(); ++i) {
    object[shape.columns[i]] = value_json(table, i, (*row)[i]);
  }
  return object;
}

std::string_view kind_text(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kInsert:
      return "added";
    case ChangeKind::kUpdate:
      return "changed";
    case ChangeKind::kDelete:
      return "removed";
  }
  return "";
}

json::value change_json(const manifest::Model& model, const PlannedChange& planned) {
  const RowChange& change = planned.change;
  const TableShape& shape = *change.table;
  json::object object;
  object["table"] = shape.name;
  object["key"] = key_json(shape, change.key);
  object["label"] = planned.label;
  object["kind"] = kind_text(change.kind());
  const manifest::TableModel* table = model.table(shape.name);
  json::array fields;
  for (std::size_t i = 0; i < shape.columns.size(); ++i) {
    const Value before = change.before ? (*change.before)[i] : Value();
    const Value after = change.after ? (*change.after)[i] : Value();
    if (before == after) continue;
    json::object field;
    field["column"] = shape.columns[i];
    field["before"] = value_json(table, i, before);
    field["after"] = value_json(table, i, after);
    fields.emplace_back(std::move(field));
  }
  object["fields"] = std::move(fields);
  object["by"] = optional_text(planned.touch.by);
  object["at"] = optional_text(planned.touch.at);
  object["why"] = optional_text(planned.why);
  return object;
}

json::value impact_json(const manifest::Model& model, const Impact& impact) {
  json::object object;
  object["table"] = impact.table;
  object["key"] = key_json(*model.require(impact.table).shape, impact.key);
  object["label"] = impact.label;
  object["needs_mapping"] = impact.kind == ChangeKind::kDelete && !impact.mapped_to;
  object["referrer"] = impact.referrer;
  object["column"] = impact.column;
  object["rows"] = impact.rows;
  object["mapped_to"] = impact.mapped_to ? json::value(*impact.mapped_to) : json::value();
  return object;
}

json::value row_id_json(const manifest::Model& model, const std::string& table, const Key& key) {
  json::object object;
  object["table"] = table;
  object["key"] = key_json(*model.require(table).shape, key);
  return object;
}

json::array checks_json(const Plan& plan) {
  json::array checks;
  for (const Check& check : plan.checks) {
    json::object object;
    object["name"] = check.name;
    object["passed"] = check.passed;
    object["message"] = optional_text(check.message);
    checks.emplace_back(std::move(object));
  }
  return checks;
}

json::array side_lists(const manifest::Model& model, const Plan& plan, json::object& object) {
  json::array differences;
  for (const Difference& difference : plan.differences) {
    json::object item = row_id_json(model, difference.table, difference.key).as_object();
    item["label"] = difference.label;
    item["column"] = difference.column;
    item["sandbox"] = value_json(model, difference.table, difference.column, difference.sandbox);
    item["result"] = value_json(model, difference.table, difference.column, difference.result);
    differences.emplace_back(std::move(item));
  }
  json::array bindings;
  for (const OwnBinding& binding : plan.bindings) {
    json::object item = row_id_json(model, binding.table, binding.key).as_object();
    item["label"] = binding.label;
    item["column"] = binding.column;
    item["live"] = value_json(model, binding.table, binding.column, binding.live);
    item["sandbox"] = value_json(model, binding.table, binding.column, binding.sandbox);
    bindings.emplace_back(std::move(item));
  }
  object["stays_with_live"] = std::move(bindings);
  json::array rekeyed;
  for (const merge::Rekeyed& row : plan.rekeyed) {
    json::object item = row_id_json(model, row.table, row.from).as_object();
    item["to"] = key_json(*model.require(row.table).shape, row.to);
    rekeyed.emplace_back(std::move(item));
  }
  object["rekeyed"] = std::move(rekeyed);
  json::array warnings;
  for (const merge::Warning& warning : plan.warnings) {
    json::object item = row_id_json(model, warning.table, warning.key).as_object();
    item["message"] = warning.message;
    warnings.emplace_back(std::move(item));
  }
  object["warnings"] = std::move(warnings);
  json::array left_out;
  for (const auto& [table, key] : plan.left_out) {
    left_out.emplace_back(row_id_json(model, table, key));
  }
  object["left_out"] = std::move(left_out);
  return differences;
}

}  // namespace

json::value to_json(const manifest::Model& model, const merge::Conflict& conflict) {
  const TableShape& shape = *conflict.table;
  json::object object;
  object["id"] = conflict.id;
  object["kind"] = merge::to_text(conflict.kind);
  object["table"] = shape.name;
  object["key"] = key_json(shape, conflict.key);
  json::array columns;
  for (const std::size_t column : conflict.columns) columns.emplace_back(shape.columns[column]);
  object["columns"] = std::move(columns);
  object["base"] = row_json(model, shape, conflict.base);
  object["live"] = row_json(model, shape, conflict.live);
  object["sandbox"] = row_json(model, shape, conflict.sandbox);
  json::array possible;
  for (const merge::AnswerKind kind : conflict.possible)
    possible.emplace_back(merge::to_text(kind));
  object["possible"] = std::move(possible);
  object["default"] =
      conflict.possible.empty() ? json::value() : json::value(merge::to_text(conflict.possible[0]));
  object["answered"] =
      conflict.answered ? json::value(merge::to_text(*conflict.answered)) : json::value();
  object["message"] = conflict.message;
  return object;
}

json::value to_json(const manifest::Model& model, const Plan& plan) {
  json::object object;
  object["hash"] = plan.hash.text;
  object["source"] = plan.source;
  object["promotable"] = plan.promotable();
  json::array changes;
  for (const PlannedChange& planned : plan.changes)
    changes.emplace_back(change_json(model, planned));
  object["changes"] = std::move(changes);
  json::array conflicts;
  for (const merge::Conflict& conflict : plan.conflicts) {
    json::object item = to_json(model, conflict).as_object();
    const auto touch = plan.live_touches.find({conflict.table->name, conflict.key});
    const bool known = touch != plan.live_touches.end();
    item["live_by"] = known ? optional_text(touch->second.by) : json::value();
    item["live_at"] = known ? optional_text(touch->second.at) : json::value();
    conflicts.emplace_back(std::move(item));
  }
  object["conflicts"] = std::move(conflicts);
  json::array impact;
  for (const Impact& item : plan.impact) impact.emplace_back(impact_json(model, item));
  object["impact"] = std::move(impact);
  object["data_rows"] = plan.data.size();
  object["checks"] = checks_json(plan);
  object["differences"] = side_lists(model, plan, object);
  if (plan.rehearsal) {
    json::object rehearsal;
    rehearsal["restored"] = plan.rehearsal->restored;
    rehearsal["milliseconds"] = plan.rehearsal->milliseconds;
    rehearsal["message"] = optional_text(plan.rehearsal->message);
    object["rehearsal"] = std::move(rehearsal);
  } else {
    object["rehearsal"] = nullptr;
  }
  return object;
}

json::value to_json(const manifest::Model& model, const Diff& diff) {
  json::object object;
  object["environment"] = diff.environment;
  json::object tables;
  changeset::Counts total;
  for (const auto& [name, counts] : diff.counts) {
    tables[name] = {
        {"added", counts.added}, {"removed", counts.removed}, {"changed", counts.changed}};
    total.added += counts.added;
    total.removed += counts.removed;
    total.changed += counts.changed;
  }
  object["tables"] = std::move(tables);
  object["total"] = {
      {"added", total.added}, {"removed", total.removed}, {"changed", total.changed}};
  json::array rows;
  for (const DiffRow& row : diff.rows) {
    json::object item;
    item["table"] = row.table;
    item["key"] = key_json(*row.shape, row.key);
    item["label"] = row.label;
    item["kind"] = to_text(row.kind);
    item["in_live"] = row.in_live;
    json::array fields;
    for (const DiffField& field : row.fields) {
      json::object entry;
      entry["column"] = field.column;
      entry["base"] = value_json(model, row.table, field.column, field.base);
      entry["live"] = value_json(model, row.table, field.column, field.live);
      entry["sandbox"] = value_json(model, row.table, field.column, field.sandbox);
      entry["parts"] = parts_json(field.parts);
      fields.emplace_back(std::move(entry));
    }
    item["fields"] = std::move(fields);
    item["by"] = optional_text(row.touch.by);
    item["at"] = optional_text(row.touch.at);
    item["live_by"] = optional_text(row.live_touch.by);
    item["live_at"] = optional_text(row.live_touch.at);
    rows.emplace_back(std::move(item));
  }
  object["changes"] = std::move(rows);
  object["data_rows"] = diff.data_rows;
  return object;
}

json::value to_json(const Promotion& promotion) {
  json::object object;
  object["number"] = promotion.number;
  object["id"] = promotion.id;
  object["kind"] = to_text(promotion.kind);
  object["source"] = promotion.source;
  object["reverts"] = promotion.reverts ? json::value(*promotion.reverts) : json::value();
  object["plan"] = promotion.plan;
  object["at"] = promotion.at;
  object["by"] = promotion.by;
  return object;
}

json::value to_json(const SnapshotInfo& snapshot) {
  json::object object;
  object["name"] = snapshot.name;
  object["at"] = snapshot.at;
  object["promotion"] = snapshot.promotion;
  object["promoted"] = snapshot.promoted;
  object["rows"] = snapshot.rows;
  object["hash"] = snapshot.hash;
  object["file"] = snapshot.file.string();
  return object;
}

}  // namespace doppel::plan
