// SPDX-License-Identifier: Apache-2.0
#include "run/NamedTensors.h"

#include "run/BatchStream.h"
#include "run/ModelState.h"
#include "run/TrainLoop.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <limits>

namespace bertc {

namespace {

std::string describe(const rt::TensorInfo &input) {
  return fmt::format("{} {}", rt::dtypeName(input.dtype),
                     rt::shapeString(input.shape));
}

std::vector<std::string> namesOf(const std::vector<rt::TensorInfo> &tensors) {
  std::vector<std::string> names;
  for (const rt::TensorInfo &tensor : tensors) {
    names.push_back(tensor.name);
  }
  return names;
}

std::vector<uint8_t> onesF32(int64_t count) {
  std::vector<float> ones(static_cast<size_t>(count), 1.0f);
  std::vector<uint8_t> bytes(ones.size() * sizeof(float));
  std::memcpy(bytes.data(), ones.data(), bytes.size());
  return bytes;
}

} // namespace

StatusOr<EntryInputs> EntryInputs::open(const rt::EntryInfo &entry,
                                        const std::string &path, uint64_t seed,
                                        bool deterministic) {
  EntryInputs result;
  if (!path.empty()) {
    BERTC_ASSIGN_OR_RETURN(result.file_, SafeTensorsFile::open(path));
  }
  for (const TensorView &tensor : result.file_.tensors()) {
    if (!entry.findInput(tensor.info.name)) {
      return invalidArgument(fmt::format(
          "{}: tensor {} is no input of entry {}, which takes {}", path,
          tensor.info.name, entry.name, listNames(namesOf(entry.inputs), 20)));
    }
  }
  std::vector<std::string> missing;
  for (const rt::TensorInfo &input : entry.inputs) {
    const TensorView *tensor = result.file_.find(input.name);
    if (tensor) {
      BERTC_RETURN_IF_ERROR(result.addFromFile(input, *tensor).annotate(path));
    } else if (!result.supply(input, seed, deterministic)) {
      missing.push_back(fmt::format("{} ({})", input.name, describe(input)));
    }
  }
  if (!missing.empty()) {
    return invalidArgument(fmt::format("{}: entry {} also needs {}",
                                       path.empty() ? "no --input" : path,
                                       entry.name, listNames(missing, 20)));
  }
  return result;
}

void EntryInputs::addOwned(const rt::TensorInfo &input,
                           std::vector<uint8_t> bytes) {
  owned_.push_back(std::move(bytes));
  inputs_.emplace_back(input.name, rt::ConstTensorView(input.dtype, input.shape,
                                                       owned_.back().data()));
}

bool EntryInputs::supply(const rt::TensorInfo &input, uint64_t seed,
                         bool deterministic) {
  bool isRng = input.name == "rng" && input.dtype == rt::DType::I32 &&
               rt::numElements(input.shape) == 4;
  bool isOne =
      (input.name == "loss_scale" || input.name == exampleWeightsName) &&
      input.dtype == rt::DType::F32;
  if (!isRng && !isOne) {
    return false;
  }
  if (isRng) {
    std::array<int32_t, 4> rng = rngInput(seed, 0, deterministic);
    std::vector<uint8_t> bytes(sizeof(rng));
    std::memcpy(bytes.data(), rng.data(), bytes.size());
    addOwned(input, std::move(bytes));
  } else {
    addOwned(input, onesF32(rt::numElements(input.shape)));
  }
  supplied_.push_back(input.name);
  return true;
}

Status EntryInputs::addFromFile(const rt::TensorInfo &input,
                                const TensorView &tensor) {
  bool narrowed =
      tensor.info.dtype == DataType::I64 && input.dtype == rt::DType::I32;
  if (tensor.info.shape != input.shape ||
      (tensor.info.dtype != fileType(input.dtype) && !narrowed)) {
    return invalidArgument(
        fmt::format("{} is {} {}, the plan takes {}", input.name,
                    dataTypeName(tensor.info.dtype),
                    shapeToString(tensor.info.shape), describe(input)));
  }
  bool aligned =
      reinterpret_cast<uintptr_t>(tensor.data) % rt::dtypeBytes(input.dtype) ==
      0;
  if (!narrowed && aligned) {
    inputs_.emplace_back(
        input.name, rt::ConstTensorView(input.dtype, input.shape, tensor.data));
    return Status::okStatus();
  }
  if (!narrowed) {
    addOwned(input, {tensor.data, tensor.data + tensor.bytes});
    return Status::okStatus();
  }
  std::vector<uint8_t> bytes(tensor.bytes / 2);
  for (size_t i = 0; i < bytes.size() / 4; ++i) {
    int64_t wide = 0;
    std::memcpy(&wide, tensor.data + 8 * i, sizeof(wide));
    if (wide < std::numeric_limits<int32_t>::min() ||
        wide > std::numeric_limits<int32_t>::max()) {
      return invalidArgument(
          fmt::format("{}: element {} is {}, the plan takes 32-bit values",
                      input.name, i, wide));
    }
    int32_t value = static_cast<int32_t>(wide);
    std::memcpy(bytes.data() + 4 * i, &value, sizeof(value));
  }
  addOwned(input, std::move(bytes));
  return Status::okStatus();
}

StatusOr<std::vector<TensorSource>> outputSources(rt::Session &session,
                                                  const rt::EntryInfo &entry) {
  std::vector<TensorSource> sources;
  for (const rt::TensorInfo &output : entry.outputs) {
    BERTC_ASSIGN_OR_RETURN(rt::ConstTensorView view,
                           session.outputBuffer(entry.name, output.name));
    sources.push_back(
        {{output.name, fileType(output.dtype), output.shape}, view.data});
  }
  return sources;
}

Status widenOutput(rt::DType dtype, const std::vector<uint8_t> &bytes,
                   std::vector<float> *values) {
  if (dtype == rt::DType::F32) {
    std::memcpy(values->data(), bytes.data(), bytes.size());
    return Status();
  }
  if (dtype != rt::DType::BF16) {
    return internalError(
        fmt::format("an output of {}, expected f32", rt::dtypeName(dtype)));
  }
  for (size_t i = 0; i < values->size(); ++i) {
    uint16_t half = 0;
    std::memcpy(&half, bytes.data() + 2 * i, sizeof(half));
    uint32_t wide = static_cast<uint32_t>(half) << 16;
    std::memcpy(values->data() + i, &wide, sizeof(wide));
  }
  return Status();
}

} // namespace bertc
