#pragma once

#include <optional>
#include <string>

#include "access/members.hpp"
#include "api/caller.hpp"

/// Whose a sandbox is, and who else is let into it.
namespace doppel::api {

/// What somebody is in a sandbox; nothing: he isn't let in. One that was made past the server is
/// his whose login its maker had.
std::optional<access::MemberRole> role_in(Workplace& place, const access::Account& account,
                                          const environment::Environment& sandbox);

/// The account whose it is; nothing where he is gone.
std::optional<access::Account> owner_of(Workplace& place, const environment::Environment& sandbox);

/// Whether somebody is told of sandboxes that he isn't let into: that they are there, and whose.
bool sees_others(const Call& call);

access::EnvironmentKind kind_of(const environment::Environment& sandbox);

/// By name. Throws Error(kNotFound).
environment::Environment require_sandbox(Call& call, const std::string& name);

/// Throws Error(kForbidden); Error(kNotFound) for who isn't told that there is such a sandbox.
void require_member(Call& call, const environment::Environment& sandbox, access::MemberRole least);

/// It is the caller's from now on: he has just made it.
void own(Call& call, const environment::Environment& sandbox);

/// Whether a sandbox is gone; its tokens are then good for nothing.
bool revoke_if_ended(Call& call, const environment::Environment& sandbox);

/// A session that was in a sandbox which is gone has to be told.
http::Response out_of_it(const Site& site, const Call& call, const environment::Environment& gone,
                         http::Response response);

access::SharedPlace shared_place(const environment::Environment& sandbox);

}  // namespace doppel::api
