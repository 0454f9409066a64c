#pragma once

#include <filesystem>
#include <string>

#include "adapters/sqlite/overlay_folder.hpp"

/// Carrier `file`: a sandbox is a clone of the application's database file, opened by the
/// application as its own.
namespace doppel::sqlite {

class FileOverlayBuilder final : public FolderOverlayBuilder {
 public:
  explicit FileOverlayBuilder(std::string live_path) : live_path_(std::move(live_path)) {}

  std::unique_ptr<database::Overlay> open(const database::OverlaySpec& spec,
                                          database::Access access) override;
  database::ApplicationAccess access_for_application(const database::OverlaySpec& spec) override;

 private:
  void make_data(const database::OverlaySpec& spec, const std::filesystem::path& data) override;

  std::string live_path_;
};

}  // namespace doppel::sqlite
