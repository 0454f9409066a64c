#pragma once

#include <string>

#include "manifest/model.hpp"
#include "plan/diff.hpp"

namespace doppel::cli {

/// Whether totals and remarks stand below the rows.
enum class DiffEnd { kNone, kTotals };

/// A diff as people read it, table by table.
std::string diff_text(const manifest::Model& model, const plan::Diff& diff, DiffEnd end);

}  // namespace doppel::cli
