// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/AotRecipe.h"

#include "runtime/schema/PlanSeal.h"
#include "runtime/synapse/CacheFiles.h"
#include "runtime/synapse/Device.h"
#include "runtime/synapse/Recipe.h"

namespace bertc::rt::syn {

StatusOr<plan::GraphRecipeT> compileGraphRecipe(const plan::Graph &graph,
                                                const LibraryPtr &library,
                                                synDeviceType type) {
  BERTC_ASSIGN_OR_RETURN(Recipe recipe, Recipe::compile(library, graph, type));
  BERTC_RETURN_IF_ERROR(launchIds(recipe, graph).status());
  BERTC_ASSIGN_OR_RETURN(ScratchFile file, ScratchFile::make());
  BERTC_RETURN_IF_ERROR(recipe.write(file.path()));
  BERTC_ASSIGN_OR_RETURN(std::string bytes, readWholeFile(file.path()));
  plan::GraphRecipeT result;
  result.library_version = library->version();
  result.device_type = static_cast<int32_t>(type);
  result.bytes.assign(bytes.begin(), bytes.end());
  return result;
}

static Status embedRecipe(plan::GraphT *graph, const LibraryPtr &library,
                          synDeviceType type) {
  graph->recipe.reset();
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(plan::Graph::Pack(builder, graph));
  const auto *packed =
      flatbuffers::GetRoot<plan::Graph>(builder.GetBufferPointer());
  BERTC_ASSIGN_OR_RETURN(plan::GraphRecipeT recipe,
                         compileGraphRecipe(*packed, library, type));
  graph->recipe = std::make_unique<plan::GraphRecipeT>(std::move(recipe));
  return Status();
}

Status embedRecipes(plan::PlanT *plan, const std::string &library) {
  BERTC_ASSIGN_OR_RETURN(synDeviceType type, deviceTypeOf(plan->target));
  BERTC_ASSIGN_OR_RETURN(LibraryPtr opened, openLibrary(library));
  for (auto &entry : plan->entries) {
    for (auto *graphs : {&entry->graphs, &entry->deterministic_graphs}) {
      for (auto &graph : *graphs) {
        BERTC_RETURN_IF_ERROR(embedRecipe(graph.get(), opened, type)
                                  .annotate("entry '" + entry->name + "'"));
      }
    }
  }
  return Status();
}

StatusOr<std::string> withRecipes(const std::string &plan,
                                  const std::string &library) {
  plan::PlanT whole;
  plan::GetPlan(plan.data())->UnPackTo(&whole);
  BERTC_RETURN_IF_ERROR(embedRecipes(&whole, library));
  flatbuffers::FlatBufferBuilder builder;
  plan::FinishPlanBuffer(builder, plan::Plan::Pack(builder, &whole));
  BERTC_RETURN_IF_ERROR(
      plan::sealPlan(builder.GetBufferPointer(), builder.GetSize()));
  return std::string(reinterpret_cast<char *>(builder.GetBufferPointer()),
                     builder.GetSize());
}

} // namespace bertc::rt::syn
