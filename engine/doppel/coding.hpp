#pragma once

#include "doppel/workspace.hpp"

/// Config as code between a folder and an environment [P10].
namespace doppel {

/// REQUIRES: planning has followed live where the sandbox does.
code::Files export_config(Workspace& workspace, const EnvironmentName& name, code::Keys keys);

Applied apply_config(Workspace& workspace, const EnvironmentName& name, const code::Files& files,
                     const ApplyOptions& options);

}  // namespace doppel
