#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/error.hpp"
#include "plan/snapshot.hpp"

namespace {

/// One text under one name.
class OneText : public doppel::Shelf {
 public:
  explicit OneText(std::string text) : text_(std::move(text)) {}

  void put(const std::string& /*name*/, std::string_view content) override { text_ = content; }
  std::string get(const std::string& /*name*/) override { return text_; }
  bool has(const std::string& /*name*/) override { return true; }
  std::vector<Item> list() override {
    return {{"000003-01993f2a.snapshot.json", text_.substr(0, text_.find('\n'))}};
  }
  void remove(const std::string& /*name*/) override { text_.clear(); }
  std::filesystem::path where(const std::string& name) const override { return name; }
  std::shared_ptr<void> try_lock() override { return nullptr; }
  void clear_leftovers() override {}

 private:
  std::string text_;
};

template <typename Read>
void read_or_refuse(const Read& read) {
  try {
    read();
  } catch (const doppel::Error& error) {
    if (error.code() != doppel::ErrorCode::kInvalidInput || error.place().empty()) std::abort();
  }
}

}  // namespace

/// A whole snapshot, and its lines as they would be read behind a head with the right hash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read_or_refuse([&] {
    OneText shelf(text);
    for (const auto& info : doppel::plan::list_snapshots(shelf)) {
      doppel::plan::read_snapshot(shelf, info);
    }
  });
  read_or_refuse([&] {
    const std::size_t end = text.find('\n');
    const std::string lines = end == std::string::npos ? text : text.substr(end + 1);
    for (const auto& [name, table] : doppel::plan::read_config_lines(lines, "fuzz").tables) {
      if (table.shape->name != name) std::abort();
      for (const auto& [key, row] : table.rows) {
        if (row.size() != table.shape->columns.size()) std::abort();
        if (table.shape->key_of(row) != key) std::abort();
      }
    }
  });
  return 0;
}
