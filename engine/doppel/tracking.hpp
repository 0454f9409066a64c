#pragma once

#include "doppel/workspace.hpp"
#include "plan/diff.hpp"

/// Who changed live, where triggers note it.
namespace doppel {

/// See Doppel::track.
std::vector<std::string> track_live(Attached& attached, Track what);

/// Says of rows that live has otherwise than the base who did that. Does nothing where it isn't
/// noted.
void add_live_touches(Attached& attached, plan::Diff& diff);
void add_live_touches(Attached& attached, plan::Plan& plan);

}  // namespace doppel
