#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"
#include "plan/plan_json.hpp"

namespace {

using doppel::json::value;
using doppel::plan::StoredPlan;

value write(const StoredPlan& stored) {
  doppel::plan::Request request;
  request.changes = stored.own;
  request.select = stored.select;
  request.mappings = stored.mappings;
  return to_stored(stored.plan, request);
}

}  // namespace

/// A plan that was kept is read back as it was, or refused; nothing else reaches a promotion.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const value written = write(doppel::plan::from_stored(doppel::plan::parse_stored(text)));
    const std::string kept = write_json(written, doppel::JsonStyle::kCompact);
    if (write(doppel::plan::from_stored(doppel::plan::parse_stored(kept))) != written) {
      std::abort();
    }
  } catch (const doppel::Error& error) {
    if (error.code() != doppel::ErrorCode::kInvalidInput || error.place().empty()) std::abort();
  }
  return 0;
}
