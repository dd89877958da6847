// SPDX-License-Identifier: Apache-2.0
#include "run/TextModel.h"

#include "io/Files.h"
#include "run/ModelState.h"
#include "run/NamedTensors.h"
#include "run/Pretrain.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <thread>

namespace bertc {

namespace {

Status checkTask(const rt::Plan &plan, const std::string &task) {
  const rt::ModelInfo &model = plan.model();
  if (model.task != task) {
    return failedPrecondition(fmt::format(
        "{}: the plan is of task {}, expected {}; compile one with --task {}",
        plan.path(), model.task, task, task));
  }
  if (!plan.findEntry("predict")) {
    return failedPrecondition(
        fmt::format("{}: the plan has no entry predict", plan.path()));
  }
  return Status();
}

bool startsWithAny(const std::string &name,
                   const std::vector<std::string> &prefixes) {
  return std::any_of(
      prefixes.begin(), prefixes.end(),
      [&](const std::string &prefix) { return name.rfind(prefix, 0) == 0; });
}

} // namespace

TextModel::TextModel(TextModelOptions options, rt::Plan plan,
                     Vocabulary vocabulary)
    : options_(std::move(options)), plan_(std::move(plan)),
      tokenizer_(std::move(vocabulary), options_.tokenizer) {}

StatusOr<std::unique_ptr<TextModel>>
TextModel::open(const TextModelOptions &options) {
  BERTC_ASSIGN_OR_RETURN(rt::Plan plan, rt::Plan::load(options.plan));
  BERTC_RETURN_IF_ERROR(checkTask(plan, options.task));
  PlanExpectations expected;
  expected.maxSeqLength = options.maxSeqLength;
  BERTC_RETURN_IF_ERROR(checkExpectations(plan, expected));
  BERTC_ASSIGN_OR_RETURN(Vocabulary vocabulary,
                         Vocabulary::load(options.vocabFile));
  BERTC_RETURN_IF_ERROR(checkVocabulary(plan, vocabulary, options.vocabFile));
  std::string config = joinPath(options.weights, "config.json");
  if (directoryExists(options.weights) && fileExists(config)) {
    BERTC_RETURN_IF_ERROR(checkModelConfig(plan, config));
  }
  return std::unique_ptr<TextModel>(
      new TextModel(options, std::move(plan), std::move(vocabulary)));
}

Status TextModel::load(size_t batches) {
  rt::SessionOptions sessionOptions =
      options_.device.session(options_.threads, options_.quiet);
  // Packing costs about as much as it saves in this many runs.
  constexpr size_t kManyRuns = 8;
  sessionOptions.packWeights = batches >= kManyRuns;
  BERTC_ASSIGN_OR_RETURN(session_, rt::Session::create(plan_, sessionOptions));
  BERTC_ASSIGN_OR_RETURN(LoadReport report,
                         bindVariables(*session_, options_.weights, &weights_));
  std::vector<std::string> &missing = report.missing;
  missing.erase(std::remove_if(missing.begin(), missing.end(),
                               [&](const std::string &name) {
                                 return startsWithAny(name, options_.unneeded);
                               }),
                missing.end());
  if (!missing.empty()) {
    return failedPrecondition(fmt::format("{}: lacks {}, which the plan has",
                                          options_.weights,
                                          listNames(missing, 10)));
  }
  if (!report.unused.empty()) {
    say(fmt::format("note: {}: not used by this plan: {}", options_.weights,
                    listNames(report.unused)));
  }
  return Status();
}

Status TextModel::predict(const std::vector<const BatchTensor *> &tensors,
                          const std::string &output,
                          std::vector<float> *values) {
  rt::NamedInputs inputs;
  for (const BatchTensor *tensor : tensors) {
    if (entry().findInput(tensor->name)) {
      rt::DType dtype = tensor->isFloat ? rt::DType::F32 : rt::DType::I32;
      inputs.push_back({tensor->name, {dtype, tensor->shape, tensor->data()}});
    }
  }
  const rt::TensorInfo *info = entry().findOutput(output);
  if (!info) {
    return failedPrecondition(
        fmt::format("{}: entry predict puts out no {}", plan_.path(), output));
  }
  auto count = static_cast<size_t>(rt::numElements(info->shape));
  values->resize(count);
  bytes_.resize(count * rt::dtypeBytes(info->dtype));
  BERTC_RETURN_IF_ERROR(
      session_->run("predict", inputs,
                    {{output, {info->dtype, info->shape, bytes_.data()}}}));
  return widenOutput(info->dtype, bytes_, values);
}

RowBatch::Shape TextModel::shape() const {
  return {static_cast<int>(plan_.model().batchSize),
          static_cast<int>(plan_.model().maxSeqLength)};
}

int TextModel::jobs() const {
  if (options_.threads > 0) {
    return options_.threads;
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

void TextModel::say(const std::string &line) const {
  if (!options_.quiet) {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

} // namespace bertc
