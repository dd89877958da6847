// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/GraphVerifier.h"

#include "runtime/core/EntryVerifier.h"
#include "runtime/core/PlanFile.h"
#include "runtime/core/PlanWindow.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace bertc::rt {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{1} << 46;
constexpr uint64_t kAlignment = 128;
constexpr uint32_t kNobody = 0xffffffff;
/// Bytes of the largest parameter struct, with room.
constexpr uint32_t kMaxParams = 4096;

std::string num(uint64_t n) { return std::to_string(n); }

using Graphs = flatbuffers::Vector<flatbuffers::Offset<plan::Graph>>;

uint32_t sizeOf(const Graphs *graphs) {
  return graphs == nullptr ? 0 : graphs->size();
}

StatusOr<uint64_t> tensorBytes(const plan::GraphTensor &t) {
  constexpr uint64_t kBytes[] = {4, 2, 4, 1};
  if (t.dtype() > plan::GraphDType::MAX) {
    return corrupt("unknown dtype " + num(static_cast<int>(t.dtype())));
  }
  const auto &sizes = *t.sizes();
  if (sizes.size() < 1 || sizes.size() > 5) {
    return corrupt("rank " + num(sizes.size()) + " is outside [1, 5]");
  }
  if (reinterpret_cast<uintptr_t>(sizes.data()) % alignof(uint64_t) != 0) {
    return corrupt("its sizes are not aligned in the file");
  }
  uint64_t bytes = kBytes[static_cast<int>(t.dtype())];
  for (uint64_t size : sizes) {
    if (size < 1 || size > kMaxBytes || bytes > kMaxBytes / size) {
      return corrupt("size " + num(size) +
                     " makes it empty or larger than "
                     "2^46 bytes");
    }
    bytes *= size;
  }
  return bytes;
}

bool sameType(plan::DType host, plan::GraphDType device) {
  switch (device) {
  case plan::GraphDType::F32:
    return host == plan::DType::F32;
  case plan::GraphDType::BF16:
    return host == plan::DType::BF16;
  case plan::GraphDType::I32:
    return host == plan::DType::I32;
  case plan::GraphDType::I8:
    return host == plan::DType::Bool;
  }
  return false;
}

/// Where a tensor is: storage, index, offset.
using Section = std::tuple<plan::GraphStorage, uint32_t, uint64_t>;

class GraphVerifier {
public:
  GraphVerifier(const plan::Plan &plan, const plan::Entry &entry,
                const plan::Graph &graph, WrittenBytes *written)
      : plan_(plan), entry_(entry), graph_(graph), written_(written) {}

  Status run() {
    if (graph_.workspace_bytes() > kMaxBytes) {
      return corrupt("its workspace is larger than 2^46 bytes");
    }
    BERTC_RETURN_IF_ERROR(verifyTensors());
    BERTC_RETURN_IF_ERROR(verifySections());
    maker_.assign(graph_.tensors()->size(), kNobody);
    BERTC_RETURN_IF_ERROR(findMakers());
    std::unordered_set<std::string> names;
    for (uint32_t i = 0; i < graph_.nodes()->size(); ++i) {
      BERTC_RETURN_IF_ERROR(verifyNode(i, &names).annotate("node " + num(i)));
    }
    if (const plan::GraphRecipe *recipe = graph_.recipe()) {
      BERTC_RETURN_IF_ERROR(
          checkText(*recipe->library_version(), "version of a recipe"));
      if (recipe->bytes()->size() == 0) {
        return corrupt("its recipe is empty");
      }
    }
    return Status();
  }

private:
  const plan::GraphTensor &tensor(uint32_t i) const {
    return *graph_.tensors()->Get(i);
  }

  static Section sectionOf(const plan::GraphTensor &t) {
    return {t.storage(), t.index(), t.offset()};
  }

  Status inside(const plan::GraphTensor &t, uint64_t bytes, uint64_t limit,
                const char *what) {
    if (t.offset() % kAlignment != 0) {
      return corrupt("offset " + num(t.offset()) + " is not a multiple of 128");
    }
    if (t.offset() > limit || bytes > limit - t.offset()) {
      return corrupt("bytes " + num(t.offset()) + " + " + num(bytes) +
                     " lie outside the " + what + " of " + num(limit));
    }
    return Status();
  }

  Status verifyVariable(const plan::GraphTensor &t, uint64_t bytes) {
    if (t.index() >= plan_.variables()->size()) {
      return corrupt("variable " + num(t.index()) + " is not below " +
                     num(plan_.variables()->size()));
    }
    const plan::Variable &v = *plan_.variables()->Get(t.index());
    BERTC_ASSIGN_OR_RETURN(uint64_t whole, checkedBytes(v.dtype(), *v.shape()));
    if (!sameType(v.dtype(), t.dtype()) || t.offset() != 0 || bytes != whole) {
      return corrupt("it is not variable '" + v.name()->str() + "' as a whole");
    }
    if (v.offset() % kAlignment != 0) {
      return corrupt("variable '" + v.name()->str() + "' is at offset " +
                     num(v.offset()) + ", which is not a multiple of 128");
    }
    return Status();
  }

  Status verifyDerived(const plan::GraphTensor &t) {
    uint32_t count = entry_.derived() == nullptr ? 0 : entry_.derived()->size();
    if (t.index() >= count) {
      return corrupt("derived number " + num(t.index()) + " is not below " +
                     num(count));
    }
    plan::GraphDType wanted = entry_.derived()->Get(t.index())->kind() ==
                                      plan::DerivedKind::DropoutSeed
                                  ? plan::GraphDType::I32
                                  : plan::GraphDType::F32;
    if (t.sizes()->size() != 1 || t.sizes()->Get(0) != 1 ||
        t.dtype() != wanted || t.offset() != 0) {
      return corrupt("it is not derived number " + num(t.index()));
    }
    return Status();
  }

  Status verifyTensor(const plan::GraphTensor &t, uint64_t *bytes) {
    BERTC_ASSIGN_OR_RETURN(*bytes, tensorBytes(t));
    switch (t.storage()) {
    case plan::GraphStorage::Workspace:
      return t.index() == 0 && t.offset() == 0
                 ? Status()
                 : corrupt("it has a place in the workspace");
    case plan::GraphStorage::Arena:
      return inside(t, *bytes, entry_.arena_bytes(), "arena");
    case plan::GraphStorage::Variable:
      return verifyVariable(t, *bytes);
    case plan::GraphStorage::Constant:
      return inside(t, *bytes,
                    plan_.constants() == nullptr ? 0
                                                 : plan_.constants()->size(),
                    "constants");
    case plan::GraphStorage::Derived:
      return verifyDerived(t);
    }
    return corrupt("unknown storage " + num(static_cast<int>(t.storage())));
  }

  Status verifyTensors() {
    std::unordered_set<std::string> names;
    bytes_.resize(graph_.tensors()->size());
    for (uint32_t i = 0; i < graph_.tensors()->size(); ++i) {
      BERTC_RETURN_IF_ERROR(checkName(*tensor(i).name(), "tensor", &names));
      BERTC_RETURN_IF_ERROR(
          verifyTensor(tensor(i), &bytes_[i])
              .annotate("tensor '" + tensor(i).name()->str() + "'"));
    }
    return Status();
  }

  /// Tensors of the arena are the same bytes or have none in common.
  Status verifySections() {
    std::map<uint64_t, uint32_t> byOffset;
    for (uint32_t i = 0; i < graph_.tensors()->size(); ++i) {
      if (tensor(i).storage() != plan::GraphStorage::Arena) {
        continue;
      }
      auto [at, isNew] = byOffset.emplace(tensor(i).offset(), i);
      if (!isNew && bytes_[at->second] != bytes_[i]) {
        return overlap(at->second, i);
      }
    }
    for (auto at = byOffset.begin(); at != byOffset.end(); ++at) {
      auto next = std::next(at);
      if (next != byOffset.end() &&
          at->first + bytes_[at->second] > next->first) {
        return overlap(at->second, next->second);
      }
    }
    return Status();
  }

  Status overlap(uint32_t a, uint32_t b) {
    return corrupt("tensors '" + tensor(a).name()->str() + "' and '" +
                   tensor(b).name()->str() + "' overlap in the arena");
  }

  /// Which node makes which tensor, and which writes which section.
  Status findMakers() {
    for (uint32_t i = 0; i < graph_.nodes()->size(); ++i) {
      for (uint32_t output : *graph_.nodes()->Get(i)->outputs()) {
        BERTC_RETURN_IF_ERROR(findMaker(i, output).annotate("node " + num(i)));
      }
    }
    return Status();
  }

  Status findMaker(uint32_t node, uint32_t output) {
    if (output >= graph_.tensors()->size()) {
      return corrupt("writes tensor " + num(output) + " of " +
                     num(graph_.tensors()->size()));
    }
    const plan::GraphTensor &t = tensor(output);
    if (t.storage() == plan::GraphStorage::Constant ||
        t.storage() == plan::GraphStorage::Derived) {
      return corrupt("writes tensor '" + t.name()->str() +
                     "', which cannot be written");
    }
    if (maker_[output] != kNobody) {
      return corrupt("writes tensor '" + t.name()->str() + "', which node " +
                     num(maker_[output]) + " writes");
    }
    maker_[output] = node;
    if (t.storage() != plan::GraphStorage::Workspace &&
        !writer_.emplace(sectionOf(t), node).second) {
      return corrupt("writes the section of tensor '" + t.name()->str() +
                     "', which another node writes");
    }
    return Status();
  }

  Status verifyRead(uint32_t node, uint32_t input) {
    if (input == kNoOperand) {
      return Status();
    }
    if (input >= graph_.tensors()->size()) {
      return corrupt("reads tensor " + num(input) + " of " +
                     num(graph_.tensors()->size()));
    }
    const plan::GraphTensor &t = tensor(input);
    uint32_t maker = maker_[input];
    if (maker != kNobody) {
      return maker < node
                 ? Status()
                 : corrupt("reads tensor '" + t.name()->str() +
                           "' before node " + num(maker) + " writes it");
    }
    if (t.storage() == plan::GraphStorage::Workspace) {
      return corrupt("reads tensor '" + t.name()->str() +
                     "' of the workspace, which no node writes");
    }
    auto writer = writer_.find(sectionOf(t));
    if (writer != writer_.end() && writer->second < node) {
      return corrupt("reads tensor '" + t.name()->str() + "' after node " +
                     num(writer->second) + " wrote its section");
    }
    if (t.storage() == plan::GraphStorage::Arena &&
        !written_->contains(windowOf(input))) {
      return corrupt("reads tensor '" + t.name()->str() +
                     "' of the arena before it is written");
    }
    return Status();
  }

  ByteWindow windowOf(uint32_t i) const {
    ByteWindow window;
    window.offset = tensor(i).offset();
    window.runBytes = window.extent = bytes_[i];
    return window;
  }

  Status verifyNode(uint32_t index, std::unordered_set<std::string> *names) {
    const plan::GraphNode &node = *graph_.nodes()->Get(index);
    BERTC_RETURN_IF_ERROR(checkName(*node.name(), "node", names));
    BERTC_RETURN_IF_ERROR(checkText(*node.guid(), "GUID"));
    if (node.guid()->size() < 1 || node.guid()->size() > 64) {
      return corrupt("its GUID has " + num(node.guid()->size()) +
                     " characters, expected 1 to 64");
    }
    for (const auto *text : {node.scope(), node.precision_reason()}) {
      if (text != nullptr) {
        BERTC_RETURN_IF_ERROR(checkText(*text, "scope or reason"));
      }
    }
    if (node.params()->size() > kMaxParams) {
      return corrupt("its parameters have " + num(node.params()->size()) +
                     " bytes, expected at most " + num(kMaxParams));
    }
    if (node.after() != nullptr) {
      for (uint32_t before : *node.after()) {
        if (before >= index) {
          return corrupt("waits for node " + num(before) +
                         ", which does not come before it");
        }
      }
    }
    for (uint32_t input : *node.inputs()) {
      BERTC_RETURN_IF_ERROR(verifyRead(index, input));
    }
    for (uint32_t output : *node.outputs()) {
      if (tensor(output).storage() == plan::GraphStorage::Arena) {
        written_->add(windowOf(output));
      }
    }
    return Status();
  }

  const plan::Plan &plan_;
  const plan::Entry &entry_;
  const plan::Graph &graph_;
  WrittenBytes *written_;
  std::vector<uint64_t> bytes_;
  /// The node that makes a tensor.
  std::vector<uint32_t> maker_;
  /// The node that writes a section outside of the workspace.
  std::map<Section, uint32_t> writer_;
};

/// The input that a number of the host is computed from.
Status verifySource(const plan::Entry &entry, const char *name, size_t rank,
                    int64_t elements) {
  for (const plan::Binding *input : *entry.inputs()) {
    if (input->name()->str() != name) {
      continue;
    }
    const plan::Tensor &t = *entry.tensors()->Get(input->tensor());
    if (t.dtype() == plan::DType::I32 && t.shape()->size() == rank &&
        (rank == 0 || t.shape()->Get(0) == elements)) {
      return Status();
    }
  }
  return corrupt(std::string("there is no input ") + name + " to compute it " +
                 "from");
}

Status verifyDerived(const plan::Entry &entry) {
  if (entry.derived() == nullptr) {
    return Status();
  }
  for (const plan::Derived *number : *entry.derived()) {
    switch (number->kind()) {
    case plan::DerivedKind::DropoutSeed:
      BERTC_RETURN_IF_ERROR(
          verifySource(entry, "rng", 1, 4).annotate("dropout seed"));
      break;
    case plan::DerivedKind::OneMinusPower:
      BERTC_RETURN_IF_ERROR(
          verifySource(entry, "update_step", 0, 1).annotate("one minus power"));
      if (!(number->base() > 0.0 && number->base() < 1.0)) {
        return corrupt("the base of a power is outside (0, 1)");
      }
      break;
    default:
      return corrupt("unknown kind of derived number " +
                     num(static_cast<int>(number->kind())));
    }
  }
  return Status();
}

Status verifyList(const plan::Plan &plan, const plan::Entry &entry,
                  const Graphs &graphs, WrittenBytes *written) {
  std::unordered_set<std::string> names;
  for (const plan::Graph *graph : graphs) {
    BERTC_RETURN_IF_ERROR(checkName(*graph->name(), "graph", &names));
    BERTC_RETURN_IF_ERROR(
        GraphVerifier(plan, entry, *graph, written)
            .run()
            .annotate("graph '" + graph->name()->str() + "'"));
  }
  return Status();
}

} // namespace

bool isGraphTarget(const plan::Plan &plan) {
  return plan.target()->str() == "gaudi" || plan.target()->str() == "gaudi2";
}

// Each bucket at most once, in the type that devices add in.
static Status verifyAllReduces(const plan::Plan &plan,
                               const plan::Entry &entry) {
  if (entry.all_reduces() == nullptr) {
    return Status();
  }
  std::unordered_set<uint32_t> seen;
  for (uint32_t bucket : *entry.all_reduces()) {
    if (plan.exchange() == nullptr ||
        bucket >= plan.exchange()->buckets()->size() ||
        !seen.insert(bucket).second) {
      return corrupt("it adds up bucket " + num(bucket) +
                     ", which the plan does not have, or twice");
    }
    if (plan.exchange()->wire() != plan::WireType::F32) {
      return corrupt("it adds up gradients that are not f32 on their way");
    }
  }
  return Status();
}

Status verifyKindOfEntry(const plan::Plan &plan, const plan::Entry &entry) {
  if (!isGraphTarget(plan)) {
    bool none =
        (entry.all_reduces() == nullptr || entry.all_reduces()->size() == 0) &&
        sizeOf(entry.graphs()) == 0 &&
        sizeOf(entry.deterministic_graphs()) == 0;
    return none ? Status()
                : corrupt("it has graphs or sums before them, which target '" +
                          plan.target()->str() + "' does not run");
  }
  if (entry.steps()->size() != 0 || plan.packed_weights()->size() != 0) {
    return corrupt("it has steps or the plan packed weights, which target '" +
                   plan.target()->str() + "' does not run");
  }
  BERTC_RETURN_IF_ERROR(verifyAllReduces(plan, entry));
  return sizeOf(entry.graphs()) != 0 ? Status()
                                     : corrupt("it has no graphs for target '" +
                                               plan.target()->str() + "'");
}

Status verifyGraphs(const plan::Plan &plan, const plan::Entry &entry,
                    WrittenBytes *written) {
  for (const plan::Tensor *t : *entry.tensors()) {
    if (t->storage() != plan::Storage::Arena || t->offset() % kAlignment != 0 ||
        (t->strides() != nullptr && t->strides()->size() != 0)) {
      return corrupt("an input or output is not dense in the arena at a "
                     "multiple of 128 bytes");
    }
  }
  BERTC_RETURN_IF_ERROR(verifyDerived(entry));
  WrittenBytes inputs = *written;
  BERTC_RETURN_IF_ERROR(verifyList(plan, entry, *entry.graphs(), written));
  if (sizeOf(entry.deterministic_graphs()) == 0) {
    return Status();
  }
  BERTC_RETURN_IF_ERROR(
      verifyList(plan, entry, *entry.deterministic_graphs(), &inputs)
          .annotate("without dropout"));
  for (const plan::Binding *output : *entry.outputs()) {
    // Bounds were checked with the tensors of the entry.
    const plan::Tensor &t = *entry.tensors()->Get(output->tensor());
    BERTC_ASSIGN_OR_RETURN(ByteWindow window, checkedWindow(t));
    if (!inputs.contains(window)) {
      return corrupt("without dropout: nothing writes output '" +
                     output->name()->str() + "'");
    }
  }
  return Status();
}

} // namespace bertc::rt
