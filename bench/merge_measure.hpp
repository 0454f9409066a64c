#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "bench/runner.hpp"
#include "database/connection.hpp"
#include "manifest/model.hpp"

/// A three-way merge whose facts come from a database, judged by what a merge by hand gives.
namespace doppel::bench {

/// Both sides edit rows of one table: the sandbox's from 1 by `step`, live's every second of
/// them and as many others. One in a hundred of the shared rows is a conflict: the same column.
struct Edits {
  std::string table;
  std::int64_t count, step;
  std::string sandbox_column, live_column;
};

/// What live's side writes: in each of these rows the column's text is 'live'.
void each_live_edit(const Edits& edits,
                    const std::function<void(std::int64_t key, const std::string& column)>& write);

/// `edit_live` is called once, after the base's rows were read.
struct MergeSides {
  const manifest::Model& model;
  database::Connection& live;
  std::function<void()> edit_live;
};

Line merge_line(const std::string& title, const Edits& edits, const MergeSides& sides, double most,
                int runs);

}  // namespace doppel::bench
