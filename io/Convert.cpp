// SPDX-License-Identifier: Apache-2.0
//
// Conversion between weight files, one tensor at a time.
#include "io/Convert.h"
#include "io/Checkpoint.h"
#include "io/SafeTensors.h"
#include "io/VariableNames.h"
#include "io/WeightSource.h"

#include <algorithm>

namespace bertc {
namespace {

/// What becomes of one input tensor.
struct Plan {
  const TensorInfo *input = nullptr;
  TensorInfo output;
  bool transposed = false;
};

bool isSafeTensors(const std::string &path) {
  const std::string suffix = ".safetensors";
  return path.size() > suffix.size() &&
         path.compare(path.size() - suffix.size(), suffix.size(), suffix) == 0;
}

std::vector<Plan> makePlans(const WeightSource &source,
                            const ConvertOptions &options,
                            ConvertReport *report) {
  std::vector<Plan> plans;
  for (const TensorInfo &info : source.tensors()) {
    Plan plan = {&info, info, false};
    if (options.weightsOnly && isTrainingState(info.name)) {
      continue;
    }
    if (options.huggingFaceNames) {
      std::optional<MappedName> mapped =
          toHuggingFace(info.name, options.bareModel);
      if (!mapped || (mapped->transposed && info.shape.size() != 2)) {
        report->skipped.push_back(info.name);
        continue;
      }
      plan.output.name = mapped->name;
      plan.transposed = mapped->transposed;
      if (plan.transposed) {
        std::swap(plan.output.shape[0], plan.output.shape[1]);
      }
    }
    plans.push_back(std::move(plan));
  }
  return plans;
}

/// The bytes of one output tensor.
StatusOr<std::string> produce(const WeightSource &source, const Plan &plan) {
  BERTC_ASSIGN_OR_RETURN(std::string bytes, source.readRaw(plan.input->name));
  if (!plan.transposed) {
    return bytes;
  }
  std::string turned(bytes.size(), '\0');
  transposeBytes(bytes.data(), turned.data(), plan.input->shape[0],
                 plan.input->shape[1], dataTypeSize(plan.input->dtype));
  return turned;
}

Status writeAsSafeTensors(const WeightSource &source,
                          const std::vector<Plan> &plans,
                          const std::string &output,
                          const ConvertOptions &options,
                          ConvertReport *report) {
  std::vector<TensorInfo> infos;
  for (const Plan &plan : plans) {
    infos.push_back(plan.output);
  }
  std::map<std::string, std::string> metadata;
  if (options.huggingFaceNames) {
    metadata["format"] = "pt"; // Hugging Face's loader insists on it
  }
  BERTC_ASSIGN_OR_RETURN(SafeTensorsWriter writer,
                         SafeTensorsWriter::create(output, infos, metadata));
  for (const Plan &plan : plans) {
    BERTC_ASSIGN_OR_RETURN(std::string bytes, produce(source, plan));
    BERTC_RETURN_IF_ERROR(
        writer.write(plan.output.name, bytes.data(), bytes.size()));
    report->bytes += static_cast<int64_t>(bytes.size());
  }
  return writer.commit();
}

Status writeAsCheckpoint(const WeightSource &source,
                         const std::vector<Plan> &plans,
                         const std::string &output, ConvertReport *report) {
  BERTC_ASSIGN_OR_RETURN(CheckpointWriter writer,
                         CheckpointWriter::create(output));
  for (const Plan &plan : plans) { // in the order of the names, as it must be
    BERTC_ASSIGN_OR_RETURN(std::string bytes, produce(source, plan));
    BERTC_RETURN_IF_ERROR(writer.add(plan.output, bytes.data()));
    report->bytes += static_cast<int64_t>(bytes.size());
  }
  return writer.finish();
}

} // namespace

StatusOr<ConvertReport> convertWeights(const std::string &input,
                                       const std::string &output,
                                       const ConvertOptions &options) {
  const bool toSafeTensors = isSafeTensors(output);
  if (options.huggingFaceNames && !toSafeTensors) {
    return invalidArgument("Hugging Face names need an output ending in "
                           ".safetensors, found '" +
                           output + "'");
  }
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<WeightSource> source,
                         WeightSource::open(input));
  ConvertReport report;
  const std::vector<Plan> plans = makePlans(*source, options, &report);
  // What the source could not offer, such as tensors of strings.
  for (const std::string &name : source->unknown()) {
    if (source->find(name) == nullptr) {
      report.skipped.push_back(name);
    }
  }
  if (plans.empty()) {
    return failedPrecondition("'" + input + "' holds no tensor to convert");
  }
  BERTC_RETURN_IF_ERROR(
      toSafeTensors
          ? writeAsSafeTensors(*source, plans, output, options, &report)
          : writeAsCheckpoint(*source, plans, output, &report));
  report.tensors = static_cast<int64_t>(plans.size());
  return report;
}

} // namespace bertc
