// SPDX-License-Identifier: Apache-2.0
//
// The evaluator table, gathered from all families of operations.
#include "compiler/interpret/Evaluator.h"

namespace bertc::interpret {

const EvaluatorTable &EvaluatorTable::get() {
  static const EvaluatorTable table = [] {
    EvaluatorTable all;
    addElementwise(all);
    addFused(all);
    addIndexing(all);
    addLinear(all);
    addMask(all);
    addNorm(all);
    addOptimizer(all);
    addReduction(all);
    addShape(all);
    return all;
  }();
  return table;
}

const EvaluatorTable::Evaluator *
EvaluatorTable::find(llvm::StringRef operation) const {
  auto it = table_.find(operation);
  return it == table_.end() ? nullptr : &it->second;
}

std::vector<int64_t> broadcastMap(llvm::ArrayRef<int64_t> out,
                                  llvm::ArrayRef<int64_t> in) {
  std::vector<int64_t> strides = stridesOf(in);
  size_t missing = out.size() - in.size();
  std::vector<int64_t> map(elementsOf(out));
  for (size_t linear = 0; linear < map.size(); ++linear) {
    std::vector<int64_t> position = positionOf(linear, out);
    for (size_t d = 0; d < in.size(); ++d) {
      map[linear] += in[d] == 1 ? 0 : position[missing + d] * strides[d];
    }
  }
  return map;
}

} // namespace bertc::interpret
