// SPDX-License-Identifier: Apache-2.0
//
// Checks the options, makes the module, and hands over to the task.

#include "models/Models.h"

#include "models/Tasks.h"

#include <fmt/format.h>

#include <algorithm>

namespace bertc {
namespace {

constexpr std::pair<Task, const char *> kTasks[] = {
    {Task::Pretrain, "pretrain"},
    {Task::Classify, "classify"},
    {Task::Squad, "squad"},
    {Task::Encode, "encode"},
};

Status checkRange(const char *option, int64_t value, int64_t least,
                  int64_t most) {
  if (value >= least && value <= most) {
    return Status::okStatus();
  }
  return invalidArgument(
      fmt::format("{} is {}, expected {} to {}", option, value, least, most));
}

/// Refuses sizes whose tensors no machine can hold, before products of them
/// overflow.
Status checkLargestTensor(const BertConfig &config,
                          const ModelOptions &options) {
  constexpr double kMost = 1ull << 40;
  const double rows = double(options.batchSize) * options.maxSeqLength;
  const double largest = std::max(
      {rows * std::max(config.hiddenSize, config.intermediateSize),
       rows * config.numAttentionHeads * options.maxSeqLength,
       double(options.batchSize) *
           (options.maxPredictionsPerSeq + options.packed) *
           (options.task == Task::Pretrain ? config.vocabSize : 0),
       double(options.batchSize) * options.numLabels *
           std::max<int64_t>(options.packed, 1),
       rows * options.packed, double(config.vocabSize) * config.hiddenSize,
       double(config.hiddenSize) * config.intermediateSize});
  if (largest <= kMost) {
    return Status::okStatus();
  }
  return invalidArgument(fmt::format(
      "the largest tensor of this model has {:.3g} elements, expected at most "
      "{:.3g}; reduce batch_size, max_seq_length or the model",
      largest, kMost));
}

/// The dictionary `bert.model`: what was compiled, for the plan.
mlir::DictionaryAttr describe(mlir::ModuleOp module, const BertConfig &config,
                              const ModelOptions &options) {
  mlir::OpBuilder b(module.getContext());
  int64_t parameters = 0;
  for (auto variable : module.getOps<bert::VariableOp>()) {
    parameters += variable.getTensorType().getNumElements();
  }
  const bool pretrain = options.task == Task::Pretrain;
  const bool classify = options.task == Task::Classify;
  auto named = [&](const char *name, mlir::Attribute value) {
    return b.getNamedAttr(name, value);
  };
  return b.getDictionaryAttr({
      named("task", b.getStringAttr(taskName(options.task))),
      named("mode", b.getStringAttr(modeName(options.mode))),
      named("batch_size", b.getI64IntegerAttr(options.batchSize)),
      named("max_seq_length", b.getI64IntegerAttr(options.maxSeqLength)),
      named("max_predictions_per_seq",
            b.getI64IntegerAttr(pretrain ? options.maxPredictionsPerSeq : 0)),
      named("num_labels",
            b.getI64IntegerAttr(classify ? options.numLabels : 0)),
      named("packed", b.getI64IntegerAttr(options.packed)),
      named("hidden_act", b.getStringAttr(hiddenActName(config.hiddenAct))),
      named("precision", b.getStringAttr(options.precision)),
      named("optimizer",
            b.getStringAttr(options.mode == Mode::Train ? options.optimizer
                                                        : "")),
      named("num_parameters", b.getI64IntegerAttr(parameters)),
      named("config_json", b.getStringAttr(config.json)),
  });
}

} // namespace

const char *taskName(Task task) {
  return kTasks[static_cast<size_t>(task)].second;
}

std::optional<Task> parseTask(std::string_view name) {
  for (const auto &[task, known] : kTasks) {
    if (name == known) {
      return task;
    }
  }
  return std::nullopt;
}

const char *modeName(Mode mode) {
  return mode == Mode::Train ? "train" : "infer";
}

std::optional<Mode> parseMode(std::string_view name) {
  for (Mode mode : {Mode::Train, Mode::Infer}) {
    if (name == modeName(mode)) {
      return mode;
    }
  }
  return std::nullopt;
}

Status checkModelOptions(const BertConfig &config,
                         const ModelOptions &options) {
  BERTC_RETURN_IF_ERROR(
      checkRange("batch_size", options.batchSize, 1, 1 << 20));
  BERTC_RETURN_IF_ERROR(checkSequenceLength(config, options.maxSeqLength));
  if (options.task == Task::Pretrain) {
    BERTC_RETURN_IF_ERROR(checkRange("max_predictions_per_seq",
                                     options.maxPredictionsPerSeq, 1,
                                     options.maxSeqLength));
  }
  if (options.task == Task::Classify) {
    BERTC_RETURN_IF_ERROR(
        checkRange("num_labels", options.numLabels, 2, 1 << 20));
  }
  if (options.packed != 0) {
    BERTC_RETURN_IF_ERROR(
        checkRange("packed", options.packed, 1, options.maxSeqLength));
  }
  if (options.packed != 0 && options.task == Task::Encode) {
    return invalidArgument(
        fmt::format("packed is {} for the task encode, expected pretrain, "
                    "classify or squad: its results have no sequences",
                    options.packed));
  }
  if (options.task == Task::Encode && options.mode == Mode::Train) {
    return invalidArgument("mode is train, expected infer: the task encode has "
                           "no loss to train with");
  }
  return checkLargestTensor(config, options);
}

StatusOr<mlir::OwningOpRef<mlir::ModuleOp>>
buildModel(mlir::MLIRContext &context, const BertConfig &config,
           const ModelOptions &options) {
  BERTC_RETURN_IF_ERROR(checkModelOptions(config, options));
  context.loadDialect<bert::BertDialect, mlir::func::FuncDialect>();
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  GraphBuilder graph(*module, config.initializerRange);
  ModelBuilder model{graph, config, options};
  switch (options.task) {
  case Task::Pretrain:
    buildPretrain(model);
    break;
  case Task::Classify:
    buildClassify(model);
    break;
  case Task::Squad:
    buildSquad(model);
    break;
  case Task::Encode:
    buildEncode(model);
    break;
  }
  (*module)->setAttr("bert.model", describe(*module, config, options));
  return module;
}

} // namespace bertc
