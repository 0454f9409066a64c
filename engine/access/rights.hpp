#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What somebody may do, and in what kind of environment [R1]. Pure: no database is asked here.
/// Whoever calls has read a person's roles from live's rows, never from a sandbox's copy of them.
namespace doppel::access {

enum class Right {
  kEnter,               ///< be in it and read what is there
  kEditConfig,          ///< change rows of config
  kEditData,            ///< change rows of data
  kReadUnmasked,        ///< see personal data in clear
  kManageEnvironments,  ///< make, share, refresh, discard sandboxes
  kPromote,             ///< apply a plan to an environment of this kind
  kApprove,             ///< approve somebody else's plan for it
  kRollBack,            ///< take a promotion to it back
  kManageGate,          ///< say what may leave it
  kManageUsers,         ///< invite, suspend, give roles, revoke sessions and tokens
  kManageRoles,         ///< say what roles may do
  kReadAudit,           ///< read and export the audit
  kOperate,             ///< hold, schedule and retry jobs of all tenants; shows nobody's rows [N4]
};
inline constexpr std::size_t kRightCount = 13;

enum class EnvironmentKind {
  kLive,
  kOverlay,  ///< own config over live's rows of data
  kShadow,   ///< own config, and live's data with its own changes over it
  kClone,    ///< nothing of live's is seen through it
};
inline constexpr std::size_t kEnvironmentKindCount = 4;

using Rights = std::bitset<kRightCount>;

/// What a role, or all roles of a person together, give in each kind of environment.
class Grants {
 public:
  Grants& give(Right right, EnvironmentKind kind);
  Grants& give(Right right);  ///< in every kind
  bool has(Right right, EnvironmentKind kind) const;
  Rights of(EnvironmentKind kind) const;
  bool includes(const Grants& other) const;
  Grants& operator|=(const Grants& other);
  /// Only what the other has, too.
  Grants& operator&=(const Grants& other);
  /// Only these rights, in whatever kind.
  Grants& operator&=(const Rights& limit);
  friend bool operator==(const Grants&, const Grants&) = default;

 private:
  std::array<Rights, kEnvironmentKindCount> rights_;
};

/// Whether a sandbox of this kind shows or writes live's own rows by this right, or reaches beyond
/// the sandbox: it is then given only to who has it in live, too.
bool reaches_live(Right right, EnvironmentKind kind);

/// The judge. A role can't give through a sandbox what reaches live and isn't given in live.
bool may(const Grants& grants, Right right, EnvironmentKind kind);
/// The same, and never more than `limit`: of an API token.
bool may(const Grants& grants, const Rights& limit, Right right, EnvironmentKind kind);

/// Throws Error(kForbidden), which names the right and the kind.
void require(const Grants& grants, Right right, EnvironmentKind kind);
void require(const Grants& grants, const Rights& limit, Right right, EnvironmentKind kind);

/// Whether somebody may give others a role, or take it from them: nobody gives what he hasn't
/// himself.
bool may_assign(const Grants& own, const Grants& role);
/// Throw Error(kForbidden), which names the first right that is missing: for that, or of the role.
void require_assign(const Grants& own, const Grants& role);
void require_includes(const Grants& own, const Grants& role);

std::span<const Right> all_rights();
std::span<const EnvironmentKind> all_environment_kinds();

std::string_view to_text(Right right);
std::string_view to_text(EnvironmentKind kind);
std::optional<Right> parse_right(std::string_view text);
/// live, and each kind of sandbox that the control store knows: overlay, shadow, config, partial,
/// full, raw. Nothing for another word.
std::optional<EnvironmentKind> parse_environment_kind(std::string_view text);

/// How roles are stored: `enter` in every kind, `edit_config:overlay` in one. What is no right is
/// a problem and gives nothing.
struct ParsedGrants {
  Grants grants;
  std::vector<std::string> unknown;
};
ParsedGrants parse_grants(std::span<const std::string> texts);
/// The shortest list that parse_grants reads as these.
std::vector<std::string> to_texts(const Grants& grants);

/// `promote roll_back`, as tokens keep them.
std::string to_text(const Rights& rights);
Rights parse_rights(std::string_view text);  ///< unknown words give nothing

}  // namespace doppel::access
