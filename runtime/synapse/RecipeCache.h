// SPDX-License-Identifier: Apache-2.0
//
// Compiled graphs on disk. A file is KEY-HASH.recipe: KEY says what it is made
// of, HASH is the SHA-256 of its bytes, which is checked before SynapseAI sees
// them: it maps a recipe as it stands, so a damaged one must not reach it.
// Processes that want the same graph at once wait for the first to make it.
// Nothing that goes wrong here stops a session; it then compiles.
#pragma once

#include "runtime/schema/plan_generated.h"
#include "runtime/synapse/Recipe.h"

#include <cstdint>
#include <functional>
#include <string>

namespace bertc::rt {
struct SessionOptions;
}

namespace bertc::rt::syn {

/// Where the cache is and how large it may be.
struct RecipeCacheSettings {
  /// Empty: there is none.
  std::string folder;
  uint64_t maxBytes = 0;
  /// See SessionOptions; may be empty.
  std::function<void(const std::string &)> say;

  /// Options, then environment, then defaults (docs/gaudi.md).
  /// InvalidArgument when BERTC_RECIPE_CACHE_MB is no number.
  static StatusOr<RecipeCacheSettings> resolve(const SessionOptions &options);
};

/// What a recipe is made of, as 64 hexadecimal digits: the graph (without a
/// recipe in it), the library's build, the kernel libraries of GC_KERNEL_PATH,
/// the device type.
std::string recipeKey(const plan::Graph &graph, const Library &library,
                      synDeviceType type);

class RecipeCache {
public:
  explicit RecipeCache(RecipeCacheSettings settings)
      : settings_(std::move(settings)) {}

  enum class Source { Embedded, Cached, Compiled };
  struct Result {
    Recipe recipe;
    /// Of recipe, see launchIds().
    std::vector<uint64_t> ids;
    Source source;
  };

  /// The recipe inside the plan when library and device type are its own, else
  /// the cached one, else a new one, which is then kept.
  StatusOr<Result> get(const LibraryPtr &library, const plan::Graph &graph,
                       synDeviceType type);

  const RecipeCacheSettings &settings() const { return settings_; }

private:
  Status store(const Recipe &recipe, const std::string &key) const;
  /// Once: that what is compiled will be compiled again, and why.
  void sayNotKept(const Status &status);

  RecipeCacheSettings settings_;
  bool saidNotKept_ = false;
};

} // namespace bertc::rt::syn
