#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "adapters/sqlite/connection.hpp"
#include "database/overlay.hpp"

/// Carrier `file`: a sandbox is a clone of the application's database file, opened by the
/// application as its own. Files in the sandbox's folder:
///   data.db        the clone, with the capture inside; its mark names the base file
///   base-XXXX.db   the config tables as they were (base_copy.hpp)
/// Both are made under other names and renamed last, base first: a data.db is always whole.
namespace doppel::sqlite {

class FileOverlayBuilder final : public database::OverlayBuilder {
 public:
  explicit FileOverlayBuilder(std::string live_path) : live_path_(std::move(live_path)) {}

  std::vector<database::RowCount> create(const database::OverlaySpec& spec) override;
  std::unique_ptr<database::Overlay> open(const database::OverlaySpec& spec,
                                          database::Access access) override;
  database::ApplicationAccess access_for_application(const database::OverlaySpec& spec) override;
  void replace(const database::OverlaySpec& spec, const database::OverlaySpec& next) override;
  void recover(const database::OverlaySpec& spec) override;
  void remove(const database::OverlaySpec& spec) override;

 private:
  std::string live_path_;
};

}  // namespace doppel::sqlite
