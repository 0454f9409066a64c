#pragma once

#include <map>
#include <string>

#include "access/directory.hpp"
#include "access/roles.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

/// People of a tenant for tests, in memory, with a count of what was asked.
namespace doppel::testing {

class MemoryDirectory final : public access::Directory {
 public:
  /// The id is `id-LOGIN`.
  access::Account& add(const std::string& login, const std::string& role,
                       const std::string& password_hash) {
    access::Account account{.id = "id-" + login,
                            .login = login,
                            .name = login + " Example",
                            .email = login + "@example.org",
                            .state = password_hash.empty() ? access::AccountState::kInvited
                                                           : access::AccountState::kActive,
                            .password_hash = password_hash,
                            .grants = access::find_preset_role(role)->grants};
    return accounts_.insert_or_assign(account.id, account).first->second;
  }
  access::Account& at(const std::string& login) { return accounts_.at("id-" + login); }

  std::optional<access::Account> find_by_login(std::string_view login) override {
    ++questions;
    for (const auto& [id, account] : accounts_) {
      if (account.login == to_lower_ascii(login)) return account;
    }
    return std::nullopt;
  }
  std::optional<access::Account> find_by_id(std::string_view id) override {
    ++questions;
    const auto found = accounts_.find(std::string(id));
    return found == accounts_.end() ? std::nullopt : std::optional(found->second);
  }
  void set_password_hash(std::string_view id, const std::string& hash) override {
    if (fails) throw Error(ErrorCode::kIo, "live is away");
    access::Account& account = accounts_.at(std::string(id));
    account.password_hash = hash;
    if (account.state == access::AccountState::kInvited) {
      account.state = access::AccountState::kActive;
    }
  }
  void set_suspended(std::string_view id, access::Suspended suspended) override {
    access::Account& account = accounts_.at(std::string(id));
    account.state = suspended == access::Suspended::kYes ? access::AccountState::kSuspended
                    : account.password_hash.empty()      ? access::AccountState::kInvited
                                                         : access::AccountState::kActive;
  }
  std::optional<access::Account> first_super_admin() override {
    for (const auto& [id, account] : accounts_) {
      if (account.grants == access::find_preset_role(access::kSuperAdmin)->grants) {
        return account.password_hash.empty() ? std::optional(account) : std::nullopt;
      }
    }
    return add("admin", std::string(access::kSuperAdmin), "");
  }

  int questions = 0;
  bool fails = false;  ///< setting passwords does

 private:
  std::map<std::string, access::Account> accounts_;
};

}  // namespace doppel::testing
