#pragma once

#include "doppel/workspace.hpp"

namespace doppel {

/// Makes a sandbox again from the bundle of one that ended: one of live as it is now, with the
/// bundle's work laid over it as a refresh does it (see Doppel::restore_sandbox).
Restored restore_sandbox(Workspace& workspace, const EnvironmentName& name,
                         const RestoreOptions& options);

/// Makes a suspended sandbox again, under its own name, in the same way.
Restored resume_sandbox(Workspace& workspace, const EnvironmentName& name,
                        const ResumeOptions& options);

}  // namespace doppel
