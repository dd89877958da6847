// SPDX-License-Identifier: Apache-2.0
#include "run/RowEntry.h"

#include "run/NamedTensors.h"
#include "run/TrainLoop.h"

#include <fmt/format.h>

namespace bertc {

Status RowEntry::run(const std::vector<BatchTensor> &tensors,
                     const std::vector<std::string> &outputs,
                     std::vector<std::vector<float>> *values) {
  const rt::EntryInfo &entry = *session_.plan().findEntry(entry_);
  rt::NamedInputs inputs;
  for (const BatchTensor &tensor : tensors) {
    if (entry.findInput(tensor.name)) {
      rt::DType dtype = tensor.isFloat ? rt::DType::F32 : rt::DType::I32;
      inputs.push_back({tensor.name, {dtype, tensor.shape, tensor.data()}});
    }
  }
  std::array<int32_t, 4> rng = rngInput(0, 0, true);
  if (entry.findInput("rng")) {
    inputs.push_back({"rng", {rt::DType::I32, {4}, rng.data()}});
  }
  rt::NamedOutputs wanted;
  bytes_.resize(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    const rt::TensorInfo *info = entry.findOutput(outputs[i]);
    if (!info) {
      return failedPrecondition(fmt::format("{}: entry {} puts out no {}",
                                            session_.plan().path(), entry_,
                                            outputs[i]));
    }
    bytes_[i].resize(static_cast<size_t>(rt::numElements(info->shape)) *
                     rt::dtypeBytes(info->dtype));
    wanted.push_back(
        {outputs[i], {info->dtype, info->shape, bytes_[i].data()}});
  }
  BERTC_RETURN_IF_ERROR(session_.run(entry_, inputs, wanted));
  values->resize(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    rt::DType dtype = wanted[i].second.dtype;
    (*values)[i].resize(bytes_[i].size() / rt::dtypeBytes(dtype));
    BERTC_RETURN_IF_ERROR(widenOutput(dtype, bytes_[i], &(*values)[i]));
  }
  return Status();
}

} // namespace bertc
