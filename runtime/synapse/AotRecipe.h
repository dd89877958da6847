// SPDX-License-Identifier: Apache-2.0
//
// Recipes made when a plan is compiled: SynapseAI's library is needed for that,
// a device is not.
#pragma once

#include "bertc/status.h"
#include "runtime/schema/plan_generated.h"
#include "runtime/synapse/Library.h"

namespace bertc::rt::syn {

/// Compiles `graph` and returns it as Graph.recipe holds it.
StatusOr<plan::GraphRecipeT> compileGraphRecipe(const plan::Graph &graph,
                                                const LibraryPtr &library,
                                                synDeviceType type);

/// Gives every graph of a plan for Gaudi its recipe. `library` as for
/// openLibrary(). InvalidArgument for a plan of another target.
Status embedRecipes(plan::PlanT *plan, const std::string &library);

/// The same for the sealed bytes of a plan, which must be one; returns those of
/// the plan with recipes, sealed.
StatusOr<std::string> withRecipes(const std::string &plan,
                                  const std::string &library);

} // namespace bertc::rt::syn
