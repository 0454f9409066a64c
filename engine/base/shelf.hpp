#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace doppel {

/// A place for texts that must survive, by name: snapshots, bundles, passwords. A folder of files,
/// or rows of a control store that several machines share. Threads: one at a time.
class Shelf {
 public:
  struct Item {
    std::string name;
    std::string head;  ///< its first line, without the end: lists are made of it
  };

  virtual ~Shelf() = default;

  /// In the place of what has this name. After a crash it is the old one or the new one.
  virtual void put(const std::string& name, std::string_view content) = 0;
  /// Throws Error(kNotFound).
  virtual std::string get(const std::string& name) = 0;
  virtual bool has(const std::string& name) = 0;
  /// By name.
  virtual std::vector<Item> list() = 0;
  /// Nothing there is fine.
  virtual void remove(const std::string& name) = 0;

  /// Where it stands, for messages.
  virtual std::filesystem::path where(const std::string& name) const = 0;

  /// Held by one process at a time, until it is let go of; null while another has it.
  virtual std::shared_ptr<void> try_lock() = 0;

  /// Removes what a crash left half written. REQUIRES: nobody else puts anything meanwhile.
  virtual void clear_leftovers() = 0;
};

/// Files of a folder, which is made when something is put there. Names are file names.
std::unique_ptr<Shelf> folder_shelf(const std::filesystem::path& folder);

}  // namespace doppel
