// SPDX-License-Identifier: Apache-2.0
//
// Builds small plans for Gaudi2 by hand: like PlanBuilder, with graphs.
//
//   GraphPlan p;
//   uint32_t x = p.deviceArena({2, 3});
//   p.input("x", x);
//   p.graph("main/0");
//   p.node("neg_fwd_f32", {p.at(x)}, {p.at(y)});
#pragma once

#include "test/unit/runtime/PlanBuilder.h"

#include <string>
#include <vector>

namespace bertc::rt::test {

class GraphPlan : public PlanBuilder {
public:
  GraphPlan() { plan.target = "gaudi2"; }

  /// Arena of the current entry, at multiples of 128; index of an entry tensor.
  uint32_t deviceArena(Shape shape, DType dtype = DType::F32);

  /// Begins another graph of the current entry.
  void graph(const std::string &name, bool deterministic = false);

  /// The following add a tensor to the current graph and return its index.
  /// That of an entry's tensor:
  uint32_t at(uint32_t entryTensor);
  uint32_t ofVariable(uint32_t variable);
  uint32_t workspace(Shape shape, plan::GraphDType dtype);
  uint32_t ofConstant(Shape shape, const std::vector<float> &values);
  uint32_t derived(plan::DerivedKind kind, uint32_t opId, double base);

  /// Returns the node's index.
  uint32_t node(const std::string &guid, std::vector<uint32_t> inputs,
                std::vector<uint32_t> outputs, std::vector<uint8_t> params = {},
                std::vector<uint32_t> after = {});

private:
  uint32_t add(plan::GraphTensorT tensor, const Shape &shape);
  plan::GraphT *graph_ = nullptr;
};

/// Variables w [4] and m [2,4]. Entries:
///   main(x [4]) -> y = x + w, z = (x + w) * (x + w): two graphs
///   grow(x [4]): w += x, in place
///   drop(x [4,64], rng) -> y = dropout(x, 0.5); without dropout y = x
///   decay(x [4], update_step) -> y = x * (1 - 0.9 ^ update_step)
///   shift(x [4]) -> y = x + {1, 2, 3, 4}
GraphPlan smallDevicePlan();

} // namespace bertc::rt::test
