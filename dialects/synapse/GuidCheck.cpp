// SPDX-License-Identifier: Apache-2.0
//
// One node against its row of the table, constraint by constraint, and what it
// costs.

#include "dialects/synapse/GuidParams.h"
#include "dialects/synapse/GuidTable.h"
#include "dialects/synapse/ShapeRules.h"

#include <algorithm>
#include <cctype>

namespace bertc::synapse {

namespace {

/// What one operand or result may be, as the letters of a row say.
struct Slot {
  char letter;
  bool mayBeAbsent = false, mayRepeat = false;
};

std::vector<Slot> slotsOf(std::string_view letters) {
  std::vector<Slot> slots;
  for (char c : letters) {
    if (c == '?') {
      slots.back().mayBeAbsent = true;
    } else if (c == '+') {
      slots.back().mayRepeat = true;
    } else {
      slots.push_back({c});
    }
  }
  return slots;
}

/// The slot of number `index`; the last one repeats where it may.
const Slot &slotAt(const std::vector<Slot> &slots, size_t index) {
  return slots[std::min(index, slots.size() - 1)];
}

/// Error unless `count` things fit the slots.
std::string checkCount(const std::vector<Slot> &slots, size_t count,
                       const char *what) {
  size_t least = 0;
  for (const Slot &slot : slots) {
    least += !slot.mayBeAbsent;
  }
  bool open = !slots.empty() && slots.back().mayRepeat;
  if (count >= least && (open || count <= slots.size())) {
    return "";
  }
  std::string wanted = std::to_string(least);
  if (open) {
    wanted += " or more";
  } else if (slots.size() > least) {
    wanted += " to " + std::to_string(slots.size());
  }
  return "expected " + wanted + " " + what + ", found " + std::to_string(count);
}

/// Checks element types, remembering what A and E stood for.
class TypeCheck {
public:
  explicit TypeCheck(std::optional<ElementType> own) : own_(own) {}

  std::string operator()(char letter, ElementType type,
                         const std::string &name) {
    std::string wanted = expected(letter, type);
    return wanted.empty() ? ""
                          : "expected " + name + " of element type " + wanted +
                                ", found " + std::string(elementTypeName(type));
  }

private:
  /// What `letter` wants, when `type` is not that.
  std::string expected(char letter, ElementType type) {
    bool isFloat = type == ElementType::F32 || type == ElementType::BF16;
    std::optional<ElementType> wanted;
    switch (letter) {
    case 'T':
      wanted = own_;
      break;
    case 'A':
    case 'E':
      if (!shared_) {
        shared_ = type;
        return letter == 'E' && !isFloat ? "f32 or bf16" : "";
      }
      wanted = shared_;
      break;
    case 'W':
      if (type == ElementType::F32) {
        return "";
      }
      wanted = shared_;
      break;
    default:
      wanted = letter == 'f'   ? ElementType::F32
               : letter == 'b' ? ElementType::BF16
               : letter == 'i' ? ElementType::I32
                               : ElementType::I8;
    }
    return type == wanted ? "" : std::string(elementTypeName(*wanted));
  }

  std::optional<ElementType> own_, shared_;
};

std::string checkTypes(const KernelOf &found, const NodeSignature &node,
                       const std::vector<Slot> &operands,
                       const std::vector<Slot> &results) {
  TypeCheck check(found.type);
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (node.operands[i]) {
      std::string error =
          check(slotAt(operands, i).letter, node.operands[i]->type,
                "operand " + std::to_string(i));
      if (!error.empty()) {
        return error;
      }
    }
  }
  for (size_t i = 0; i < node.results.size(); ++i) {
    std::string error = check(slotAt(results, i).letter, node.results[i].type,
                              "result " + std::to_string(i));
    if (!error.empty()) {
      return error;
    }
  }
  return "";
}

std::string checkRank(const Sizes &sizes, const std::string &name, size_t least,
                      size_t most) {
  if (sizes.size() >= least && sizes.size() <= most) {
    return "";
  }
  std::string wanted = std::to_string(least);
  if (most > least) {
    wanted += " to " + std::to_string(most);
  }
  return "expected " + name + " of rank " + wanted + ", found rank " +
         std::to_string(sizes.size());
}

std::string checkRanks(const Kernel &kernel, const NodeSignature &node) {
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (!node.operands[i]) {
      continue;
    }
    std::string error =
        checkRank(node.operands[i]->sizes, "operand " + std::to_string(i),
                  i == 0 ? kernel.leastRank : 1, i == 0 ? kernel.mostRank : 5);
    if (!error.empty()) {
      return error;
    }
  }
  bool decides = node.operands.empty();
  for (size_t i = 0; i < node.results.size(); ++i) {
    std::string error = checkRank(
        node.results[i].sizes, "result " + std::to_string(i),
        decides ? kernel.leastRank : 1, decides ? kernel.mostRank : 5);
    if (!error.empty()) {
      return error;
    }
  }
  return "";
}

std::string checkShapes(const Kernel &kernel, const NodeSignature &node) {
  NodeShapes shapes;
  for (const auto &operand : node.operands) {
    shapes.operands.push_back(operand ? &operand->sizes : nullptr);
  }
  for (const TensorSignature &result : node.results) {
    shapes.results.push_back(result.sizes);
  }
  shapes.params = &node.params;
  std::vector<Sizes> expected;
  std::string error = kernel.rule(shapes, expected);
  if (!error.empty()) {
    return error;
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] != shapes.results[i]) {
      return "expected result " + std::to_string(i) + " of shape " +
             sizesText(expected[i]) + ", found " + sizesText(shapes.results[i]);
    }
  }
  return "";
}

int64_t elementsOf(const TensorSignature &tensor) {
  int64_t count = 1;
  for (int64_t size : tensor.sizes) {
    count *= size;
  }
  return count;
}

} // namespace

NodeProblem checkNode(const NodeSignature &node) {
  KernelOf found = findKernel(node.guid);
  if (!found.kernel) { // node C1
    return {1, "expected the GUID of a kernel, found \"" +
                   std::string(node.guid) + "\""};
  }
  const Kernel &kernel = *found.kernel;
  std::vector<Slot> operands = slotsOf(kernel.operands);
  std::vector<Slot> results = slotsOf(kernel.results);
  std::string error = checkCount(operands, node.operands.size(), "operands");
  if (!error.empty()) { // node C2
    return {2, error};
  }
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (!node.operands[i] && !slotAt(operands, i).mayBeAbsent) { // node C3
      return {3, "expected operand " + std::to_string(i) + " to be there"};
    }
  }
  error = checkCount(results, node.results.size(), "results");
  if (!error.empty()) { // node C4
    return {4, error};
  }
  error = checkTypes(found, node, operands, results);
  if (!error.empty()) { // node C5
    return {5, error};
  }
  error = checkRanks(kernel, node);
  if (!error.empty()) { // node C6
    return {6, error};
  }
  error = checkParams(found, node.params);
  if (!error.empty()) { // node C8
    return {8, error};
  }
  error = checkShapes(kernel, node);
  if (!error.empty()) { // node C7
    return {7, error};
  }
  return {};
}

uint64_t flopsOf(const NodeSignature &node) {
  KernelOf found = findKernel(node.guid);
  if (!found.kernel) {
    return 0;
  }
  if (found.kernel->engine == Engine::Matrix) {
    uint64_t flops = 0;
    // A and B, and the masks of masked_batch_gemm.
    for (size_t i = 0; i + 1 < node.operands.size(); i += 2) {
      if (!node.operands[i] || !node.operands[i + 1]) {
        continue;
      }
      bool transposed = paramBool(node.params, "transpose_a");
      uint64_t inner = node.operands[i]->sizes[transposed ? 1 : 0];
      flops += 2 * inner * elementsOf(node.results[0]);
    }
    return flops;
  }
  if (found.kernel->engine != Engine::Vector) {
    return 0;
  }
  int64_t most = 0;
  for (const TensorSignature &result : node.results) {
    most = std::max(most, elementsOf(result));
  }
  for (const auto &operand : node.operands) {
    // A table that rows are taken from is not worked through.
    bool table = found.kernel->name == "gather_fwd";
    most = operand && !table ? std::max(most, elementsOf(*operand)) : most;
  }
  return most;
}

uint64_t bytesOf(const NodeSignature &node) {
  KernelOf found = findKernel(node.guid);
  if (!found.kernel || found.kernel->engine == Engine::Nothing) {
    return 0;
  }
  uint64_t bytes = 0;
  for (const TensorSignature &result : node.results) {
    bytes += elementsOf(result) * elementTypeBytes(result.type);
  }
  uint64_t written = bytes;
  for (const auto &operand : node.operands) {
    uint64_t size =
        operand ? elementsOf(*operand) * elementTypeBytes(operand->type) : 0;
    // Of what is taken out of a larger tensor, only that much is read.
    bool piece =
        found.kernel->name == "gather_fwd" || found.kernel->name == "slice";
    bytes += piece ? std::min(size, written) : size;
  }
  return bytes;
}

bool isElementwiseIn(const NodeSignature &node, unsigned index) {
  KernelOf found = findKernel(node.guid);
  if (!found.kernel || index >= node.operands.size() || !node.operands[index] ||
      node.results.empty() ||
      (found.kernel->rule != rule::same &&
       found.kernel->rule != rule::broadcast)) {
    return false;
  }
  return node.operands[index]->sizes == node.results[0].sizes &&
         node.operands[index]->type == node.results[0].type;
}

bool mayShareMemory(std::string_view guid) {
  KernelOf found = findKernel(guid);
  if (!found.kernel || found.kernel->engine == Engine::Nothing) {
    return found.kernel;
  }
  for (std::string_view name : {"identity", "slice", "concat", "split",
                                "transpose", "broadcast", "slice_insert"}) {
    if (found.kernel->name == name) {
      return true;
    }
  }
  return false;
}

} // namespace bertc::synapse
