#pragma once

#include <filesystem>

#include "adapters/sqlite/connection.hpp"
#include "database/overlay.hpp"

/// A sandbox in a folder of its own, whatever its carrier:
///   data.db        the sandbox's tables, with the capture inside; its mark names the base file
///   base-XXXX.db   the config tables as they were (base_copy.hpp)
/// Both are made under other names and renamed last, base first: a data.db is always whole.
namespace doppel::sqlite {

class FolderOverlayBuilder : public database::OverlayBuilder {
 public:
  std::vector<database::RowCount> create(const database::OverlaySpec& spec) override;
  void replace(const database::OverlaySpec& spec, const database::OverlaySpec& next,
               const std::string& state) override;
  void recover(const database::OverlaySpec& spec) override;
  void remove(const database::OverlaySpec& spec) override;

 protected:
  /// Makes the new file `data` with the sandbox's own tables as they are now in live.
  virtual void make_data(const database::OverlaySpec& spec, const std::filesystem::path& data) = 0;
};

/// Throws Error(kMarkedSandbox) unless the connection's file says that it is this sandbox.
void require_mark(Connection& connection, const database::OverlaySpec& spec);

}  // namespace doppel::sqlite
