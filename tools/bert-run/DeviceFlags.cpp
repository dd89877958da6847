// SPDX-License-Identifier: Apache-2.0
#include "tools/bert-run/DeviceFlags.h"

namespace bertc {

void addDeviceFlags(CLI::App &command, DeviceOptions &options) {
  auto group = command.add_option_group("Plans for Gaudi",
                                        "without meaning for plans of the CPU");
  group->add_option("--synapse-library", options.synapseLibrary,
                    "SynapseAI's library [default: BERTC_SYNAPSE_LIBRARY, "
                    "else libSynapse.so]");
  group->add_option("--recipe-cache-dir", options.recipeCache,
                    "folder that compiled graphs are kept in; off: none "
                    "[default: BERTC_RECIPE_CACHE_DIR, else "
                    "~/.cache/bertc/recipes]");
}

} // namespace bertc
