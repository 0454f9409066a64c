#include "access/rights.hpp"

#include <algorithm>

#include "access/roles.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace doppel::access {
namespace {

constexpr std::array<Right, kRightCount> kRights{
    Right::kEnter,        Right::kEditConfig,         Right::kEditData,
    Right::kReadUnmasked, Right::kManageEnvironments, Right::kPromote,
    Right::kApprove,      Right::kRollBack,           Right::kManageGate,
    Right::kManageUsers,  Right::kManageRoles,        Right::kReadAudit,
    Right::kOperate};

constexpr std::array<std::string_view, kRightCount> kRightNames{
    "enter",        "edit_config", "edit_data", "read_unmasked", "manage_environments",
    "promote",      "approve",     "roll_back", "manage_gate",   "manage_users",
    "manage_roles", "read_audit",  "operate"};

constexpr std::array<EnvironmentKind, kEnvironmentKindCount> kKinds{
    EnvironmentKind::kLive, EnvironmentKind::kOverlay, EnvironmentKind::kShadow,
    EnvironmentKind::kClone};

constexpr std::array<std::string_view, kEnvironmentKindCount> kKindNames{"live", "overlay",
                                                                         "shadow", "clone"};

std::size_t index(Right right) { return static_cast<std::size_t>(right); }
std::size_t index(EnvironmentKind kind) { return static_cast<std::size_t>(kind); }

Rights everything() { return Rights().set(); }

/// Whom to ask: the roles by the names that an application starts with.
std::string who_has(Right right, EnvironmentKind kind) {
  std::vector<std::string> names;
  for (const PresetRole& role : preset_roles()) {
    if (may(role.grants, right, kind)) names.emplace_back(role.name);
  }
  return names.empty() ? "no role has it" : "roles that have it: " + join(names, ", ");
}

}  // namespace

Grants& Grants::give(Right right, EnvironmentKind kind) {
  rights_[index(kind)].set(index(right));
  return *this;
}

Grants& Grants::give(Right right) {
  for (const EnvironmentKind kind : kKinds) give(right, kind);
  return *this;
}

bool Grants::has(Right right, EnvironmentKind kind) const {
  return rights_[index(kind)].test(index(right));
}

Rights Grants::of(EnvironmentKind kind) const { return rights_[index(kind)]; }

bool Grants::includes(const Grants& other) const {
  return std::ranges::all_of(
      kKinds, [&](EnvironmentKind kind) { return (other.of(kind) & ~of(kind)).none(); });
}

Grants& Grants::operator|=(const Grants& other) {
  for (const EnvironmentKind kind : kKinds) rights_[index(kind)] |= other.of(kind);
  return *this;
}

Grants& Grants::operator&=(const Grants& other) {
  for (const EnvironmentKind kind : kKinds) rights_[index(kind)] &= other.of(kind);
  return *this;
}

Grants& Grants::operator&=(const Rights& limit) {
  for (const EnvironmentKind kind : kKinds) rights_[index(kind)] &= limit;
  return *this;
}

bool reaches_live(Right right, EnvironmentKind kind) {
  switch (right) {
    case Right::kEnter:  // Live's rows of data are read there.
    case Right::kReadUnmasked:
      return kind == EnvironmentKind::kOverlay || kind == EnvironmentKind::kShadow;
    case Right::kEditData:  // They are written there, too.
      return kind == EnvironmentKind::kOverlay;
    case Right::kManageGate:  // Whatever it lets out is out.
    case Right::kManageUsers:
    case Right::kManageRoles:
    case Right::kReadAudit:
    case Right::kOperate:
      return true;
    case Right::kEditConfig:
    case Right::kManageEnvironments:
    case Right::kPromote:
    case Right::kApprove:
    case Right::kRollBack:
      return false;
  }
  return true;
}

bool may(const Grants& grants, Right right, EnvironmentKind kind) {
  return grants.has(right, kind) &&
         (!reaches_live(right, kind) || grants.has(right, EnvironmentKind::kLive));
}

bool may(const Grants& grants, const Rights& limit, Right right, EnvironmentKind kind) {
  return limit.test(index(right)) && may(grants, right, kind);
}

void require(const Grants& grants, Right right, EnvironmentKind kind) {
  require(grants, everything(), right, kind);
}

void require(const Grants& grants, const Rights& limit, Right right, EnvironmentKind kind) {
  if (may(grants, limit, right, kind)) return;
  const std::string name(to_text(right));
  const std::string where =
      kind == EnvironmentKind::kLive ? "live" : "sandboxes of kind " + std::string(to_text(kind));
  if (may(grants, right, kind)) {
    throw Error(ErrorCode::kForbidden, "this token was made without the right '" + name + "'",
                {.place = name, .remedy = "make another one with it"});
  }
  throw Error(ErrorCode::kForbidden,
              "your roles in live don't give the right '" + name + "' in " + where,
              {.place = name, .remedy = who_has(right, kind)});
}

bool may_assign(const Grants& own, const Grants& role) {
  return may(own, Right::kManageUsers, EnvironmentKind::kLive) && own.includes(role);
}

void require_assign(const Grants& own, const Grants& role) {
  require(own, Right::kManageUsers, EnvironmentKind::kLive);
  require_includes(own, role);
}

void require_includes(const Grants& own, const Grants& role) {
  for (const std::string& text : to_texts(role)) {
    const std::vector<std::string> one{text};
    if (own.includes(parse_grants(one).grants)) continue;
    throw Error(
        ErrorCode::kForbidden,
        "nobody gives or takes what he hasn't: your roles in live don't give '" + text + "'",
        {.place = text.substr(0, text.find(':')), .remedy = "ask somebody who has it"});
  }
}

std::span<const Right> all_rights() { return kRights; }
std::span<const EnvironmentKind> all_environment_kinds() { return kKinds; }

std::string_view to_text(Right right) { return kRightNames[index(right)]; }
std::string_view to_text(EnvironmentKind kind) { return kKindNames[index(kind)]; }

std::optional<Right> parse_right(std::string_view text) {
  const auto found = std::ranges::find(kRightNames, text);
  if (found == kRightNames.end()) return std::nullopt;
  return static_cast<Right>(found - kRightNames.begin());
}

std::optional<EnvironmentKind> parse_environment_kind(std::string_view text) {
  if (text == "live") return EnvironmentKind::kLive;
  if (text == "overlay") return EnvironmentKind::kOverlay;
  if (text == "shadow") return EnvironmentKind::kShadow;
  constexpr std::array<std::string_view, 5> kClones{"clone", "config", "partial", "full", "raw"};
  if (std::ranges::find(kClones, text) != kClones.end()) return EnvironmentKind::kClone;
  return std::nullopt;
}

ParsedGrants parse_grants(std::span<const std::string> texts) {
  ParsedGrants parsed;
  for (const std::string& text : texts) {
    const std::size_t colon = text.find(':');
    const auto right = parse_right(std::string_view(text).substr(0, colon));
    if (right && colon == std::string::npos) {
      parsed.grants.give(*right);
      continue;
    }
    const auto kind = std::ranges::find(
        kKindNames, colon == std::string::npos ? "" : std::string_view(text).substr(colon + 1));
    if (right && kind != kKindNames.end()) {
      parsed.grants.give(*right, static_cast<EnvironmentKind>(kind - kKindNames.begin()));
    } else {
      parsed.unknown.push_back(text);
    }
  }
  return parsed;
}

std::vector<std::string> to_texts(const Grants& grants) {
  std::vector<std::string> texts;
  for (const Right right : kRights) {
    const auto given = [&](EnvironmentKind kind) { return grants.has(right, kind); };
    if (std::ranges::all_of(kKinds, given)) {
      texts.emplace_back(to_text(right));
      continue;
    }
    for (const EnvironmentKind kind : kKinds) {
      if (given(kind))
        texts.push_back(std::string(to_text(right)) + ":" + std::string(to_text(kind)));
    }
  }
  return texts;
}

std::string to_text(const Rights& rights) {
  std::vector<std::string> names;
  for (const Right right : kRights) {
    if (rights.test(index(right))) names.emplace_back(to_text(right));
  }
  return join(names, " ");
}

Rights parse_rights(std::string_view text) {
  Rights rights;
  for (const std::string& word : split(text, ' ')) {
    if (const auto right = parse_right(word)) rights.set(index(*right));
  }
  return rights;
}

}  // namespace doppel::access
