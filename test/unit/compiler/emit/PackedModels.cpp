// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/emit/PackedModels.h"

#include "compiler/interpret/Compare.h"
#include "test/unit/compiler/emit/PlanRunner.h"

#include <algorithm>
#include <set>

namespace bertc {

using interpret::Interpreter;
using interpret::Rounding;
using interpret::Tensor;
using interpret::TensorMap;

namespace {

constexpr uint64_t kSeed = 31;
constexpr int64_t kPlainPredictions = 8;
const char kConfig[] =
    BERTC_SOURCE_DIR "/test/golden/data/bert/gelu_padding/config.json";

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool isSlot(const std::string &name) {
  return name.find("/adam_") != std::string::npos || endsWith(name, "/accum");
}

/// What the entry takes of `batch` and besides.
StatusOr<TensorMap> inputsOf(mlir::func::FuncOp function, TensorMap batch,
                             const ModelOptions &model) {
  batch["rng"] = Tensor::zeros(DataType::I32, {4});
  batch["rng"][3] = 1; // dropout off
  batch["loss_scale"] = Tensor{DataType::F32, {}, {packedLossScale}};
  batch["example_weights"] = Tensor{DataType::F32,
                                    {model.batchSize},
                                    std::vector<double>(model.batchSize, 1)};
  TensorMap inputs;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::string name =
        function.getArgAttrOfType<mlir::StringAttr>(i, "bert.name").str();
    auto found = batch.find(name);
    if (found == batch.end()) {
      return internalError("no value for the input " + name);
    }
    inputs[name] = found->second;
  }
  return inputs;
}

StatusOr<TensorMap> runPlan(Compiler &compiler, const TensorMap &variables,
                            const std::string &entry, const TensorMap &inputs) {
  BERTC_ASSIGN_OR_RETURN(PlanRunner runner, PlanRunner::create(compiler, 1));
  TensorMap weights;
  for (const auto &[name, value] : variables) {
    if (!isSlot(name)) { // a new session's are 0
      weights[name] = value;
    }
  }
  BERTC_RETURN_IF_ERROR(runner.setVariables(weights));
  BERTC_ASSIGN_OR_RETURN(TensorMap results, runner.run(entry, inputs));
  if (entry == "train_step") {
    for (const auto &[name, value] : variables) {
      if (endsWith(name, "/accum")) {
        BERTC_ASSIGN_OR_RETURN(results[name], runner.variable(name));
      }
    }
  }
  return results;
}

} // namespace

StatusOr<TensorMap> runModel(const PackedEngine &engine,
                             const ModelOptions &model,
                             const std::string &entry, TensorMap batch) {
  CompileOptions options;
  options.configPath = kConfig;
  options.model = model;
  Compiler compiler(options);
  BERTC_RETURN_IF_ERROR(compiler.import());
  bool plan = engine.phase == Phase::Plan;
  BERTC_RETURN_IF_ERROR(
      compiler.runThrough(plan ? Phase::Optimizer : engine.phase));
  Interpreter interpreter(compiler.module(), Rounding::None);
  BERTC_RETURN_IF_ERROR(
      interpret::randomVariables(interpreter, compiler.module(), kSeed));
  TensorMap variables = interpreter.variables();
  for (auto &[name, value] : variables) {
    if (isSlot(name)) {
      value = Tensor::zeros(value.dtype, value.shape);
      BERTC_RETURN_IF_ERROR(interpreter.setVariable(name, value));
    }
  }
  BERTC_ASSIGN_OR_RETURN(
      TensorMap inputs,
      inputsOf(compiler.module().lookupSymbol<mlir::func::FuncOp>(entry),
               std::move(batch), model));
  if (plan) {
    return runPlan(compiler, variables, entry, inputs);
  }
  BERTC_ASSIGN_OR_RETURN(TensorMap results, interpreter.run(entry, inputs));
  if (entry == "train_step") {
    for (const auto &[name, value] : interpreter.variables()) {
      if (endsWith(name, "/accum")) {
        results[name] = value;
      }
    }
  }
  return results;
}

std::vector<SequenceRows> rowsBySequence(const TensorMap &results,
                                         const SamplePacks &packs,
                                         const ModelOptions &model) {
  const int64_t places = std::max<int64_t>(model.packed, 1);
  const int64_t predictions = model.maxPredictionsPerSeq + model.packed;
  std::vector<SequenceRows> all;
  for (size_t pack = 0; pack < packs.size(); ++pack) {
    int64_t offset = 0;
    int64_t column = 0;
    for (size_t k = 0; k < packs[pack].size(); ++k) {
      const auto length = static_cast<int64_t>(packs[pack][k].ids.size());
      const auto masked = static_cast<int64_t>(packs[pack][k].maskedIds.size());
      SequenceRows rows;
      for (const auto &[name, tensor] : results) {
        int64_t width = tensor.rowSize();
        int64_t begin = (pack * places + k) * width;
        int64_t count = width;
        if (name == "masked_lm_log_probs") {
          begin = (pack * predictions + column) * width;
          count = masked * width;
        } else if (endsWith(name, "_logits")) { // of spans
          begin += offset;
          count = length;
        }
        auto first = tensor.values.begin() + begin;
        rows[name] = std::vector<double>(first, first + count);
      }
      all.push_back(std::move(rows));
      offset += length;
      column += masked;
    }
  }
  return all;
}

UnpackedModel::UnpackedModel(const PackedEngine &engine, Task task,
                             const SamplePacks &packs)
    : engine_(engine) {
  std::map<size_t, Group> byLength;
  for (const auto &row : unpacked(packs)) {
    size_t length = task == Task::Squad ? row[0].ids.size() : 0;
    byLength[length].rows.push_back(row);
    byLength[length].numbers.push_back(sequences_++);
  }
  for (auto &[length, group] : byLength) {
    group.model.task = task;
    group.model.batchSize = static_cast<int64_t>(group.rows.size());
    group.model.maxPredictionsPerSeq = kPlainPredictions;
    group.model.maxSeqLength =
        length > 0 ? static_cast<int64_t>(length) : packedMostPositions;
    groups_.push_back(std::move(group));
  }
}

StatusOr<TensorMap> UnpackedModel::run(const std::string &entry) const {
  static const std::set<std::string> predictions = {
      "logits", "probabilities", "start_logits", "end_logits"};
  TensorMap all;
  for (const Group &group : groups_) {
    BERTC_ASSIGN_OR_RETURN(TensorMap results,
                           runModel(engine_, group.model, entry,
                                    batchOf(group.rows, group.model)));
    for (auto &[name, tensor] : results) {
      if (predictions.count(name) > 0) {
        continue;
      }
      bool sum = entry == "evaluate" && !endsWith(name, "_loss");
      double share = sum ? 1.0
                         : static_cast<double>(group.rows.size()) /
                               static_cast<double>(sequences_);
      Tensor &into =
          all.emplace(name, Tensor::zeros(tensor.dtype, tensor.shape))
              .first->second;
      for (int64_t i = 0; i < tensor.size(); ++i) {
        into[i] += share * tensor[i];
      }
    }
  }
  return all;
}

StatusOr<std::vector<SequenceRows>> UnpackedModel::predict() const {
  std::vector<SequenceRows> all(sequences_);
  for (const Group &group : groups_) {
    BERTC_ASSIGN_OR_RETURN(TensorMap results,
                           runModel(engine_, group.model, "predict",
                                    batchOf(group.rows, group.model)));
    std::vector<SequenceRows> rows =
        rowsBySequence(results, group.rows, group.model);
    for (size_t i = 0; i < rows.size(); ++i) {
      all[group.numbers[i]] = std::move(rows[i]);
    }
  }
  return all;
}

} // namespace bertc
