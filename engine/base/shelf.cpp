#include "base/shelf.hpp"

#include <algorithm>
#include <fstream>

#include "base/files.hpp"

namespace doppel {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLock = "lock";
/// What write_file writes beside the file.
constexpr const char* kHalfWritten = ".part";

class FolderShelf final : public Shelf {
 public:
  explicit FolderShelf(fs::path folder) : folder_(std::move(folder)) {}

  void put(const std::string& name, std::string_view content) override {
    make_folders(folder_);
    write_file(folder_ / name, content);
  }

  std::string get(const std::string& name) override { return read_file(folder_ / name); }

  bool has(const std::string& name) override { return fs::exists(folder_ / name); }

  std::vector<Item> list() override {
    std::vector<Item> items;
    if (!fs::exists(folder_)) return items;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
      if (entry.path().extension() == kHalfWritten || !entry.is_regular_file()) continue;
      Item item{.name = entry.path().filename().string(), .head = {}};
      if (item.name == kLock) continue;
      // The content may be a million rows; the head is one line.
      std::ifstream file(entry.path(), std::ios::binary);
      std::getline(file, item.head);
      items.push_back(std::move(item));
    }
    std::ranges::sort(items, {}, &Item::name);
    return items;
  }

  void remove(const std::string& name) override { remove_tree(folder_ / name); }

  fs::path where(const std::string& name) const override { return folder_ / name; }

  std::shared_ptr<void> try_lock() override {
    make_folders(folder_);
    auto lock = FileLock::try_lock(folder_ / kLock);
    return lock ? std::make_shared<FileLock>(std::move(*lock)) : nullptr;
  }

  void clear_leftovers() override {
    std::vector<fs::path> left;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
      if (entry.path().extension() == kHalfWritten) left.push_back(entry.path());
    }
    for (const fs::path& file : left) remove_tree(file);
  }

 private:
  fs::path folder_;
};

}  // namespace

std::unique_ptr<Shelf> folder_shelf(const fs::path& folder) {
  return std::make_unique<FolderShelf>(folder);
}

}  // namespace doppel
