#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace doppel::database {

/// Something in the application's database that is otherwise in a sandbox, or bad for a promotion.
struct Finding {
  enum class Kind {
    kFunction,    ///< a body that names live's schema, rights of its own, a language
    kTrigger,     ///< acts beyond its row
    kRule,        ///< of a table, or a policy
    kView,        ///< materialised
    kTable,       ///< can't be carried, or not be written
    kReach,       ///< live's rows that a sandbox could read all the same
    kKey,         ///< an index or reference that isn't kept
    kStatement,   ///< the application runs what a view of data can't bear
    kSlowLookup,  ///< a reference without an index
  };
  enum class Weight {
    kNote,     ///< good to know
    kWarning,  ///< somebody should decide it or mend it
    kRefused,  ///< no sandbox is made until it is mended
  };
  Kind kind = Kind::kTable;
  Weight weight = Weight::kNote;
  std::string place;    ///< the table, trigger, function
  std::string message;  ///< a sentence, with the place in it
  std::string remedy = {};
  friend bool operator==(const Finding&, const Finding&) = default;
};

std::string_view word_of(Finding::Kind kind);
std::string_view word_of(Finding::Weight weight);

/// Their messages.
std::vector<std::string> texts_of(std::span<const Finding> findings);

/// Throws Error(kUnsupported) with all that is refused, and the first one's remedy.
void require_none_refused(std::span<const Finding> findings);

/// Columns by which a promotion looks for the rows of `table` that refer to a row of `target`.
struct Lookup {
  std::string table;
  std::vector<std::string> columns;
  std::string target;
  friend auto operator<=>(const Lookup&, const Lookup&) = default;
};

/// Tables with fewer rows are looked through as fast as an index is read.
inline constexpr std::int64_t kSlowLookupRows = 1000;

/// That a lookup has no index.
Finding slow_lookup(const Lookup& lookup);

}  // namespace doppel::database
