#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"

/// The audit as values: rows, and the chain that their hashes make [R2]. Pure.
namespace doppel::access {

enum class Outcome {
  kBegun,    ///< written before something that another database does; its end follows
  kDone,     ///<
  kRefused,  ///< not allowed, or not possible as things stood; the reason says which
  kFailed,   ///< begun, and ended by a failure; nothing has changed
};

std::string_view to_text(Outcome outcome);

/// Who did what where. Texts are UTF-8; what isn't has been escaped.
struct AuditEntry {
  std::string who = {};
  std::string environment = {};  ///< live, or a sandbox's name
  std::string verb = {};         ///< sign_in, promote, change
  std::string resource = {};     ///< session, environment, cases
  std::string key = {};          ///< of the resource
  Outcome outcome = Outcome::kDone;
  std::string reason = {};   ///< of a refusal; else what may be said besides
  std::string request = {};  ///< id of the request
  std::string address = {};
};

/// As it is stored: the outcome is the word that stands there, whatever it is.
struct AuditRow {
  std::int64_t number = 0;  ///< 1 and on, without gaps, for each tenant
  std::string at;           ///< by the store's time
  std::string who, environment, verb, resource, key, outcome, reason, request, address;
  std::string hash;
  friend bool operator==(const AuditRow&, const AuditRow&) = default;
};

/// Where a chain ends: kept beside it, and by whoever wants to be sure, somewhere else.
struct AuditHead {
  std::int64_t number = 0;  ///< 0: there is no row yet
  std::string hash;
  friend bool operator==(const AuditHead&, const AuditHead&) = default;
};

/// `1204:HASH`. Nothing for what isn't one.
std::optional<AuditHead> parse_head(std::string_view text);
std::string to_text(const AuditHead& head);

/// SHA-256 of the tenant, the hash of the row before, and each field with its length before it.
std::string hash_row(std::string_view tenant, std::string_view previous, const AuditRow& row);

enum class Flaw {
  kChanged,    ///< this isn't the row that was written here: changed, or moved from elsewhere
  kMissing,    ///< taken out
  kTruncated,  ///< the newest were taken off
  kAdded,      ///< put in or behind without the chain
  kOther,      ///< the chain holds, and isn't the one of which the given head is
};

std::string_view to_text(Flaw flaw);

struct ChainFault {
  Flaw flaw = Flaw::kChanged;
  std::int64_t number = 0;  ///< of the first row that isn't as it was
  std::string message;      ///< for people
};

struct Verification {
  std::int64_t rows = 0;  ///< that hold
  AuditHead head;         ///< the last of them
  std::optional<ChainFault> fault;
};

/// Takes rows in the order of their numbers and says in the end what is wrong first.
class ChainCheck {
 public:
  /// `known`: a head that was noted earlier, which the chain must go through.
  explicit ChainCheck(std::string tenant, std::optional<AuditHead> known = {});
  void add(const AuditRow& row);
  /// Whether nothing more needs to be added.
  bool has_fault() const { return result_.fault.has_value(); }
  /// `kept`: the head that stands beside the rows; absent where none does.
  Verification finish(const std::optional<AuditHead>& kept);

 private:
  void fail(Flaw flaw, std::int64_t number, std::string message);

  std::string tenant_;
  std::optional<AuditHead> known_;
  Verification result_;
};

/// A line of an export, without its end.
json::object to_json(const AuditRow& row);
/// Throws Error(kInvalidInput) with `place`.
AuditRow audit_row_from(const json::value& line, std::string_view place);

}  // namespace doppel::access
