// SPDX-License-Identifier: Apache-2.0
#include "run/RandomInputs.h"

#include "support/Json.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <random>

namespace bertc {

namespace {

using Random = std::mt19937_64;

/// What bounds the values of inputs.
struct Bounds {
  int64_t vocabulary = 1;
  int64_t types = 1;
  int64_t sequence = 1;
  int64_t labels = 2;
  int64_t packed = 0;
};

StatusOr<Bounds> boundsOf(const rt::Plan &plan) {
  const rt::ModelInfo &model = plan.model();
  BERTC_ASSIGN_OR_RETURN(Json config, parseJson(model.configJson, plan.path()));
  Bounds bounds;
  BERTC_ASSIGN_OR_RETURN(bounds.vocabulary,
                         jsonInteger(config, "vocab_size", plan.path()));
  if (config.contains("type_vocab_size")) {
    BERTC_ASSIGN_OR_RETURN(bounds.types,
                           jsonInteger(config, "type_vocab_size", plan.path()));
  }
  bounds.sequence = std::max<int64_t>(1, model.maxSeqLength);
  bounds.labels = std::max<int64_t>(2, model.numLabels);
  bounds.packed = model.packed;
  return bounds;
}

/// First column of sequence `k` of a pack, from 0; they are of equal length.
int64_t sequenceStart(int64_t k, const Bounds &bounds) {
  return (k * bounds.sequence + bounds.packed - 1) / bounds.packed;
}

/// Value of element `index` of an integer input called `name`.
int64_t integerValue(const std::string &name, int64_t index,
                     const Bounds &bounds, Random &random) {
  auto below = [&](int64_t limit) {
    return static_cast<int64_t>(
        random() % static_cast<uint64_t>(std::max<int64_t>(1, limit)));
  };
  int64_t column = index % bounds.sequence;
  if (name == "input_ids" || name == "masked_lm_ids") {
    return below(bounds.vocabulary);
  }
  const bool packed = bounds.packed > 0;
  if (name == "input_mask") {
    // Packed: sequences of equal length, numbered from 1.
    return packed ? 1 + column * bounds.packed / bounds.sequence : 1;
  }
  if (name == "segment_ids") {
    return bounds.types > 1 && column >= bounds.sequence / 2 ? 1 : 0;
  }
  if (name == "positions") {
    int64_t own = packed ? column * bounds.packed / bounds.sequence : 0;
    return packed ? column - sequenceStart(own, bounds) : column;
  }
  if (packed &&
      (name == "next_sentence_positions" || name == "sequence_positions")) {
    return sequenceStart(index % bounds.packed, bounds);
  }
  if (name == "label_ids" || name == "next_sentence_labels") {
    return below(name == "label_ids" ? bounds.labels : 2);
  }
  if (name == "update_step") {
    return 1;
  }
  if (name == "rng") {
    return index < 2 ? below(int64_t{1} << 31) : 0;
  }
  bool position = name.find("position") != std::string::npos;
  return position ? below(bounds.sequence) : 0;
}

float floatValue(const std::string &name, Random &random) {
  if (name == "learning_rate") {
    return 1e-5f;
  }
  bool one = name == "loss_scale" || name.find("weights") != std::string::npos;
  return one ? 1.0f : static_cast<float>(random() % 2001) / 1000.0f - 1.0f;
}

} // namespace

StatusOr<RandomInputs> RandomInputs::make(const rt::Plan &plan,
                                          const std::string &entry,
                                          uint64_t seed) {
  const rt::EntryInfo *info = plan.findEntry(entry);
  if (!info) {
    return notFound(fmt::format("{}: no entry '{}'", plan.path(), entry));
  }
  BERTC_ASSIGN_OR_RETURN(Bounds bounds, boundsOf(plan));
  Random random(seed);
  RandomInputs result;
  for (const rt::TensorInfo &input : info->inputs) {
    Tensor tensor;
    tensor.info = input;
    int64_t count = rt::numElements(input.shape);
    tensor.bytes.resize(static_cast<size_t>(count) *
                        rt::dtypeBytes(input.dtype));
    for (int64_t i = 0; i < count; ++i) {
      uint8_t *target = tensor.bytes.data() +
                        static_cast<size_t>(i) * rt::dtypeBytes(input.dtype);
      if (input.dtype == rt::DType::F32) {
        float value = floatValue(input.name, random);
        std::memcpy(target, &value, sizeof(value));
      } else if (input.dtype == rt::DType::I32) {
        int32_t value =
            static_cast<int32_t>(integerValue(input.name, i, bounds, random));
        std::memcpy(target, &value, sizeof(value));
      }
    }
    result.tensors_.push_back(std::move(tensor));
  }
  return result;
}

rt::NamedInputs RandomInputs::inputs() const {
  rt::NamedInputs inputs;
  for (const Tensor &tensor : tensors_) {
    inputs.emplace_back(tensor.info.name,
                        rt::ConstTensorView(tensor.info.dtype,
                                            tensor.info.shape,
                                            tensor.bytes.data()));
  }
  return inputs;
}

} // namespace bertc
