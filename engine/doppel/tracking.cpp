#include "doppel/tracking.hpp"

#include "base/error.hpp"

namespace doppel {
namespace {

std::unique_ptr<database::LiveTracking> tracking_of(Attached& attached) {
  if (attached.model.track == manifest::Tracking::kNone) return nullptr;
  return attached.database->tracking();
}

/// By table, in the order given.
using Asked = std::map<std::string, std::vector<Key>>;

std::map<overlay::RowId, overlay::Touch> touches_of(Attached& attached,
                                                    database::LiveTracking& tracking,
                                                    const Asked& asked) {
  std::map<overlay::RowId, overlay::Touch> found;
  for (const auto& [name, keys] : asked) {
    const auto touches = tracking.last_touches(*attached.model.require(name).shape, keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (touches[i]) found[{name, keys[i]}] = {.by = touches[i]->by, .at = touches[i]->at};
    }
  }
  return found;
}

}  // namespace

std::vector<std::string> track_live(Attached& attached, Track what) {
  const auto tracking = attached.database->tracking();
  if (tracking == nullptr) {
    throw Error(ErrorCode::kUnsupported, "this database can't note who changes it",
                {.place = attached.tenant.name,
                 .remedy = "what live changed is found without: `doppel diff` compares rows"});
  }
  std::vector<TableShapePtr> tables;
  if (what == Track::kOn) {
    if (attached.model.track == manifest::Tracking::kNone) {
      throw Error(ErrorCode::kUnsupported, "the manifest doesn't allow triggers on live's tables",
                  {.place = attached.tenant.name,
                   .remedy = "say `track: triggers` in it, and `doppel manifest set`"});
    }
    for (const manifest::TableModel& table : attached.model.tables) {
      if (table.may_hold_config()) tables.push_back(table.shape);
    }
  }
  tracking->track(tables);
  return tracking->tracked();
}

void add_live_touches(Attached& attached, plan::Diff& diff) {
  const auto tracking = tracking_of(attached);
  if (tracking == nullptr) return;
  Asked asked;
  for (const plan::DiffRow& row : diff.rows) {
    if (row.moved_in_live()) asked[row.table].push_back(row.key);
  }
  const auto touches = touches_of(attached, *tracking, asked);
  for (plan::DiffRow& row : diff.rows) {
    if (const auto touch = touches.find({row.table, row.key});
        row.moved_in_live() && touch != touches.end()) {
      row.live_touch = touch->second;
    }
  }
}

void add_live_touches(Attached& attached, plan::Plan& plan) {
  const auto tracking = tracking_of(attached);
  if (tracking == nullptr) return;
  Asked asked;
  for (const merge::Conflict& conflict : plan.conflicts) {
    asked[conflict.table->name].push_back(conflict.key);
  }
  plan.live_touches = touches_of(attached, *tracking, asked);
}

}  // namespace doppel
