// SPDX-License-Identifier: Apache-2.0
//
// The nodes of a launch, one after another on the stream's thread. Only the
// workspace and the sections given are touched.
#include "tools/synapse-stand-in/Launch.h"
#include "tools/synapse-stand-in/ops/Ops.h"

#include <cstring>

namespace bertc::standin {

using namespace rt::syn;

namespace {

/// The host's view of every tensor of a launch; holds the memory meanwhile.
class Views {
public:
  Outcome open(const Launch &launch) {
    const Recipe &recipe = *launch.recipe;
    for (const RecipeTensor &tensor : recipe.tensors) {
      std::shared_ptr<void> view = viewOf(launch, tensor);
      if (!view) {
        return refuse(synFail, "memory of tensor " + tensor.name +
                                   " was given back before the launch ran");
      }
      views_.push_back(std::move(view));
    }
    return fine();
  }
  void *at(uint32_t index) const {
    return index == absent ? nullptr : views_[index].get();
  }

private:
  static std::shared_ptr<void> viewOf(const Launch &launch,
                                      const RecipeTensor &tensor) {
    if (tensor.place == Place::Constant) {
      return {launch.recipe,
              const_cast<uint8_t *>(launch.recipe->constants.data()) +
                  tensor.offset};
    }
    uint64_t base = tensor.place == Place::Workspace
                        ? launch.workspace
                        : launch.sections[tensor.section];
    return launch.memory->at(base + tensor.offset, tensor.bytes);
  }

  std::vector<std::shared_ptr<void>> views_;
};

bool overlap(const void *a, uint64_t aBytes, const void *b, uint64_t bBytes) {
  const char *x = static_cast<const char *>(a),
             *y = static_cast<const char *>(b);
  return x < y + bBytes && y < x + aBytes;
}

/// A result that lies where an operand lies is made aside and moved there when
/// the node is done, so that kernels need not care.
class Node {
public:
  Node(const Recipe &recipe, const RecipeNode &node, const Views &views)
      : recipe_(recipe), node_(node), call_(opCall(recipe, node)) {
    for (size_t i = 0; i < node.inputs.size(); i++) {
      call_.in[i].data = views.at(node.inputs[i]);
    }
    aside_.resize(node.outputs.size());
    for (size_t i = 0; i < node.outputs.size(); i++) {
      call_.out[i].data = views.at(node.outputs[i]);
      if (overlapsOperand(i)) {
        aside_[i].resize(bytes(node.outputs[i]));
        std::swap(call_.out[i].data, target_.emplace_back(aside_[i].data()));
      } else {
        target_.push_back(nullptr);
      }
    }
  }

  void run() {
    runOp(call_);
    for (size_t i = 0; i < aside_.size(); i++) {
      if (target_[i]) {
        std::memcpy(target_[i], aside_[i].data(), aside_[i].size());
      }
    }
  }

private:
  uint64_t bytes(uint32_t index) const { return recipe_.tensors[index].bytes; }

  bool overlapsOperand(size_t output) const {
    if (!call_.out[output].data) {
      return false;
    }
    for (size_t i = 0; i < call_.in.size(); i++) {
      if (call_.in[i].data &&
          overlap(call_.out[output].data, bytes(node_.outputs[output]),
                  call_.in[i].data, bytes(node_.inputs[i]))) {
        return true;
      }
    }
    return false;
  }

  const Recipe &recipe_;
  const RecipeNode &node_;
  OpCall call_;
  std::vector<std::vector<char>> aside_;
  /// Where the aside bytes go; null for a result made in place.
  std::vector<void *> target_;
};

Engine engineOf(const std::string &guid) {
  if (guid.find("gemm") != std::string::npos || guid.rfind("linear_", 0) == 0) {
    return Engine::Mme;
  }
  for (const char *mover : {"transpose", "reshape", "broadcast", "concat",
                            "split", "slice", "identity", "memcpy", "memset"}) {
    if (guid.rfind(mover, 0) == 0) {
      return Engine::Dma;
    }
  }
  return Engine::Tpc;
}

void closeMarks(const Launch &launch, const RecipeNode &node) {
  for (const auto &[tensor, mark] : launch.marks) {
    for (uint32_t output : node.outputs) {
      if (output == tensor) {
        mark->close(fine());
      }
    }
  }
}

} // namespace

Outcome runLaunch(const Launch &launch) {
  Views views;
  if (Outcome outcome = views.open(launch); !outcome.ok()) {
    return outcome;
  }
  const Recipe &recipe = *launch.recipe;
  if (launch.poison && recipe.workspaceBytes) {
    if (auto view =
            launch.memory->at(launch.workspace, recipe.workspaceBytes)) {
      std::memset(view.get(), 0xff, recipe.workspaceBytes);
    }
  }
  Profiler &profiler = Library::get().profiler;
  for (const RecipeNode &node : recipe.nodes) {
    uint64_t start = nowNs();
    Node(recipe, node, views).run();
    closeMarks(launch, node);
    profiler.deviceWork(node.name, engineOf(node.guid), start, nowNs());
  }
  return fine();
}

} // namespace bertc::standin
