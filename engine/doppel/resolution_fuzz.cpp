#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "base/text.hpp"
#include "doppel/answering.hpp"
#include "merge/answer_json.hpp"

namespace {

using doppel::Row;
using doppel::TableShape;
using doppel::Value;
using doppel::merge::Conflict;
using doppel::merge::ConflictKind;

/// A question of this kind about a row of which each column holds another kind of value.
Conflict question(ConflictKind kind) {
  Conflict conflict;
  conflict.kind = kind;
  conflict.id = "c_0123456789";
  conflict.inputs = "i";
  conflict.table = std::make_shared<TableShape>(
      TableShape{"queues", {"id", "name", "share", "picture", "owner"}, {0}});
  conflict.key = {1};
  conflict.columns = {1, 2, 0, 3, 4};
  conflict.live = Row{1, "Sales", 0.5, doppel::Blob{"x"}, Value()};
  conflict.sandbox = Row{1, "Press", 1.5, doppel::Blob{"y"}, 7};
  conflict.possible = doppel::merge::possible_answers(kind);
  return conflict;
}

}  // namespace

/// The first line is the conflict as a person names it, the second the answer, the rest its values:
/// `doppel resolve`. What comes out is kept and read back the same, or the person is told.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto words = doppel::split(std::string(reinterpret_cast<const char*>(data), size), '\n');
  words.resize(std::max<std::size_t>(words.size(), 2));
  doppel::Resolution resolution{.conflict = words[0], .values = {}};
  const auto kind = doppel::merge::parse_answer_kind(words[1]);
  resolution.use_default = !kind;
  if (kind) resolution.kind = *kind;
  resolution.values.assign(words.begin() + 2, words.end());
  for (int i = 0; i <= static_cast<int>(ConflictKind::kOrder); ++i) {
    const Conflict conflict = question(static_cast<ConflictKind>(i));
    if (!doppel::means(conflict, resolution)) continue;
    try {
      const auto answer = doppel::answer_for(conflict, resolution);
      const std::string kept =
          write_json(doppel::merge::to_json(answer), doppel::JsonStyle::kCompact);
      const auto read = doppel::merge::answer_from_json(doppel::parse_json(kept, "kept"), "kept");
      if (read.kind != answer.kind || read.values != answer.values) std::abort();
    } catch (const doppel::Error& error) {
      if (error.code() != doppel::ErrorCode::kUsage || error.place().empty()) std::abort();
    }
  }
  return 0;
}
