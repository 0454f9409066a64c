#include "doppel/bundle.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/json.hpp"

namespace doppel {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "doppel bundle 2";
constexpr std::string_view kFirstFormat = "doppel bundle 1";

[[noreturn]] void refuse(const std::string& message, std::string_view source) {
  throw Error(ErrorCode::kInvalidInput, message, {.place = std::string(source), .remedy = {}});
}

const json::array& list_of(const json::value& object, std::string_view name,
                           std::string_view source) {
  const json::value& found = member(object, name, source);
  if (!found.is_array()) refuse("'" + std::string(name) + "' must be a list", source);
  return found.get_array();
}

json::array touches_to_json(const overlay::Changes& changes) {
  json::array all;
  for (const auto& [row, touch] : changes.touches) {
    all.push_back(
        {{"table", row.first}, {"key", to_json(row.second)}, {"by", touch.by}, {"at", touch.at}});
  }
  return all;
}

void touches_from_json(const json::value& stored, std::string_view source,
                       overlay::Changes& changes) {
  for (const json::value& touch : list_of(stored, "touches", source)) {
    changes.touches.emplace(
        overlay::RowId{text_member(touch, "table", source),
                       values_from_json(member(touch, "key", source), source)},
        overlay::Touch{text_member(touch, "by", source), text_member(touch, "at", source)});
  }
}

json::array lists_to_json(const std::vector<merge::ListBase>& lists) {
  json::array all;
  for (const merge::ListBase& list : lists) {
    json::array order;
    for (const auto& [key, place] : list.order) {
      order.push_back({{"key", to_json(key)}, {"place", to_json(place)}});
    }
    all.push_back(
        {{"table", list.table}, {"within", to_json(list.within)}, {"order", std::move(order)}});
  }
  return all;
}

std::vector<merge::ListBase> lists_from_json(const json::value& stored, std::string_view source) {
  std::vector<merge::ListBase> lists;
  for (const json::value& one : list_of(stored, "lists", source)) {
    merge::ListBase list;
    list.table = text_member(one, "table", source);
    list.within = values_from_json(member(one, "within", source), source);
    for (const json::value& place : list_of(one, "order", source)) {
      list.order.emplace_back(values_from_json(member(place, "key", source), source),
                              value_from_json(member(place, "place", source), source));
    }
    lists.push_back(std::move(list));
  }
  return lists;
}

json::array answers_to_json(const std::vector<merge::Answer>& answers) {
  json::array all;
  for (const merge::Answer& answer : answers) {
    all.push_back({{"conflict", answer.conflict},
                   {"inputs", answer.inputs},
                   {"kind", merge::to_text(answer.kind)},
                   {"values", to_json(answer.values)}});
  }
  return all;
}

std::vector<merge::Answer> answers_from_json(const json::value& stored, std::string_view source) {
  std::vector<merge::Answer> answers;
  for (const json::value& one : list_of(stored, "answers", source)) {
    const std::string kind = text_member(one, "kind", source);
    const auto parsed = merge::parse_answer_kind(kind);
    if (!parsed) refuse("'" + kind + "' is no answer", source);
    answers.push_back({text_member(one, "conflict", source), text_member(one, "inputs", source),
                       *parsed, values_from_json(member(one, "values", source), source)});
  }
  return answers;
}

/// The name and id of a sandbox stand in its bundle's file name, where format 1 had them only.
void name_from_file(const std::string& source, environment::Environment& environment) {
  constexpr std::size_t kIdLength = 36;
  const std::string stem = fs::path(source).stem().string();
  if (stem.size() > kIdLength) environment.id = stem.substr(stem.size() - kIdLength);
}

json::object head_of(const Bundle& bundle) {
  const environment::Environment& environment = bundle.environment;
  json::object content;
  content["format"] = kFormat;
  content["environment"] = environment.title();
  content["id"] = environment.id;
  content["kind"] = environment.kind;
  content["carrier"] = environment.carrier;
  content["follow"] = environment.follow;
  content["purpose"] = environment.purpose;
  content["created_at"] = environment.created_at;
  content["created_by"] = environment.created_by;
  content["base_at"] = environment.base_at;
  content["ended_at"] = bundle.ended_at;
  content["ended_by"] = bundle.ended_by;
  content["changes"] = bundle.changes.config.size();
  content["data_changes"] = bundle.changes.data.size();
  return content;
}

/// As text: it may be of a hundred thousand rows.
std::string content_of(const Bundle& bundle) {
  json::object content;
  content["touches"] = touches_to_json(bundle.changes);
  content["lists"] = lists_to_json(bundle.changes.lists);
  content["answers"] = answers_to_json(bundle.answers);
  json::array checkpoints;
  for (const overlay::Checkpoint& checkpoint : bundle.checkpoints) {
    checkpoints.push_back(
        {{"name", checkpoint.name}, {"changes", changeset::to_json(checkpoint.changes)}});
  }
  content["checkpoints"] = std::move(checkpoints);
  return "{\"config\":" + changeset::to_stored_text(bundle.changes.config) +
         ",\"data\":" + changeset::to_stored_text(bundle.changes.data) + "," +
         write_json(content, JsonStyle::kCompact).substr(1);
}

void read_head(const json::value& stored, std::string_view source, Bundle& bundle) {
  const std::string format = text_member(stored, "format", source);
  if (format != kFormat && format != kFirstFormat) {
    refuse("not a bundle of format " + std::string(kFormat), source);
  }
  environment::Environment& environment = bundle.environment;
  const std::string title = text_member(stored, "environment", source);
  const std::size_t slash = title.find('/');
  if (slash == std::string::npos) refuse("'environment' must be TENANT/SANDBOX", source);
  environment.tenant = title.substr(0, slash);
  environment.name = title.substr(slash + 1);
  environment.kind = "overlay";
  environment.carrier = "file";
  environment.base_at = text_member(stored, "base_at", source);
  bundle.ended_at = text_member(stored, "ended_at", source);
  if (format == kFirstFormat) return name_from_file(std::string(source), environment);
  environment.id = text_member(stored, "id", source);
  environment.kind = text_member(stored, "kind", source);
  environment.carrier = text_member(stored, "carrier", source);
  environment.follow = text_member(stored, "follow", source);
  environment.purpose = text_member(stored, "purpose", source);
  environment.created_at = text_member(stored, "created_at", source);
  environment.created_by = text_member(stored, "created_by", source);
  bundle.ended_by = text_member(stored, "ended_by", source);
}

void read_content(const json::value& stored, std::string_view source, Bundle& bundle) {
  bundle.changes.config = changeset::from_json(member(stored, "config", source), source);
  bundle.changes.data = changeset::from_json(member(stored, "data", source), source);
  if (!stored.get_object().contains("touches")) return;
  touches_from_json(stored, source, bundle.changes);
  bundle.changes.lists = lists_from_json(stored, source);
  bundle.answers = answers_from_json(stored, source);
  for (const json::value& checkpoint : list_of(stored, "checkpoints", source)) {
    bundle.checkpoints.push_back(
        {text_member(checkpoint, "name", source),
         changeset::from_json(member(checkpoint, "changes", source), source)});
  }
}

std::size_t count_from(const json::value& head, std::string_view name, std::string_view source) {
  const json::value& count = member(head, name, source);
  if (!count.is_int64() || count.get_int64() < 0) refuse("a number is expected", source);
  return static_cast<std::size_t>(count.get_int64());
}

BundleInfo read_info(Shelf& shelf, const Shelf::Item& item) {
  const std::string& source = item.name;
  const json::value head = parse_json(item.head, source);
  Bundle bundle;
  read_head(head, source, bundle);
  BundleInfo info{.id = bundle.environment.id,
                  .environment = bundle.environment.title(),
                  .base_at = bundle.environment.base_at,
                  .ended_at = bundle.ended_at,
                  .ended_by = bundle.ended_by,
                  .purpose = bundle.environment.purpose,
                  .file = shelf.where(source)};
  if (head.get_object().contains("config")) {
    read_content(head, source, bundle);
    info.changes = bundle.changes.config.size();
    info.data_changes = bundle.changes.data.size();
  } else {
    info.changes = count_from(head, "changes", source);
    info.data_changes = count_from(head, "data_changes", source);
  }
  return info;
}

}  // namespace

std::string write_bundle(const Bundle& bundle) {
  return write_json(head_of(bundle), JsonStyle::kCompact) + "\n" + content_of(bundle) + "\n";
}

Bundle read_bundle(std::string_view text, std::string_view source) {
  const std::size_t end = text.find('\n');
  const std::string_view first = text.substr(0, end);
  const json::value head = parse_json(first, source);
  Bundle bundle;
  read_head(head, source, bundle);
  const bool is_whole = head.get_object().contains("config");
  if (!is_whole && end == std::string_view::npos) refuse("the bundle ends early", source);
  read_content(is_whole ? head : parse_json(text.substr(end + 1), source), source, bundle);
  return bundle;
}

std::string bundle_name(const environment::Environment& environment) {
  return environment.name + "-" + environment.id + ".json";
}

std::vector<BundleInfo> list_bundles(Shelf& shelf) {
  std::vector<BundleInfo> bundles;
  for (const Shelf::Item& item : shelf.list()) {
    if (!item.name.ends_with(".json")) continue;
    try {
      bundles.push_back(read_info(shelf, item));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInvalidInput) throw;
    }
  }
  std::ranges::sort(bundles, [](const BundleInfo& a, const BundleInfo& b) {
    return a.ended_at != b.ended_at ? a.ended_at > b.ended_at : a.id > b.id;
  });
  return bundles;
}

Bundle read_bundle(Shelf& shelf, const BundleInfo& info) {
  const std::string name = info.file.filename().string();
  return read_bundle(shelf.get(name), name);
}

void prune_bundles(Shelf& shelf, const std::string& ended_since) {
  for (const BundleInfo& bundle : list_bundles(shelf)) {
    if (bundle.ended_at < ended_since) shelf.remove(bundle.file.filename().string());
  }
}

}  // namespace doppel
