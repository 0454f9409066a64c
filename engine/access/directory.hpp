#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/rights.hpp"

namespace doppel::access {

enum class AccountState {
  kInvited,    ///< has no password yet
  kActive,     ///<
  kSuspended,  ///< may do nothing
};

/// A person as live knows him now.
struct Account {
  std::string id;
  std::string login, name, email;
  AccountState state = AccountState::kActive;
  std::string password_hash;  ///< empty: none yet
  Grants grants;              ///< of all roles that he has in live

  bool is_active() const { return state == AccountState::kActive; }
};

enum class Suspended { kNo, kYes };

/// The people of a tenant: the port that an application with users of its own fills (the desk does
/// it from its tables). Everything is read from and written to live, whatever environment a request
/// is in. Logins are found whatever their case.
///
/// Threads: used by one at a time. A call doesn't write the control store: whoever calls may have a
/// transaction of that open.
class Directory {
 public:
  virtual ~Directory() = default;

  virtual std::optional<Account> find_by_login(std::string_view login) = 0;
  virtual std::optional<Account> find_by_id(std::string_view id) = 0;
  /// Of an invited account it makes an active one; a suspended one stays suspended.
  virtual void set_password_hash(std::string_view id, const std::string& hash) = 0;
  /// A suspended account without a password that becomes active is invited again.
  virtual void set_suspended(std::string_view id, Suspended suspended) = 0;
  /// The account with the role super_admin that the first start makes, or the one that is there:
  /// several servers may start at once. Nothing where somebody with that role has a password.
  virtual std::optional<Account> first_super_admin() = 0;
};

}  // namespace doppel::access
