// SPDX-License-Identifier: Apache-2.0
//
// Builds small plans by hand for tests: tensors get arena space one behind the
// other, and everything can be spoiled through `plan` before build().
//
//   PlanBuilder b;
//   uint32_t x = b.arena({2, 3});
//   uint32_t y = b.arena({2, 3});
//   b.input("x", x);
//   b.step(plan::UnaryParamsT(), {x}, {y});
//   b.output("y", y);
//   auto session = Session::create(*b.load());
#pragma once

#include "bertc/runtime.h"
#include "runtime/core/PlanFile.h"
#include "runtime/schema/plan_generated.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bertc::rt::test {

class PlanBuilder {
public:
  /// Starts with one empty entry, "main".
  PlanBuilder();

  /// Adds a weight; returns its index.
  uint32_t variable(const std::string &name, Shape shape,
                    DType dtype = DType::F32);
  /// Adds a packed copy of a matrix; returns its index.
  uint32_t packedWeight(uint32_t variable, bool transposed, int64_t m,
                        uint64_t maxBytes = uint64_t{1} << 24);

  /// The following add a tensor to the current entry and return its index.
  uint32_t arena(Shape shape, DType dtype = DType::F32);
  uint32_t onVariable(uint32_t variable);
  uint32_t onPacked(uint32_t packed);
  uint32_t constant(Shape shape, DType dtype, const void *data);
  /// A window on tensor `base`, which begins `offset` elements into it.
  uint32_t view(uint32_t base, Shape shape, Shape strides, int64_t offset = 0);

  void input(const std::string &name, uint32_t tensor);
  void output(const std::string &name, uint32_t tensor);

  template <typename Params>
  plan::StepT &step(Params params, std::vector<uint32_t> inputs,
                    std::vector<uint32_t> outputs) {
    auto s = std::make_unique<plan::StepT>();
    s->params.Set(std::move(params));
    s->inputs = std::move(inputs);
    s->outputs = std::move(outputs);
    entry().steps.push_back(std::move(s));
    return *entry().steps.back();
  }

  /// Begins another entry, with the arena from offset 0 again.
  void nextEntry(const std::string &name);
  plan::EntryT &entry() { return *plan.entries.back(); }

  /// The sealed file.
  std::vector<uint8_t> build() const;
  StatusOr<Plan> load() const;
  /// Status of loading, for tests of refusals.
  Status verify() const;

  plan::PlanT plan;

private:
  uint32_t add(plan::TensorT tensor);
};

/// A plan with one step of most kinds: a tiny embedding, a dense layer, a
/// softmax and an update of a variable. Entry "main", input ids [4] i32, output
/// y [4,8].
PlanBuilder tinyModel();

/// Seals bytes changed by hand, when they still are a plan.
void reseal(std::vector<uint8_t> &bytes);

} // namespace bertc::rt::test
