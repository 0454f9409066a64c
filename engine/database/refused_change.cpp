#include "database/refused_change.hpp"

#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::database {
namespace {

std::string_view verb(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kInsert:
      return "inserted";
    case ChangeKind::kUpdate:
      return "updated";
    case ChangeKind::kDelete:
      return "deleted";
  }
  return {};
}

}  // namespace

void refuse_change(const RowChange& change, const std::string& reason) {
  throw Error(ErrorCode::kConstraint,
              change.table->name + " " + display(change.key) + " can't be " +
                  std::string(verb(change.kind())) + ": " + reason,
              {.place = change.table->name, .remedy = {}});
}

}  // namespace doppel::database
