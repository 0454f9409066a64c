#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/store.hpp"

/// Who is let into a sandbox: its owner, and whom he shares it with. What they may do in it is
/// still judged by their roles in live.
namespace doppel::access {

/// Each lets do what those before it do.
enum class MemberRole {
  kReading,  ///< be in it and look
  kEditing,  ///< change what is in it
  kOwner,    ///< share it and throw it away; one at most
};

std::string_view to_text(MemberRole role);
std::optional<MemberRole> parse_member_role(std::string_view text);

struct Member {
  std::string user;  ///< id
  MemberRole role = MemberRole::kReading;
  std::int64_t added_at = 0;
  std::string added_by;
};

/// The sandbox of a membership.
struct SharedPlace {
  std::string id;
  std::string name;  ///< for the audit
};

inline constexpr std::size_t kMostMembers = 200;

/// The owner first, then as they were added.
std::vector<Member> list_members(const Store& store, const std::string& environment);
std::optional<MemberRole> find_member(const Store& store, const std::string& environment,
                                      const std::string& user);
/// The user's id; nothing where the sandbox was made by somebody who isn't known here.
std::optional<std::string> find_owner(const Store& store, const std::string& environment);

/// Adds him, or gives him another role. Throws Error(kConstraint) for one more than there may be.
/// REQUIRES: the role isn't the owner's, and he isn't the owner.
void put_member(const Store& store, const Actor& actor, const SharedPlace& place,
                const std::string& user, MemberRole role);
/// False where he is none. REQUIRES: he isn't the owner.
bool remove_member(const Store& store, const Actor& actor, const SharedPlace& place,
                   const std::string& user);
/// From now on it is his; who had it is no member any more.
void set_owner(const Store& store, const Actor& actor, const SharedPlace& place,
               const std::string& user);

}  // namespace doppel::access
