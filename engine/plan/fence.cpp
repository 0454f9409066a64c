#include "plan/fence.hpp"

#include "base/error.hpp"

namespace doppel::plan {
namespace {

constexpr std::string_view kTable = "doppel_fence";

}  // namespace

void raise_fence(database::SqlRunner& live, const Fence& fence, const std::string& title) {
  live.prepare_own_tables();
  const std::string table = live.own_table(kTable);
  if (!live.has_own_table(kTable)) {
    live.execute_script("CREATE TABLE " + table +
                        " (environment TEXT PRIMARY KEY, token BIGINT NOT NULL)");
  }
  const auto raised = live.execute("INSERT INTO " + table +
                                       " AS f (environment, token) VALUES ($1, $2) ON CONFLICT "
                                       "(environment) DO UPDATE SET token "
                                       "= excluded.token WHERE f.token <= excluded.token",
                                   {Value(fence.environment), Value(fence.token)});
  if (raised == 1) return;
  throw Error(
      ErrorCode::kBusy,
      "this doppel was away for longer than its hold lasted, and another one has taken over",
      {.place = title, .remedy = "see what was done meanwhile, then run it again"});
}

}  // namespace doppel::plan
