#include "adapters/sqlite/overlay_file.hpp"

#include "adapters/sqlite/clone.hpp"
#include "adapters/sqlite/overlay.hpp"

namespace doppel::sqlite {

namespace fs = std::filesystem;
using database::OverlaySpec;

void FileOverlayBuilder::make_data(const OverlaySpec&, const fs::path& data) {
  clone_file(live_path_, data);
}

std::unique_ptr<database::Overlay> FileOverlayBuilder::open(const OverlaySpec& spec,
                                                            database::Access access) {
  const std::string data = (spec.folder / kDataFile).string();
  const auto connect = [data, access](ConnectionUse use) {
    auto connection = sqlite::open({.path = data, .access = access});
    if (use == ConnectionUse::kSession) {
      connection->install_guard({.environment = GuardRules::Environment::kClone, .access = access});
    }
    return connection;
  };
  auto connection = connect(ConnectionUse::kOverlay);
  require_mark(*connection, spec);
  return make_overlay(std::move(connection), spec, connect);
}

database::ApplicationAccess FileOverlayBuilder::access_for_application(const OverlaySpec& spec) {
  return {"sqlite:" + (spec.folder / kDataFile).string(),
          {"the file is the sandbox's own: the application may write all of it"}};
}

}  // namespace doppel::sqlite
