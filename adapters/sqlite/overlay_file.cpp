#include "adapters/sqlite/clone.hpp"
#include "adapters/sqlite/overlay.hpp"
#include "adapters/sqlite/overlay_folder.hpp"

namespace doppel::sqlite {
namespace {

namespace fs = std::filesystem;
using database::OverlaySpec;

class FileOverlayBuilder final : public FolderOverlayBuilder {
 public:
  using FolderOverlayBuilder::FolderOverlayBuilder;

  std::unique_ptr<database::Overlay> open(const OverlaySpec& spec,
                                          database::Access access) override {
    const std::string data = (spec.folder / kDataFile).string();
    const auto connect = [data, access](ConnectionUse use) {
      auto connection = sqlite::open({.path = data, .access = access});
      if (use == ConnectionUse::kSession) {
        connection->install_guard(
            {.environment = GuardRules::Environment::kClone, .access = access});
      }
      return connection;
    };
    auto connection = connect(ConnectionUse::kOverlay);
    require_mark(*connection, spec);
    return make_overlay(std::move(connection), spec, connect);
  }

  database::ApplicationAccess access_for_application(const OverlaySpec& spec) override {
    return {"sqlite:" + (spec.folder / kDataFile).string(),
            {"the file is the sandbox's own: the application may write all of it"}};
  }

 private:
  void make_data(const OverlaySpec&, const fs::path& data) override {
    clone_file(live_path(), data);
  }
};

}  // namespace

std::unique_ptr<database::OverlayBuilder> make_file_builder(std::string live_path) {
  return std::make_unique<FileOverlayBuilder>(std::move(live_path));
}

}  // namespace doppel::sqlite
