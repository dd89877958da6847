// SPDX-License-Identifier: Apache-2.0
//
// Broadcast rules, and the runs of a broadcast.
#include "tools/synapse-stand-in/ops/Broadcast.h"

namespace bertc::standin {
namespace {

uint64_t sizeAt(const OpTensor &tensor, int dimension) {
  return dimension < tensor.rank ? tensor.sizes[dimension] : 1;
}

/// Elements between neighbours along each dimension of `result`, 0 where the
/// operand is repeated.
std::vector<uint64_t> stridesOver(const OpTensor &operand,
                                  const OpTensor &result) {
  std::vector<uint64_t> strides;
  uint64_t stride = 1;
  for (int d = 0; d < result.rank; ++d) {
    uint64_t size = sizeAt(operand, d);
    strides.push_back(size == 1 ? 0 : stride);
    stride *= size;
  }
  return strides;
}

} // namespace

void checkBroadcast(Check &check, const Names &operands,
                    const std::string &result) {
  if (!check.ok()) {
    return;
  }
  Shape expected;
  for (const std::string &name : operands) {
    const OpTensor &operand = check[name];
    for (int d = 0; d < operand.rank; ++d) {
      if (d == static_cast<int>(expected.size())) {
        expected.push_back(1);
      }
      uint64_t &size = expected[d];
      if (operand.sizes[d] != size && operand.sizes[d] != 1 && size != 1) {
        check.fail(name + " has size " + std::to_string(operand.sizes[d]) +
                   " in dimension " + std::to_string(d) + ", expected " +
                   std::to_string(size) + " or 1");
        return;
      }
      size = std::max(size, operand.sizes[d]);
    }
  }
  uint64_t largest = 0;
  for (const std::string &name : operands) {
    if (check.has(name)) {
      largest = std::max(largest, elementCount(check[name]));
    }
  }
  if (largest != elementCount(expected)) {
    check.fail("all operands are repeated to make " + shapeName(expected) +
               ", expected one of that shape: put a broadcast before");
  }
  check.shape({result}, expected);
}

Broadcast::Broadcast(const OpTensor &result,
                     const std::vector<const OpTensor *> &in) {
  std::vector<std::vector<uint64_t>> strides;
  for (const OpTensor *operand : in) {
    strides.push_back(stridesOver(*operand, result));
    operands_.push_back({false, {}});
  }
  // Takes dimensions into the run as long as each operand keeps walking or
  // keeps standing still; the rest is walked from outside.
  bool inRun = true;
  for (int d = 0; d < result.rank; ++d) {
    uint64_t size = result.sizes[d];
    if (size == 1) {
      continue;
    }
    bool fits = inRun;
    for (size_t i = 0; i < in.size(); ++i) {
      bool walks = strides[i][d] != 0;
      if (length_ == 1) {
        operands_[i].walks = walks;
        fits = fits && (!walks || strides[i][d] == 1);
      } else {
        fits = fits && walks == operands_[i].walks &&
               (!walks || strides[i][d] == length_);
      }
    }
    if (fits) {
      length_ *= size;
      continue;
    }
    inRun = false;
    runs_ *= size;
    outer_.push_back(size);
    for (size_t i = 0; i < in.size(); ++i) {
      operands_[i].strides.push_back(strides[i][d]);
    }
  }
}

uint64_t Broadcast::offset(size_t operand, uint64_t run) const {
  uint64_t offset = 0;
  for (size_t d = 0; d < outer_.size(); ++d) {
    offset += run % outer_[d] * operands_[operand].strides[d];
    run /= outer_[d];
  }
  return offset;
}

} // namespace bertc::standin
