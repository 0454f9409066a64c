#pragma once

#include <filesystem>
#include <string>

#include "adapters/sqlite/overlay_folder.hpp"

/// Carrier `split`: the config tables in a file of the sandbox's own, opened as `main`, so that
/// unqualified names mean them; live attached as `live` for the data, for reading only unless the
/// manifest shares tables for writing. What live keeps in views, and in triggers of config tables
/// that look at data, becomes temporary objects of each connection: they alone see both files.
namespace doppel::sqlite {

class SplitOverlayBuilder final : public FolderOverlayBuilder {
 public:
  explicit SplitOverlayBuilder(std::string live_path) : live_path_(std::move(live_path)) {}

  std::unique_ptr<database::Overlay> open(const database::OverlaySpec& spec,
                                          database::Access access) override;
  database::ApplicationAccess access_for_application(const database::OverlaySpec& spec) override;

 private:
  void make_data(const database::OverlaySpec& spec, const std::filesystem::path& data) override;

  std::string live_path_;
};

}  // namespace doppel::sqlite
