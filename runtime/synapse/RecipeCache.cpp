// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/RecipeCache.h"

#include "bertc/runtime.h"
#include "runtime/core/Sha256.h"
#include "runtime/synapse/BuildId.h"
#include "runtime/synapse/CacheFiles.h"

#include <cstdlib>
#include <sstream>

namespace bertc::rt::syn {
namespace {

constexpr uint64_t kDefaultMb = 4096;

std::string environment(const char *name) {
  const char *value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string defaultFolder() {
  std::string base = environment("XDG_CACHE_HOME");
  if (base.empty() && !environment("HOME").empty()) {
    base = environment("HOME") + "/.cache";
  }
  return base.empty() ? "" : base + "/bertc/recipes";
}

StatusOr<uint64_t> cacheMegabytes(const SessionOptions &options) {
  if (options.recipeCacheMb >= 0) {
    return static_cast<uint64_t>(options.recipeCacheMb);
  }
  std::string text = environment("BERTC_RECIPE_CACHE_MB");
  if (text.empty()) {
    return kDefaultMb;
  }
  char *end = nullptr;
  unsigned long long value = std::strtoull(text.c_str(), &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != 0 || value > (1ull << 40)) {
    return invalidArgument("BERTC_RECIPE_CACHE_MB is '" + text +
                           "', expected a number of MiB; 0 turns the cache "
                           "off");
  }
  return static_cast<uint64_t>(value);
}

// The kernels decide what a graph is compiled to, too.
std::string kernelStamp() {
  std::istringstream paths(environment("GC_KERNEL_PATH"));
  std::string stamp, path;
  while (std::getline(paths, path, ':')) {
    stamp += fileStamp(path) + "\n";
  }
  return stamp;
}

StatusOr<RecipeCache::Result> finish(StatusOr<Recipe> recipe,
                                     const plan::Graph &graph,
                                     RecipeCache::Source source) {
  BERTC_ASSIGN_OR_RETURN(Recipe made, std::move(recipe));
  BERTC_ASSIGN_OR_RETURN(std::vector<uint64_t> ids, launchIds(made, graph));
  return RecipeCache::Result{std::move(made), std::move(ids), source};
}

// The recipe in the plan, where it is of this library and device.
StatusOr<RecipeCache::Result> embedded(const LibraryPtr &library,
                                       const plan::Graph &graph,
                                       synDeviceType type) {
  const plan::GraphRecipe *stored = graph.recipe();
  if (stored == nullptr ||
      stored->library_version()->str() != library->version() ||
      stored->device_type() != static_cast<int32_t>(type)) {
    return notFound("the plan has no recipe for this library and device");
  }
  BERTC_ASSIGN_OR_RETURN(ScratchFile file, ScratchFile::make());
  BERTC_RETURN_IF_ERROR(writeWholeFile(file.path(), stored->bytes()->data(),
                                       stored->bytes()->size()));
  return finish(Recipe::read(library, file.path()), graph,
                RecipeCache::Source::Embedded);
}

StatusOr<RecipeCache::Result> compiled(const RecipeCacheSettings &settings,
                                       const LibraryPtr &library,
                                       const plan::Graph &graph,
                                       synDeviceType type) {
  if (settings.say) {
    settings.say("compiling graph '" + graph.name()->str() + "', " +
                 std::to_string(graph.nodes()->size()) + " nodes");
  }
  return finish(Recipe::compile(library, graph, type), graph,
                RecipeCache::Source::Compiled);
}

} // namespace

StatusOr<RecipeCacheSettings>
RecipeCacheSettings::resolve(const SessionOptions &options) {
  RecipeCacheSettings settings;
  settings.say = options.say;
  settings.folder = options.recipeCache;
  if (settings.folder.empty()) {
    settings.folder = environment("BERTC_RECIPE_CACHE_DIR");
  }
  if (settings.folder.empty()) {
    settings.folder = defaultFolder();
  }
  BERTC_ASSIGN_OR_RETURN(uint64_t megabytes, cacheMegabytes(options));
  settings.maxBytes = megabytes << 20;
  if (settings.folder == "off" || megabytes == 0) {
    settings.folder.clear();
  }
  return settings;
}

std::string recipeKey(const plan::Graph &graph, const Library &library,
                      synDeviceType type) {
  plan::GraphT copy;
  graph.UnPackTo(&copy);
  copy.recipe.reset();
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(plan::Graph::Pack(builder, &copy));
  std::string made = "bertc recipe 1\n" + library.version() + "\n" +
                     kernelStamp() + std::to_string(type) + "\n";
  Sha256 hash;
  hash.update(made.data(), made.size());
  hash.update(builder.GetBufferPointer(), builder.GetSize());
  return toHex(hash.finish());
}

StatusOr<RecipeCache::Result> RecipeCache::get(const LibraryPtr &library,
                                               const plan::Graph &graph,
                                               synDeviceType type) {
  StatusOr<Result> stored = embedded(library, graph, type);
  if (stored.ok()) {
    return stored;
  }
  const std::string &folder = settings_.folder;
  Status made = folder.empty() ? Status() : makeFolders(folder);
  if (folder.empty() || !made.ok()) {
    sayNotKept(made);
    return compiled(settings_, library, graph, type);
  }
  std::string key = recipeKey(graph, *library, type);
  FileLock lock(folder + "/lock-" + key[0]);
  StatusOr<Result> found = notFound("");
  bool cached = findCached(folder, key, [&](const std::string &path) {
    found = finish(Recipe::read(library, path), graph, Source::Cached);
    return found.ok();
  });
  if (cached) {
    return found;
  }
  StatusOr<Result> result = compiled(settings_, library, graph, type);
  if (result.ok()) {
    sayNotKept(store(result->recipe, key));
  }
  return result;
}

Status RecipeCache::store(const Recipe &recipe, const std::string &key) const {
  BERTC_ASSIGN_OR_RETURN(ScratchFile scratch,
                         ScratchFile::make(settings_.folder));
  BERTC_RETURN_IF_ERROR(recipe.write(scratch.path()));
  return keep(settings_.folder, key, scratch.path(), settings_.maxBytes);
}

// Only speed is lost, but of that minutes at every start.
void RecipeCache::sayNotKept(const Status &status) {
  if (!status.ok() && !saidNotKept_ && settings_.say) {
    saidNotKept_ = true;
    settings_.say("note: compiled graphs are not kept (" + status.message() +
                  "); name a folder by --recipe-cache-dir or "
                  "BERTC_RECIPE_CACHE_DIR, or off");
  }
}

} // namespace bertc::rt::syn
