#include "access/audit_chain.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

namespace doppel::access {
namespace {

struct Field {
  std::string_view name;
  std::string AuditRow::* text;
};

/// Everything of a row that its hash covers besides its number, in that order.
constexpr std::array<Field, 10> kFields{{
    {"at", &AuditRow::at},
    {"who", &AuditRow::who},
    {"environment", &AuditRow::environment},
    {"verb", &AuditRow::verb},
    {"resource", &AuditRow::resource},
    {"key", &AuditRow::key},
    {"outcome", &AuditRow::outcome},
    {"reason", &AuditRow::reason},
    {"request", &AuditRow::request},
    {"address", &AuditRow::address},
}};

std::string rows_text(std::int64_t first, std::int64_t last) {
  const std::string from = std::to_string(first);
  return first == last ? "row " + from : "rows " + from + " to " + std::to_string(last);
}

std::string are(std::int64_t first, std::int64_t last) { return first == last ? " is" : " are"; }

}  // namespace

std::string_view to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::kBegun:
      return "begun";
    case Outcome::kDone:
      return "done";
    case Outcome::kRefused:
      return "refused";
    case Outcome::kFailed:
      return "failed";
  }
  return "";
}

std::string_view to_text(Flaw flaw) {
  switch (flaw) {
    case Flaw::kChanged:
      return "changed";
    case Flaw::kMissing:
      return "missing";
    case Flaw::kTruncated:
      return "truncated";
    case Flaw::kAdded:
      return "added";
    case Flaw::kOther:
      return "other";
  }
  return "";
}

std::optional<AuditHead> parse_head(std::string_view text) {
  constexpr std::size_t kHashLength = 64;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto number = parse_integer(text.substr(0, colon));
  const std::string_view hash = text.substr(colon + 1);
  if (!number || *number < 1 || hash.size() != kHashLength || !from_hex(hash)) return std::nullopt;
  return AuditHead{*number, to_lower_ascii(hash)};
}

std::string to_text(const AuditHead& head) { return std::to_string(head.number) + ":" + head.hash; }

std::string hash_row(std::string_view tenant, std::string_view previous, const AuditRow& row) {
  Sha256 hash;
  hash.add_framed("doppel audit 1");
  hash.add_framed(tenant);
  hash.add_framed(previous);
  hash.add_value(Value(row.number));
  for (const Field& field : kFields) hash.add_framed(row.*field.text);
  return hash.finish();
}

ChainCheck::ChainCheck(std::string tenant, std::optional<AuditHead> known)
    : tenant_(std::move(tenant)), known_(std::move(known)) {}

void ChainCheck::fail(Flaw flaw, std::int64_t number, std::string message) {
  result_.fault = ChainFault{flaw, number, std::move(message)};
}

void ChainCheck::add(const AuditRow& row) {
  if (has_fault()) return;
  const std::int64_t expected = result_.rows + 1;
  const std::string number = std::to_string(row.number);
  if (row.number < expected) {
    return fail(Flaw::kAdded, row.number, "row " + number + " was put in: no such number is given");
  }
  if (row.number > expected) {
    return fail(Flaw::kMissing, expected,
                rows_text(expected, row.number - 1) + are(expected, row.number - 1) +
                    " missing before row " + number);
  }
  if (hash_row(tenant_, result_.head.hash, row) != row.hash) {
    return fail(Flaw::kChanged, row.number,
                "row " + number + " is not the one that was written there");
  }
  if (known_ && known_->number == row.number && known_->hash != row.hash) {
    return fail(Flaw::kOther, row.number,
                "row " + number + " isn't the one whose hash was noted: the chain was made anew");
  }
  result_.rows = row.number;
  result_.head = {row.number, row.hash};
}

Verification ChainCheck::finish(const std::optional<AuditHead>& kept) {
  if (has_fault()) return result_;
  const std::int64_t last = result_.rows;
  const std::int64_t promised =
      std::max(kept ? kept->number : 0, known_ ? known_->number : std::int64_t{0});
  if (promised > last) {
    fail(Flaw::kTruncated, last + 1,
         rows_text(last + 1, promised) + are(last + 1, promised) + " cut off at the end");
  } else if (last > (kept ? kept->number : 0)) {
    const std::int64_t first = kept ? kept->number + 1 : 1;
    fail(Flaw::kAdded, first,
         rows_text(first, last) + are(first, last) + " behind the end that was kept");
  } else if (kept && kept->hash != result_.head.hash) {
    fail(Flaw::kChanged, last, "the end that was kept is another than row " + std::to_string(last));
  }
  return result_;
}

json::object to_json(const AuditRow& row) {
  json::object line;
  line["number"] = row.number;
  for (const Field& field : kFields) line[field.name] = row.*field.text;
  line["hash"] = row.hash;
  return line;
}

AuditRow audit_row_from(const json::value& line, std::string_view place) {
  AuditRow row;
  const json::value& number = member(line, "number", place);
  if (!number.is_int64()) {
    throw Error(ErrorCode::kInvalidInput, "a row's number is an integer",
                {.place = std::string(place)});
  }
  row.number = number.as_int64();
  for (const Field& field : kFields) row.*field.text = text_member(line, field.name, place);
  row.hash = text_member(line, "hash", place);
  return row;
}

}  // namespace doppel::access
