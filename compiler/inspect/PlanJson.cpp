// SPDX-License-Identifier: Apache-2.0
//
// A plan as JSON. Keys follow plan.fbs.

#include "compiler/inspect/GraphReport.h"
#include "compiler/inspect/PlanExchange.h"
#include "compiler/inspect/PlanMemory.h"
#include "compiler/inspect/PlanPrecision.h"
#include "compiler/inspect/PlanReport.h"
#include "compiler/inspect/PlanStatistics.h"

namespace bertc {

namespace {

template <typename Vector> Json numbers(const Vector *values) {
  Json list = Json::array();
  if (values != nullptr) {
    for (auto value : *values) {
      list.push_back(value);
    }
  }
  return list;
}

const char *dtypeText(plan::DType dtype) {
  return rt::dtypeName(static_cast<rt::DType>(dtype));
}

Json modelJson(const rt::ModelInfo &model) {
  return {{"task", model.task},
          {"mode", model.mode},
          {"batch_size", model.batchSize},
          {"max_seq_length", model.maxSeqLength},
          {"max_predictions_per_seq", model.maxPredictionsPerSeq},
          {"num_labels", model.numLabels},
          {"packed", model.packed},
          {"hidden_act", model.hiddenAct},
          {"precision", model.precision},
          {"optimizer", model.optimizer},
          {"num_parameters", model.numParameters},
          {"config_json", model.configJson}};
}

Json memoryJson(const plan::Plan &plan) {
  if (hasGraphs(plan)) {
    return deviceMemoryJson(plan);
  }
  return {{"state_bytes", plan.state_bytes()},
          {"arena_bytes", plan.arena_bytes()},
          {"packed_bytes", packedBytes(plan)},
          {"constant_bytes",
           plan.constants() == nullptr ? 0 : plan.constants()->size()},
          {"peak_bytes", plan.peak_bytes()},
          {"expected_bytes_here", expectedBytesHere(plan)}};
}

Json variablesJson(const plan::Plan &plan) {
  Json list = Json::array();
  for (const plan::Variable *variable : *plan.variables()) {
    list.push_back(
        {{"name", variable->name()->str()},
         {"dtype", dtypeText(variable->dtype())},
         {"shape", numbers(variable->shape())},
         {"role", plan::EnumNameVariableRole(variable->role())},
         {"owner", plan.variables()->Get(variable->owner())->name()->str()},
         {"trainable", variable->trainable()},
         {"decay", variable->decay()},
         {"init", plan::EnumNameInitKind(variable->init())},
         {"init_value", variable->init_value()},
         {"offset", variable->offset()}});
  }
  return list;
}

Json packedJson(const plan::Plan &plan) {
  Json list = Json::array();
  for (const plan::PackedWeight *weight : *plan.packed_weights()) {
    list.push_back(
        {{"variable", plan.variables()->Get(weight->variable())->name()->str()},
         {"transposed", weight->transposed()},
         {"k", weight->k()},
         {"n", weight->n()},
         {"m", weight->m()},
         {"dtype", dtypeText(weight->dtype())},
         {"max_bytes", weight->max_bytes()}});
  }
  return list;
}

template <typename Bindings>
Json bindingsJson(const plan::Entry &entry, const Bindings &bindings) {
  Json list = Json::array();
  for (const plan::Binding *binding : bindings) {
    const plan::Tensor &tensor = *entry.tensors()->Get(binding->tensor());
    list.push_back({{"name", binding->name()->str()},
                    {"dtype", dtypeText(tensor.dtype())},
                    {"shape", numbers(tensor.shape())},
                    {"tensor", binding->tensor()}});
  }
  return list;
}

Json tensorsJson(const plan::Entry &entry) {
  Json list = Json::array();
  for (const plan::Tensor *tensor : *entry.tensors()) {
    Json item = {{"dtype", dtypeText(tensor->dtype())},
                 {"shape", numbers(tensor->shape())},
                 {"storage", plan::EnumNameStorage(tensor->storage())},
                 {"index", tensor->index()},
                 {"offset", tensor->offset()}};
    if (tensor->strides() != nullptr && tensor->strides()->size() > 0) {
      item["strides"] = numbers(tensor->strides());
    }
    list.push_back(std::move(item));
  }
  return list;
}

/// Operands; null for a missing one.
template <typename Vector> Json operandsJson(const Vector &operands) {
  Json list = Json::array();
  for (uint32_t index : operands) {
    list.push_back(index == rt::kNoOperand ? Json(nullptr) : Json(index));
  }
  return list;
}

Json stepsJson(const plan::Entry &entry) {
  Json list = Json::array();
  for (const plan::Step *step : *entry.steps()) {
    list.push_back(
        {{"kind", stepKind(*step)},
         {"scope", step->scope() ? step->scope()->str() : ""},
         {"inputs", operandsJson(*step->inputs())},
         {"outputs", operandsJson(*step->outputs())},
         {"flops", step->flops()},
         {"bytes", stepBytes(entry, *step)},
         {"types", stepTypes(entry, *step)},
         {"precision_reason",
          step->precision_reason() ? step->precision_reason()->str() : ""}});
  }
  return list;
}

Json kindsJson(const plan::Entry &entry) {
  Json list = Json::array();
  for (const KindStatistics &kind : kindStatistics(entry)) {
    list.push_back({{"kind", kind.kind},
                    {"steps", kind.steps},
                    {"flops", kind.flops},
                    {"bytes", kind.bytes}});
  }
  return list;
}

Json arenaJson(const plan::Entry &entry) {
  Json list = Json::array();
  for (const ArenaInterval &interval : arenaMap(entry)) {
    list.push_back({{"tensor", interval.tensor},
                    {"offset", interval.offset},
                    {"bytes", interval.bytes},
                    {"first_step", interval.first},
                    {"last_step", interval.last},
                    {"scope", interval.scope}});
  }
  return list;
}

uint64_t entryBytes(const plan::Entry &entry) {
  uint64_t bytes = 0;
  for (const plan::Step *step : *entry.steps()) {
    bytes += stepBytes(entry, *step);
  }
  return bytes;
}

Json entryHead(const plan::Plan &plan, const plan::Entry &entry) {
  if (hasGraphs(plan)) {
    return graphEntryHeadJson(plan, entry);
  }
  return {{"name", entry.name()->str()},
          {"num_steps", entry.steps()->size()},
          {"flops", entry.flops()},
          {"bytes", entryBytes(entry)},
          {"arena_bytes", entry.arena_bytes()},
          {"steps_by_kind", kindsJson(entry)}};
}

} // namespace

Json planJson(const rt::PlanFile &file) {
  const plan::Plan &plan = file.root();
  Json document = jsonDocument("plan", 1);
  document["file"] = file.path();
  document["file_bytes"] = file.fileBytes();
  document["sha256"] = file.sha256();
  document["plan_schema_version"] = plan.schema_version();
  document["producer"] = file.producer();
  document["target"] = plan.target()->str();
  document["cpu_isa"] = file.cpuIsa();
  document["bf16_products_here"] = bf16Products();
  document["model"] = modelJson(file.model());
  document["memory"] = memoryJson(plan);
  document["variables"] = variablesJson(plan);
  document["packed_weights"] = packedJson(plan);
  document["exchange"] = exchangeJson(plan);
  document["entries"] = Json::array();
  for (const plan::Entry *entry : *plan.entries()) {
    Json item = entryHead(plan, *entry);
    item["inputs"] = bindingsJson(*entry, *entry->inputs());
    item["outputs"] = bindingsJson(*entry, *entry->outputs());
    if (hasGraphs(plan)) {
      item["tensors"] = tensorsJson(*entry);
      item.update(graphsJson(*entry));
      document["entries"].push_back(std::move(item));
      continue;
    }
    item["arena"] = arenaJson(*entry);
    item["tensors"] = tensorsJson(*entry);
    item["steps"] = stepsJson(*entry);
    document["entries"].push_back(std::move(item));
  }
  return document;
}

Json summaryJson(const rt::PlanFile &file, double seconds) {
  Json document = jsonDocument("compile", 1);
  document["num_parameters"] = file.model().numParameters;
  document["target"] = file.root().target()->str();
  document["cpu_isa"] = file.cpuIsa();
  document["plan_bytes"] = file.fileBytes();
  document["memory"] = memoryJson(file.root());
  document["exchange"] = exchangeJson(file.root());
  document["compile_seconds"] = seconds;
  document["entries"] = Json::array();
  for (const plan::Entry *entry : *file.root().entries()) {
    document["entries"].push_back(entryHead(file.root(), *entry));
  }
  return document;
}

} // namespace bertc
