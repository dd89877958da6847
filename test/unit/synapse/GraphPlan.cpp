// SPDX-License-Identifier: Apache-2.0

#include "test/unit/synapse/GraphPlan.h"

#include <algorithm>
#include <cstring>

namespace bertc::rt::test {

static uint64_t align128(uint64_t n) { return (n + 127) / 128 * 128; }

static plan::GraphDType graphType(plan::DType dtype) {
  switch (dtype) {
  case plan::DType::BF16:
    return plan::GraphDType::BF16;
  case plan::DType::I32:
    return plan::GraphDType::I32;
  case plan::DType::Bool:
    return plan::GraphDType::I8;
  default:
    return plan::GraphDType::F32;
  }
}

uint32_t GraphPlan::deviceArena(Shape shape, DType dtype) {
  entry().arena_bytes = align128(entry().arena_bytes);
  uint32_t tensor = arena(std::move(shape), dtype);
  entry().arena_bytes = align128(entry().arena_bytes);
  plan.arena_bytes = std::max(plan.arena_bytes, entry().arena_bytes);
  return tensor;
}

void GraphPlan::graph(const std::string &name, bool deterministic) {
  auto &graphs = deterministic ? entry().deterministic_graphs : entry().graphs;
  graphs.push_back(std::make_unique<plan::GraphT>());
  graph_ = graphs.back().get();
  graph_->name = name;
  graph_->flops = 8;
  graph_->bytes = 48;
}

uint32_t GraphPlan::add(plan::GraphTensorT tensor, const Shape &shape) {
  tensor.name = "t" + std::to_string(graph_->tensors.size());
  tensor.sizes.assign(shape.rbegin(), shape.rend());
  if (shape.empty()) {
    tensor.sizes = {1};
  }
  graph_->tensors.push_back(
      std::make_unique<plan::GraphTensorT>(std::move(tensor)));
  return static_cast<uint32_t>(graph_->tensors.size() - 1);
}

uint32_t GraphPlan::at(uint32_t entryTensor) {
  const plan::TensorT &tensor = *entry().tensors[entryTensor];
  plan::GraphTensorT t;
  t.dtype = graphType(tensor.dtype);
  t.storage = plan::GraphStorage::Arena;
  t.offset = tensor.offset;
  return add(std::move(t), tensor.shape);
}

uint32_t GraphPlan::ofVariable(uint32_t variable) {
  plan::GraphTensorT t;
  t.dtype = graphType(plan.variables[variable]->dtype);
  t.storage = plan::GraphStorage::Variable;
  t.index = variable;
  return add(std::move(t), plan.variables[variable]->shape);
}

uint32_t GraphPlan::workspace(Shape shape, plan::GraphDType dtype) {
  plan::GraphTensorT t;
  t.dtype = dtype;
  return add(std::move(t), shape);
}

uint32_t GraphPlan::ofConstant(Shape shape, const std::vector<float> &values) {
  plan::GraphTensorT t;
  t.storage = plan::GraphStorage::Constant;
  t.offset = align128(plan.constants.size());
  size_t bytes = values.size() * sizeof(float);
  plan.constants.resize(align128(t.offset + bytes));
  std::memcpy(plan.constants.data() + t.offset, values.data(), bytes);
  return add(std::move(t), shape);
}

uint32_t GraphPlan::derived(plan::DerivedKind kind, uint32_t opId,
                            double base) {
  auto d = std::make_unique<plan::DerivedT>();
  d->kind = kind;
  d->op_id = opId;
  d->base = base;
  entry().derived.push_back(std::move(d));
  plan::GraphTensorT t;
  t.dtype = kind == plan::DerivedKind::DropoutSeed ? plan::GraphDType::I32
                                                   : plan::GraphDType::F32;
  t.storage = plan::GraphStorage::Derived;
  t.index = static_cast<uint32_t>(entry().derived.size() - 1);
  return add(std::move(t), {1});
}

uint32_t GraphPlan::node(const std::string &guid, std::vector<uint32_t> inputs,
                         std::vector<uint32_t> outputs,
                         std::vector<uint8_t> params,
                         std::vector<uint32_t> after) {
  auto n = std::make_unique<plan::GraphNodeT>();
  n->guid = guid;
  n->name = "n" + std::to_string(graph_->nodes.size());
  n->inputs = std::move(inputs);
  n->outputs = std::move(outputs);
  n->params = std::move(params);
  n->after = std::move(after);
  graph_->nodes.push_back(std::move(n));
  return static_cast<uint32_t>(graph_->nodes.size() - 1);
}

static void addMain(GraphPlan &p, uint32_t w) {
  uint32_t x = p.deviceArena({4}), y = p.deviceArena({4}),
           z = p.deviceArena({4});
  p.input("x", x);
  p.graph("main/0");
  uint32_t variable = p.ofVariable(w);
  p.node("add_fwd_f32", {p.at(x), variable}, {p.at(y)});
  p.graph("main/1");
  uint32_t sum = p.at(y);
  p.node("mult_fwd_f32", {sum, sum}, {p.at(z)});
  p.output("y", y);
  p.output("z", z);
}

static void addGrow(GraphPlan &p, uint32_t w) {
  p.nextEntry("grow");
  uint32_t x = p.deviceArena({4});
  p.input("x", x);
  p.graph("grow/0");
  uint32_t old = p.ofVariable(w), fresh = p.ofVariable(w);
  p.node("add_fwd_f32", {old, p.at(x)}, {fresh});
}

static void addDrop(GraphPlan &p) {
  p.nextEntry("drop");
  uint32_t x = p.deviceArena({4, 64}), rng = p.deviceArena({4}, DType::I32),
           y = p.deviceArena({4, 64});
  p.input("x", x);
  p.input("rng", rng);
  p.output("y", y);
  p.graph("drop/0");
  uint32_t seed = p.derived(plan::DerivedKind::DropoutSeed, 7, 0);
  std::vector<uint8_t> params(8, 0);
  const float rate = 0.5f;
  std::memcpy(params.data(), &rate, sizeof rate);
  uint32_t mask = p.workspace({4, 64}, plan::GraphDType::I8);
  p.node("dropout_fwd_f32", {p.at(x), seed}, {p.at(y), mask}, params);
  p.graph("drop/0", /*deterministic=*/true);
  uint32_t same = p.at(x);
  p.node("max_fwd_f32", {same, same}, {p.at(y)});
}

static void addDecay(GraphPlan &p) {
  p.nextEntry("decay");
  uint32_t x = p.deviceArena({4}), step = p.deviceArena({}, DType::I32),
           y = p.deviceArena({4});
  p.input("x", x);
  p.input("update_step", step);
  p.output("y", y);
  p.graph("decay/0");
  uint32_t factor = p.derived(plan::DerivedKind::OneMinusPower, 0, 0.9);
  p.node("mult_fwd_f32", {p.at(x), factor}, {p.at(y)});
}

static void addShift(GraphPlan &p) {
  p.nextEntry("shift");
  uint32_t x = p.deviceArena({4}), y = p.deviceArena({4});
  p.input("x", x);
  p.output("y", y);
  p.graph("shift/0");
  p.node("add_fwd_f32", {p.at(x), p.ofConstant({4}, {1, 2, 3, 4})}, {p.at(y)});
}

GraphPlan smallDevicePlan() {
  GraphPlan p;
  uint32_t w = p.variable("w", {4});
  p.variable("m", {2, 4});
  addMain(p, w);
  addGrow(p, w);
  addDrop(p);
  addDecay(p);
  addShift(p);
  p.plan.device_bytes = p.plan.state_bytes + p.plan.arena_bytes + 4096;
  return p;
}

} // namespace bertc::rt::test
