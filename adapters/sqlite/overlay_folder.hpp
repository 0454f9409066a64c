#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "adapters/sqlite/connection.hpp"
#include "database/overlay.hpp"

/// A sandbox in a folder of its own, whatever its carrier:
///   data.db        the sandbox's tables, with the capture inside; its mark names the base file
///   base-XXXX.db   the config tables as they were (base_copy.hpp)
/// Both are made under other names and renamed last, base first: a data.db is always whole.
namespace doppel::sqlite {

class FolderOverlayBuilder : public database::OverlayBuilder {
 public:
  explicit FolderOverlayBuilder(std::string live_path) : live_path_(std::move(live_path)) {}

  std::string shadow_carrier() const override { return "file"; }

  std::string default_carrier() const override { return "file"; }
  std::vector<database::RowCount> create(const database::OverlaySpec& spec) override;
  void replace(const database::OverlaySpec& spec, const database::OverlaySpec& next,
               const std::string& state) override;
  void recover(const database::OverlaySpec& spec) override;
  void remove(const database::OverlaySpec& spec) override;

 protected:
  /// Makes the new file `data` with the sandbox's own tables as they are now in live.
  virtual void make_data(const database::OverlaySpec& spec, const std::filesystem::path& data) = 0;

  const std::string& live_path() const { return live_path_; }

 private:
  std::string live_path_;
};

/// Carrier `file`: a sandbox is a clone of the application's database file, opened by the
/// application as its own.
std::unique_ptr<database::OverlayBuilder> make_file_builder(std::string live_path);

/// Carrier `split`: the config tables in a file of the sandbox's own, opened as `main`, so that
/// unqualified names mean them; live attached as `live` for the data, for reading only unless the
/// manifest shares tables for writing. What live keeps in views, and in triggers of config tables
/// that look at data, becomes temporary objects of each connection: they alone see both files.
std::unique_ptr<database::OverlayBuilder> make_split_builder(std::string live_path);

/// Throws Error(kMarkedSandbox) unless the connection's file says that it is this sandbox.
void require_mark(Connection& connection, const database::OverlaySpec& spec);

}  // namespace doppel::sqlite
