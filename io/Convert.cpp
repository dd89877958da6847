// SPDX-License-Identifier: Apache-2.0
//
// Conversion between weight files, one tensor at a time.
#include "io/Checkpoint.h"
#include "io/ConvertPlan.h"
#include "io/VariableNames.h"

#include <algorithm>

namespace bertc {
namespace {

bool isSafeTensors(const std::string &path) {
  const std::string suffix = ".safetensors";
  return path.size() > suffix.size() &&
         path.compare(path.size() - suffix.size(), suffix.size(), suffix) == 0;
}

/// The bytes of one output tensor.
StatusOr<std::string> produce(const WeightSource &source,
                              const ConvertPlan &plan) {
  BERTC_ASSIGN_OR_RETURN(std::string bytes, source.readRaw(plan.input->name));
  if (!plan.transposed) {
    return bytes;
  }
  std::string turned(bytes.size(), '\0');
  transposeBytes(bytes.data(), turned.data(), plan.input->shape[0],
                 plan.input->shape[1], dataTypeSize(plan.input->dtype));
  return turned;
}

Status writeAsCheckpoint(const WeightSource &source,
                         const std::vector<ConvertPlan> &plans,
                         const std::string &output, ConvertReport *report) {
  BERTC_ASSIGN_OR_RETURN(CheckpointWriter writer,
                         CheckpointWriter::create(output));
  // In the order of the names, as it must be.
  for (const ConvertPlan &plan : plans) {
    BERTC_ASSIGN_OR_RETURN(std::string bytes, produce(source, plan));
    BERTC_RETURN_IF_ERROR(writer.add(plan.output, bytes.data()));
    report->bytes += static_cast<int64_t>(bytes.size());
  }
  return writer.finish();
}

} // namespace

std::vector<ConvertPlan> makeConvertPlans(const WeightSource &source,
                                          const ConvertOptions &options,
                                          ConvertReport *report) {
  std::vector<ConvertPlan> plans;
  for (const TensorInfo &info : source.tensors()) {
    ConvertPlan plan = {&info, info, false};
    if (isTrainingState(info.name) &&
        (options.weightsOnly || options.huggingFaceNames)) {
      ++report->stateTensors;
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
  // What the source could not offer, such as tensors of strings.
  for (const std::string &name : source.unknown()) {
    if (source.find(name) == nullptr) {
      report->skipped.push_back(name);
    }
  }
  return plans;
}

Status writeAsSafeTensors(const WeightSource &source,
                          const std::vector<ConvertPlan> &plans,
                          const std::string &output, bool huggingFace,
                          ConvertReport *report) {
  std::vector<TensorInfo> infos;
  for (const ConvertPlan &plan : plans) {
    infos.push_back(plan.output);
  }
  std::map<std::string, std::string> metadata;
  if (huggingFace) {
    metadata["format"] = "pt"; // Hugging Face's loader insists on it
  }
  BERTC_ASSIGN_OR_RETURN(SafeTensorsWriter writer,
                         SafeTensorsWriter::create(output, infos, metadata));
  for (const ConvertPlan &plan : plans) {
    BERTC_ASSIGN_OR_RETURN(std::string bytes, produce(source, plan));
    BERTC_RETURN_IF_ERROR(
        writer.write(plan.output.name, bytes.data(), bytes.size()));
    report->bytes += static_cast<int64_t>(bytes.size());
  }
  return writer.commit();
}

StatusOr<ConvertReport> convertWeights(const std::string &input,
                                       const std::string &output,
                                       const ConvertOptions &options) {
  const bool toSafeTensors = isSafeTensors(output);
  if (options.huggingFaceNames && !toSafeTensors) {
    return invalidArgument("Hugging Face names need an output ending in "
                           ".safetensors, found '" +
                           output + "'");
  }
  if (directoryExists(output)) {
    return invalidArgument("'" + output +
                           "' is a folder, expected a name ending in "
                           ".safetensors or a checkpoint prefix such as '" +
                           joinPath(output, "model.ckpt") + "'");
  }
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<WeightSource> source,
                         WeightSource::open(input));
  ConvertReport report;
  const std::vector<ConvertPlan> plans =
      makeConvertPlans(*source, options, &report);
  if (plans.empty()) {
    return failedPrecondition("'" + input + "' holds no tensor to convert");
  }
  BERTC_RETURN_IF_ERROR(
      toSafeTensors ? writeAsSafeTensors(*source, plans, output,
                                         options.huggingFaceNames, &report)
                    : writeAsCheckpoint(*source, plans, output, &report));
  report.tensors = static_cast<int64_t>(plans.size());
  return report;
}

} // namespace bertc
