#include "adapters/sqlite/pragmas.hpp"

#include <algorithm>
#include <array>

namespace doppel::sqlite {
namespace {

struct Pragma {
  std::string_view name;
  PragmaUse use;
};

constexpr std::array kPragmas{
    Pragma{"table_info", PragmaUse::kAsk},
    Pragma{"table_xinfo", PragmaUse::kAsk},
    Pragma{"table_list", PragmaUse::kAsk},
    Pragma{"index_info", PragmaUse::kAsk},
    Pragma{"index_xinfo", PragmaUse::kAsk},
    Pragma{"index_list", PragmaUse::kAsk},
    Pragma{"foreign_key_list", PragmaUse::kAsk},
    Pragma{"foreign_key_check", PragmaUse::kAsk},
    Pragma{"integrity_check", PragmaUse::kAsk},
    Pragma{"quick_check", PragmaUse::kAsk},
    Pragma{"database_list", PragmaUse::kRead},
    Pragma{"collation_list", PragmaUse::kRead},
    Pragma{"function_list", PragmaUse::kRead},
    Pragma{"module_list", PragmaUse::kRead},
    Pragma{"pragma_list", PragmaUse::kRead},
    Pragma{"compile_options", PragmaUse::kRead},
    Pragma{"data_version", PragmaUse::kRead},
    Pragma{"freelist_count", PragmaUse::kRead},
    Pragma{"page_count", PragmaUse::kRead},
    Pragma{"page_size", PragmaUse::kRead},
    Pragma{"schema_version", PragmaUse::kRead},
    Pragma{"encoding", PragmaUse::kRead},
    Pragma{"foreign_keys", PragmaUse::kRead},
    Pragma{"recursive_triggers", PragmaUse::kRead},
    Pragma{"synchronous", PragmaUse::kRead},
    Pragma{"locking_mode", PragmaUse::kRead},
    Pragma{"query_only", PragmaUse::kRead},
    Pragma{"defer_foreign_keys", PragmaUse::kSet},
    Pragma{"busy_timeout", PragmaUse::kSet},
    Pragma{"cache_size", PragmaUse::kSet},
    Pragma{"case_sensitive_like", PragmaUse::kSet},
    Pragma{"reverse_unordered_selects", PragmaUse::kSet},
    Pragma{"user_version", PragmaUse::kOwnSet},
    Pragma{"application_id", PragmaUse::kOwnSet},
    Pragma{"auto_vacuum", PragmaUse::kOwnSet},
    Pragma{"incremental_vacuum", PragmaUse::kOwnSet},
    Pragma{"journal_mode", PragmaUse::kOwnSet},
    Pragma{"wal_checkpoint", PragmaUse::kOwnSet},
    Pragma{"optimize", PragmaUse::kOwnSet},
};

}  // namespace

std::optional<PragmaUse> pragma_use(std::string_view name) {
  const auto found = std::ranges::find(kPragmas, name, &Pragma::name);
  if (found == kPragmas.end()) return std::nullopt;
  return found->use;
}

}  // namespace doppel::sqlite
