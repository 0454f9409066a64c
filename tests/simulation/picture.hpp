#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "stand.hpp"

/// What a stand looks like, to hold it against what it looked like before or should.
namespace doppel::testing {

/// What matters of the stand: live's rows, its manifest, each sandbox's rows and changes, history.
struct Picture {
  std::string live;
  std::string manifest;
  std::map<std::string, std::string> sandboxes;
  std::size_t promotions = 0;
  friend bool operator==(const Picture&, const Picture&) = default;
};

/// Asks for everything, which recovers what was interrupted, and expects no damage anywhere.
Picture picture(const Stand& stand);

/// All that a suspended sandbox has: its bundle in the home, but for when it was written.
std::string suspended_text(const std::filesystem::path& home,
                           const environment::Environment& environment);

/// The files under the home with ids made alike: what a command leaves behind.
std::multiset<std::string> files(const Stand& stand);

std::string text(const std::multiset<std::string>& names);
std::string text(const Picture& picture);

}  // namespace doppel::testing
