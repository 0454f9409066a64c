#pragma once

#include "doppel.hpp"
#include "merge/merge.hpp"

/// How a person's answer to a conflict is read.
namespace doppel {

/// Whether the resolution is about this conflict: by a beginning of its id, or `all` for open ones.
bool means(const merge::Conflict& conflict, const Resolution& resolution);

/// The answer that is kept. Throws Error(kUsage) placed at the conflict for an answer that isn't
/// one of its own, and for values that it needs and doesn't have, or the other way round.
merge::Answer answer_for(const merge::Conflict& conflict, const Resolution& resolution);

}  // namespace doppel
