// SPDX-License-Identifier: Apache-2.0
//
// A compiled graph: what SynapseAI launches. Made from a plan's graph, or from
// the bytes that the library wrote of one earlier.
#pragma once

#include "bertc/status.h"
#include "runtime/schema/plan_generated.h"
#include "runtime/synapse/Library.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bertc::rt::syn {

/// Owns a recipe handle.
class Recipe {
public:
  Recipe() = default;
  Recipe(LibraryPtr library, synRecipeHandle handle)
      : library_(std::move(library)), handle_(handle) {}
  Recipe(Recipe &&other) noexcept
      : library_(std::move(other.library_)),
        handle_(std::exchange(other.handle_, nullptr)) {}
  Recipe &operator=(Recipe &&other) noexcept {
    std::swap(library_, other.library_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Recipe();

  synRecipeHandle get() const { return handle_; }
  const LibraryPtr &library() const { return library_; }

  StatusOr<uint64_t> workspaceBytes() const;
  /// Writes it to `path`, which must not exist or may be replaced.
  Status write(const std::string &path) const;

  /// Builds and compiles `graph` (GraphCompiler.cpp). No device is needed.
  static StatusOr<Recipe> compile(const LibraryPtr &library,
                                  const plan::Graph &graph, synDeviceType type);
  static StatusOr<Recipe> read(const LibraryPtr &library,
                               const std::string &path);

private:
  LibraryPtr library_;
  synRecipeHandle handle_ = nullptr;
};

/// The launch ids of the tensors of `graph` outside the workspace, in their
/// order. Failure when the recipe is of another graph, or the library's structs
/// are not ours: names, types and sizes that the recipe tells are compared with
/// the graph's.
StatusOr<std::vector<uint64_t>> launchIds(const Recipe &recipe,
                                          const plan::Graph &graph);

/// Element type of a graph's tensor.
synDataType dataTypeOf(plan::GraphDType dtype);
/// Bytes of a graph's tensor.
uint64_t tensorBytes(const plan::GraphTensor &tensor);

} // namespace bertc::rt::syn
