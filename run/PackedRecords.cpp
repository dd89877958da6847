// SPDX-License-Identifier: Apache-2.0
#include "run/PackedRecords.h"

#include "io/PackingMetadata.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace bertc {

namespace {

/// Features that only packs have.
constexpr char positionsName[] = "positions";
constexpr char firstTokensName[] = "next_sentence_positions";
constexpr char weightsName[] = "next_sentence_weights";

/// Records that are read when no metadata file says how they are packed.
constexpr uint64_t sampledRecords = 4096;

/// The feature of the same name copied to the front of the row; the rest stays
/// 0.
template <typename T>
Status copyFront(const FeatureView &view, const BatchFeature &feature, T *row) {
  size_t count = std::min(view.size(), feature.valuesPerRow);
  if constexpr (std::is_same_v<T, float>) {
    return view.readFloat(row, count);
  } else {
    return view.readInt32(row, count);
  }
}

/// Average number of sequences of records spread evenly over the set.
StatusOr<double> countedSequences(const RecordSet &records, uint64_t *counted) {
  *counted = std::min(records.size(), sampledRecords);
  std::string buffer;
  std::string_view bytes;
  ExampleView example;
  uint64_t sequences = 0;
  for (uint64_t i = 0; i < *counted; ++i) {
    uint64_t record = i * records.size() / *counted;
    BERTC_RETURN_IF_ERROR(records.read(record, &buffer, &bytes));
    Status status = example.parse(bytes);
    if (status.ok()) {
      StatusOr<const FeatureView *> weights = example.require(weightsName);
      status = weights.status();
      for (float weight :
           status.ok() ? (*weights)->floats() : std::vector<float>()) {
        sequences += weight > 0 ? 1 : 0;
      }
    }
    BERTC_RETURN_IF_ERROR(status.annotate(records.describe(record)));
  }
  return std::max(1.0, static_cast<double>(sequences) /
                           static_cast<double>(*counted));
}

} // namespace

StatusOr<int64_t> packedSequences(const ExampleView &example) {
  const FeatureView *first = example.find(firstTokensName);
  const FeatureView *positions = example.find(positionsName);
  if (!first && !positions) {
    return int64_t{0};
  }
  if (!first || !positions || first->size() == 0) {
    return corrupt(fmt::format(
        "a packed record has the features {} and {}, this one has no {}",
        positionsName, firstTokensName,
        positions ? firstTokensName : positionsName));
  }
  return static_cast<int64_t>(first->size());
}

Status checkPacking(int64_t packed, int64_t planned, bool plainFits) {
  if (packed == planned || (packed == 0 && plainFits)) {
    return Status::okStatus();
  }
  if (planned == 0) {
    return failedPrecondition(fmt::format(
        "records are packed, up to {0} sequences each, the plan was compiled "
        "without --packed; compile it with --packed {0}",
        packed));
  }
  if (packed == 0) {
    return failedPrecondition(fmt::format(
        "records are not packed, the plan was compiled with --packed {}; pack "
        "them with bert-data pack, or compile the plan without --packed",
        planned));
  }
  return failedPrecondition(fmt::format(
      "records are packed, up to {0} sequences each, the plan was compiled "
      "with --packed {1}; compile it with --packed {0}, or pack the records "
      "with --max-sequences-per-pack {1}",
      packed, planned));
}

size_t plainValues(const BatchFeature &feature, const rt::ModelInfo &model) {
  if (feature.name == positionsName || feature.name == firstTokensName ||
      feature.name == weightsName) {
    return 0;
  }
  if (feature.name == "next_sentence_labels") {
    return 1;
  }
  bool predicted = feature.name.compare(0, 10, "masked_lm_") == 0;
  return predicted ? model.maxPredictionsPerSeq : feature.valuesPerRow;
}

Status readPlainRow(const ExampleView &example, const BatchFeature &feature,
                    uint8_t *row) {
  std::memset(row, 0, feature.valuesPerRow * rt::dtypeBytes(feature.dtype));
  auto *integers = reinterpret_cast<int32_t *>(row);
  auto *floats = reinterpret_cast<float *>(row);
  if (feature.name == positionsName) {
    for (size_t i = 0; i < feature.valuesPerRow; ++i) {
      integers[i] = static_cast<int32_t>(i);
    }
    return Status::okStatus();
  }
  if (feature.name == firstTokensName) {
    return Status::okStatus();
  }
  if (feature.name == weightsName) {
    floats[0] = 1.0f;
    return Status::okStatus();
  }
  BERTC_ASSIGN_OR_RETURN(const FeatureView *view,
                         example.require(feature.name));
  return feature.dtype == rt::DType::F32 ? copyFront(*view, feature, floats)
                                         : copyFront(*view, feature, integers);
}

uint32_t sequencesOfRow(const int32_t *mask, size_t positions) {
  int32_t most = 0;
  for (size_t i = 0; i < positions; ++i) {
    most = std::max(most, mask[i]);
  }
  return static_cast<uint32_t>(most);
}

StatusOr<double> expectedSequences(const std::vector<std::string> &inputs,
                                   const RecordSet &records,
                                   std::string *source) {
  std::string path = findPackingMetadata(inputs);
  if (!path.empty()) {
    BERTC_ASSIGN_OR_RETURN(PackingMetadata metadata, readPackingMetadata(path));
    *source = path;
    return metadata.expectedSequences;
  }
  uint64_t counted = 0;
  BERTC_ASSIGN_OR_RETURN(double average, countedSequences(records, &counted));
  *source =
      fmt::format("no metadata file found, counted in {} records", counted);
  return average;
}

int64_t packedAccumulationSteps(int64_t asked, double expectedSequences) {
  // To the nearest, ties to even.
  double steps = std::nearbyint(static_cast<double>(asked) / expectedSequences);
  return std::max<int64_t>(1, static_cast<int64_t>(steps));
}

} // namespace bertc
