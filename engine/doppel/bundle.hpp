#pragma once

#include <string>
#include <vector>

#include "base/shelf.hpp"
#include "doppel.hpp"
#include "overlay/overlay.hpp"

/// What a sandbox had changed when it ended, as a file: enough to make it again [O7]. The format is
/// documented in docs/formats/bundle.md.
namespace doppel {

struct Bundle {
  environment::Environment environment;  ///< as it was when it ended
  std::string ended_at, ended_by;
  overlay::Changes changes;
  std::vector<merge::Answer> answers;
  std::vector<overlay::Checkpoint> checkpoints;
};

/// Two JSON documents, a line each: the head that lists are made of, and the rest.
std::string write_bundle(const Bundle& bundle);
/// Reads format 1, too, which had neither answers nor who changed what.
/// Throws Error(kInvalidInput) placed in `source`.
Bundle read_bundle(std::string_view text, std::string_view source);

/// What a sandbox's bundle is called on a shelf.
std::string bundle_name(const environment::Environment& environment);

/// A tenant's bundles, that of the sandbox that ended last first. What can't be read is left out.
std::vector<BundleInfo> list_bundles(Shelf& shelf);

/// What BundleInfo tells of.
Bundle read_bundle(Shelf& shelf, const BundleInfo& info);

/// Removes bundles of sandboxes that ended before (an instant's text).
void prune_bundles(Shelf& shelf, const std::string& ended_since);

}  // namespace doppel
