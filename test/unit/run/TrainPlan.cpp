// SPDX-License-Identifier: Apache-2.0
#include "test/unit/run/TrainPlan.h"

#include <string>

namespace bertc::test {

using rt::DType;
using rt::test::PlanBuilder;

namespace {

struct Variables {
  uint32_t table, m, v, accum;
};

Variables addVariables(PlanBuilder &b, const TrainPlanShape &shape) {
  auto slot = [&](const char *name, plan::VariableRole role) {
    uint32_t index = b.variable(name, {shape.rows, shape.width});
    plan::VariableT &variable = *b.plan.variables[index];
    variable.role = role;
    variable.owner = 0;
    variable.trainable = role == plan::VariableRole::Weight;
    if (variable.trainable) {
      variable.init = plan::InitKind::TruncatedNormal;
      variable.init_value = 0.5f;
    }
    return index;
  };
  return {slot("bert/table", plan::VariableRole::Weight),
          slot("bert/table/adam_m", plan::VariableRole::AdamM),
          slot("bert/table/adam_v", plan::VariableRole::AdamV),
          slot("bert/table/accum", plan::VariableRole::Accum)};
}

uint32_t scalar(PlanBuilder &b, float value) {
  return b.constant({}, DType::F32, &value);
}

uint32_t binary(PlanBuilder &b, plan::BinaryKind kind, uint32_t x, uint32_t y,
                rt::Shape shape = {}) {
  uint32_t z = b.arena(std::move(shape));
  plan::BinaryParamsT params;
  params.kind = kind;
  b.step(params, {x, y}, {z});
  return z;
}

/// clip * min(1 / norm, 1 / clip)
uint32_t clipScale(PlanBuilder &b, uint32_t gradient, double clip) {
  using Kind = plan::BinaryKind;
  uint32_t half = b.arena({}), norm = b.arena({});
  b.step(plan::L2LossParamsT(), {gradient}, {half});
  uint32_t square = binary(b, Kind::Mul, half, scalar(b, 2));
  plan::UnaryParamsT root;
  root.kind = plan::UnaryKind::Sqrt;
  b.step(root, {square}, {norm});
  auto limit = static_cast<float>(clip);
  uint32_t inverse = binary(b, Kind::Div, scalar(b, 1), norm);
  uint32_t least = binary(b, Kind::Minimum, inverse, scalar(b, 1 / limit));
  return binary(b, Kind::Mul, scalar(b, limit), least);
}

/// Adds the scaled gradient, clipped where that is asked for, and in the last
/// step of an update sends it before it is known by how much.
void addUp(PlanBuilder &b, uint32_t accum, uint32_t gradient, uint32_t scale,
           const TrainPlanShape &shape, bool last) {
  rt::Shape size = {shape.rows, shape.width};
  if (shape.clip == 0) {
    b.step(plan::AssignAddParamsT(), {accum, gradient, scale}, {accum});
    return;
  }
  uint32_t scaled = binary(b, plan::BinaryKind::Mul, gradient, scale, size);
  if (!last) {
    uint32_t clip = clipScale(b, scaled, shape.clip);
    b.step(plan::AssignAddParamsT(), {accum, scaled, clip}, {accum});
    return;
  }
  uint32_t old = b.arena(size);
  b.step(plan::UnaryParamsT(), {accum}, {old});
  b.step(plan::AssignAddParamsT(), {accum, scaled}, {accum});
  plan::AllReduceParamsT reduce;
  reduce.early = true;
  b.step(reduce, {accum}, {accum});
  uint32_t clip = clipScale(b, scaled, shape.clip);
  plan::AllReduceSettleParamsT settle;
  settle.bucket_sizes = {1};
  b.step(settle, {clip, accum, old, scaled}, {accum});
}

/// total_loss = |dropout(table[ids])|^2 / 2, and its gradient.
void addTrainStep(PlanBuilder &b, const Variables &variables,
                  const TrainPlanShape &shape, bool last) {
  b.nextEntry(last ? "train_step_last" : "train_step");
  rt::Shape hidden = {shape.batch, shape.sequence, shape.width};
  uint32_t table = b.onVariable(variables.table);
  uint32_t accum = b.onVariable(variables.accum);
  uint32_t ids = b.arena({shape.batch, shape.sequence}, DType::I32);
  uint32_t rng = b.arena({4}, DType::I32);
  uint32_t scale = b.arena({});
  b.input("input_ids", ids);
  b.input("rng", rng);
  b.input("loss_scale", scale);
  if (shape.features) {
    b.input("label_ids", b.arena({shape.batch}, DType::I32));
    b.input("start_positions", b.arena({shape.batch}, DType::I32));
    b.input("example_weights", b.arena({shape.batch}));
  }
  uint32_t rows = b.arena(hidden), dropped = b.arena(hidden);
  uint32_t loss = b.arena({}), gradient = b.arena(hidden);
  uint32_t tableGradient = b.arena({shape.rows, shape.width});
  plan::DropoutParamsT dropout;
  dropout.rate = 0.25f;
  dropout.op_id = 1;
  b.step(plan::GatherParamsT(), {table, ids}, {rows}).scope = "bert/gather";
  b.step(dropout, {rows, rng}, {dropped});
  b.step(plan::L2LossParamsT(), {dropped}, {loss});
  b.step(dropout, {dropped, rng}, {gradient});
  b.step(plan::GatherGradParamsT(), {gradient, ids}, {tableGradient});
  addUp(b, accum, tableGradient, scale, shape, last);
  for (const char *name :
       {"total_loss", "masked_lm_loss", "next_sentence_loss"}) {
    b.output(name, loss);
  }
}

void addApply(PlanBuilder &b, const Variables &variables) {
  b.nextEntry("apply_gradients");
  uint32_t rate = b.arena({}), step = b.arena({}, DType::I32);
  b.input("learning_rate", rate);
  b.input("update_step", step);
  uint32_t table = b.onVariable(variables.table);
  uint32_t m = b.onVariable(variables.m), v = b.onVariable(variables.v);
  uint32_t accum = b.onVariable(variables.accum);
  plan::AdamWParamsT adam;
  adam.beta1 = 0.9f;
  adam.beta2 = 0.999f;
  adam.eps = 1e-6f;
  adam.weight_decay = 0.01f;
  b.step(adam, {table, m, v, accum, rate, step}, {table, m, v, accum});
}

/// Every sum is the weighted sum of the first ids, so that the expected totals
/// are easy to say.
void addEvaluate(PlanBuilder &b, const TrainPlanShape &shape) {
  b.nextEntry("evaluate");
  uint32_t ids = b.arena({shape.batch, shape.sequence}, DType::I32);
  uint32_t weights = b.arena({shape.batch});
  b.input("input_ids", ids);
  b.input("example_weights", weights);
  uint32_t values = b.arena({shape.batch, shape.sequence});
  plan::UnaryParamsT cast;
  cast.kind = plan::UnaryKind::Cast;
  b.step(cast, {ids}, {values});
  uint32_t first = b.view(values, {shape.batch}, {shape.sequence});
  uint32_t weighted = b.arena({shape.batch});
  plan::BinaryParamsT multiply;
  multiply.kind = plan::BinaryKind::Mul;
  b.step(multiply, {first, weights}, {weighted});
  plan::ReduceParamsT sum;
  sum.axes = {0};
  uint32_t total = b.arena({}), count = b.arena({});
  b.step(sum, {weighted}, {total});
  b.step(sum, {weights}, {count});
  for (const char *name :
       {"masked_lm_loss_sum", "masked_lm_correct", "next_sentence_loss_sum",
        "next_sentence_correct", "total_loss"}) {
    b.output(name, total);
  }
  b.output("masked_lm_weight", count);
  b.output("next_sentence_count", count);
}

void addPredict(PlanBuilder &b, const Variables &variables,
                const TrainPlanShape &shape) {
  b.nextEntry("predict");
  uint32_t table = b.onVariable(variables.table);
  uint32_t ids = b.arena({shape.batch, shape.sequence}, DType::I32);
  b.input("input_ids", ids);
  uint32_t rows = b.arena({shape.batch, shape.sequence, shape.width});
  b.step(plan::GatherParamsT(), {table, ids}, {rows});
  b.output("rows", rows);
}

} // namespace

PlanBuilder trainPlan(const TrainPlanShape &shape) {
  PlanBuilder b;
  b.plan.entries.clear();
  b.plan.model->task = "pretrain";
  b.plan.model->mode = "train";
  b.plan.model->optimizer = "adamw";
  b.plan.model->batch_size = shape.batch;
  b.plan.model->max_seq_length = shape.sequence;
  b.plan.model->config_json =
      "{\"vocab_size\": " + std::to_string(shape.rows) + "}";
  Variables variables = addVariables(b, shape);
  addTrainStep(b, variables, shape, false);
  if (shape.exchange) {
    addTrainStep(b, variables, shape, true);
    auto bucket = std::make_unique<plan::BucketT>();
    bucket->variables = {variables.accum};
    b.plan.exchange = std::make_unique<plan::ExchangeT>();
    b.plan.exchange->workers = 2;
    b.plan.exchange->micro_batches = shape.microBatches;
    b.plan.exchange->buckets.push_back(std::move(bucket));
  }
  addApply(b, variables);
  addEvaluate(b, shape);
  addPredict(b, variables, shape);
  return b;
}

} // namespace bertc::test
