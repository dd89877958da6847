// SPDX-License-Identifier: Apache-2.0

#include "test/unit/runtime/PlanBuilder.h"

#include "runtime/schema/PlanSeal.h"
#include "runtime/schema/PlanVersion.h"

#include <algorithm>
#include <cstring>

namespace bertc::rt::test {

static uint64_t align64(uint64_t n) { return (n + 63) / 64 * 64; }

PlanBuilder::PlanBuilder() {
  plan.schema_version = plan::kSchemaVersion;
  plan.sha256.assign(32, 0);
  plan.producer = "test";
  plan.target = "cpu";
  plan.cpu_isa = "avx2";
  plan.model = std::make_unique<plan::ModelT>();
  plan.model->task = "encode";
  plan.model->mode = "infer";
  plan.model->hidden_act = "gelu";
  plan.model->precision = "f32";
  plan.model->config_json = "{}";
  nextEntry("main");
}

void PlanBuilder::nextEntry(const std::string &name) {
  plan.entries.push_back(std::make_unique<plan::EntryT>());
  entry().name = name;
}

uint32_t PlanBuilder::variable(const std::string &name, Shape shape,
                               DType dtype) {
  auto v = std::make_unique<plan::VariableT>();
  v->name = name;
  v->dtype = static_cast<plan::DType>(dtype);
  v->shape = shape;
  v->trainable = true;
  v->owner = static_cast<uint32_t>(plan.variables.size());
  v->offset = plan.state_bytes;
  auto bytes = static_cast<uint64_t>(numElements(shape)) * dtypeBytes(dtype);
  plan.state_bytes += align64(bytes);
  plan.variables.push_back(std::move(v));
  return plan.variables.back()->owner;
}

uint32_t PlanBuilder::packedWeight(uint32_t variable, bool transposed,
                                   int64_t m, uint64_t maxBytes) {
  const Shape &shape = plan.variables[variable]->shape;
  auto w = std::make_unique<plan::PackedWeightT>();
  w->variable = variable;
  w->transposed = transposed;
  w->k = shape[transposed ? 1 : 0];
  w->n = shape[transposed ? 0 : 1];
  w->m = m;
  w->max_bytes = maxBytes;
  plan.packed_weights.push_back(std::move(w));
  return static_cast<uint32_t>(plan.packed_weights.size() - 1);
}

uint32_t PlanBuilder::add(plan::TensorT tensor) {
  entry().tensors.push_back(std::make_unique<plan::TensorT>(std::move(tensor)));
  return static_cast<uint32_t>(entry().tensors.size() - 1);
}

uint32_t PlanBuilder::arena(Shape shape, DType dtype) {
  plan::TensorT t;
  t.dtype = static_cast<plan::DType>(dtype);
  t.shape = shape;
  t.offset = entry().arena_bytes;
  auto bytes = static_cast<uint64_t>(numElements(shape)) * dtypeBytes(dtype);
  entry().arena_bytes += align64(bytes);
  plan.arena_bytes = std::max(plan.arena_bytes, entry().arena_bytes);
  return add(std::move(t));
}

uint32_t PlanBuilder::onVariable(uint32_t variable) {
  plan::TensorT t;
  t.dtype = plan.variables[variable]->dtype;
  t.shape = plan.variables[variable]->shape;
  t.storage = plan::Storage::Variable;
  t.index = variable;
  return add(std::move(t));
}

uint32_t PlanBuilder::onPacked(uint32_t packed) {
  plan::TensorT t;
  t.dtype = plan.packed_weights[packed]->dtype;
  t.shape = {plan.packed_weights[packed]->k, plan.packed_weights[packed]->n};
  t.storage = plan::Storage::Packed;
  t.index = packed;
  return add(std::move(t));
}

uint32_t PlanBuilder::constant(Shape shape, DType dtype, const void *data) {
  plan::TensorT t;
  t.dtype = static_cast<plan::DType>(dtype);
  t.shape = shape;
  t.storage = plan::Storage::Constant;
  t.offset = plan.constants.size();
  size_t bytes = static_cast<size_t>(numElements(shape)) * dtypeBytes(dtype);
  plan.constants.resize(align64(t.offset + bytes));
  std::memcpy(plan.constants.data() + t.offset, data, bytes);
  return add(std::move(t));
}

uint32_t PlanBuilder::view(uint32_t base, Shape shape, Shape strides,
                           int64_t offset) {
  plan::TensorT t = *entry().tensors[base];
  t.shape = std::move(shape);
  t.strides = std::move(strides);
  t.offset +=
      static_cast<uint64_t>(offset) * dtypeBytes(static_cast<DType>(t.dtype));
  return add(std::move(t));
}

static std::unique_ptr<plan::BindingT> binding(const std::string &name,
                                               uint32_t tensor) {
  auto b = std::make_unique<plan::BindingT>();
  b->name = name;
  b->tensor = tensor;
  return b;
}

void PlanBuilder::input(const std::string &name, uint32_t tensor) {
  entry().inputs.push_back(binding(name, tensor));
}

void PlanBuilder::output(const std::string &name, uint32_t tensor) {
  entry().outputs.push_back(binding(name, tensor));
}

std::vector<uint8_t> PlanBuilder::build() const {
  flatbuffers::FlatBufferBuilder fbb;
  plan::FinishPlanBuffer(fbb, plan::Plan::Pack(fbb, &plan));
  std::vector<uint8_t> bytes(fbb.GetBufferPointer(),
                             fbb.GetBufferPointer() + fbb.GetSize());
  reseal(bytes);
  return bytes;
}

StatusOr<Plan> PlanBuilder::load() const {
  std::vector<uint8_t> bytes = build();
  return Plan::fromBytes(bytes.data(), bytes.size(), "test.plan");
}

Status PlanBuilder::verify() const { return load().status(); }

void reseal(std::vector<uint8_t> &bytes) {
  (void)plan::sealPlan(bytes.data(), bytes.size());
}

// ids -> embedding rows -> dense + bias -> times constants -> gelu -> softmax
// -> y; the bias is moved by the column sums of y.
PlanBuilder tinyModel() {
  PlanBuilder b;
  uint32_t table = b.onVariable(b.variable("table", {10, 8}));
  uint32_t kernel = b.variable("kernel", {8, 8});
  uint32_t packed = b.onPacked(b.packedWeight(kernel, false, 4));
  uint32_t bias = b.onVariable(b.variable("bias", {8}));
  uint32_t ids = b.arena({4}, DType::I32);
  b.input("ids", ids);
  uint32_t rows = b.arena({4, 8});
  b.step(plan::GatherParamsT(), {table, ids}, {rows});
  uint32_t dense = b.arena({4, 8});
  b.step(plan::MatmulParamsT(), {rows, packed, bias}, {dense}).scope = "dense";
  const float weights[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  uint32_t weighted = b.arena({4, 8});
  plan::BinaryParamsT mul;
  mul.kind = plan::BinaryKind::Mul;
  b.step(mul, {dense, b.constant({8}, DType::F32, weights)}, {weighted});
  uint32_t active = b.arena({4, 8});
  plan::UnaryParamsT gelu;
  gelu.kind = plan::UnaryKind::GeluErf;
  b.step(gelu, {weighted}, {active});
  uint32_t y = b.arena({4, 8});
  uint32_t scores = b.view(active, {1, 1, 4, 8}, {});
  uint32_t softmax = b.view(y, {1, 1, 4, 8}, {});
  b.step(plan::SoftmaxParamsT(), {scores}, {softmax});
  uint32_t sums = b.arena({8});
  plan::ReduceParamsT columns;
  columns.axes = {0};
  b.step(columns, {y}, {sums});
  b.step(plan::AssignAddParamsT(), {bias, sums}, {bias});
  b.output("y", y);
  return b;
}

} // namespace bertc::rt::test
