// SPDX-License-Identifier: Apache-2.0
//
// Which inputs of an entry come from records, whether the records fit, and how
// one record becomes one row of a batch.
#include "io/Example.h"
#include "run/BatchStream.h"
#include "run/PackedRecords.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace bertc {

namespace {

bool suppliedByTheRun(const std::string &name) {
  static const std::array<const char *, 5> names = {
      "rng", "loss_scale", "learning_rate", "update_step", exampleWeightsName};
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Names of the flag behind a feature's length, for messages.
const char *lengthFlag(const BatchFeature &feature,
                       const rt::ModelInfo &model) {
  if (feature.valuesPerRow == model.maxSeqLength) {
    return "--max-seq-length";
  }
  if (feature.valuesPerRow == model.maxPredictionsPerSeq + model.packed) {
    return "--max-predictions-per-seq";
  }
  return nullptr;
}

/// The value that the flag has for `values` values of a feature: packs hold K
/// predictions more than it says.
size_t flagValue(const std::string &flag, size_t values, size_t packed) {
  bool predictions = flag == "--max-predictions-per-seq";
  return predictions && values > packed ? values - packed : values;
}

Status readRow(const FeatureView &view, const BatchFeature &feature,
               uint8_t *row) {
  if (feature.dtype == rt::DType::F32) {
    return view.readFloat(reinterpret_cast<float *>(row), feature.valuesPerRow);
  }
  return view.readInt32(reinterpret_cast<int32_t *>(row), feature.valuesPerRow);
}

/// Checks that a feature has as many values as the plan takes.
Status checkLength(const FeatureView &view, const BatchFeature &feature,
                   const BatchLayout &layout, const rt::ModelInfo &model) {
  size_t packed = layout.plainRecords ? 0 : model.packed;
  size_t expected =
      layout.plainRecords ? plainValues(feature, model) : feature.valuesPerRow;
  if (view.size() == expected) {
    return Status::okStatus();
  }
  const char *flag = lengthFlag(feature, model);
  std::string advice =
      flag ? fmt::format("make the records with {} {}, or compile the plan "
                         "with {} {}",
                         flag, flagValue(flag, expected, packed), flag,
                         flagValue(flag, view.size(), packed))
           : "make the records for this plan";
  return failedPrecondition(
      fmt::format("feature {} has {} values, the plan takes {}; {}",
                  feature.name, view.size(), expected, advice));
}

/// One feature of a record as a row of a batch.
Status decodeFeature(const ExampleView &example, const BatchFeature &feature,
                     const BatchLayout &layout, uint8_t *row) {
  if (layout.plainRecords) {
    return readPlainRow(example, feature, row);
  }
  BERTC_ASSIGN_OR_RETURN(const FeatureView *view,
                         example.require(feature.name));
  return readRow(*view, feature, row);
}

Status checkRecord(const ExampleView &example, const BatchLayout &layout,
                   const rt::ModelInfo &model) {
  if (model.task == "pretrain") {
    BERTC_ASSIGN_OR_RETURN(int64_t packed, packedSequences(example));
    BERTC_RETURN_IF_ERROR(
        checkPacking(packed, layout.packed, layout.plainRecords));
  }
  for (const BatchFeature &feature : layout.features) {
    if (!layout.plainRecords || plainValues(feature, model) > 0) {
      BERTC_ASSIGN_OR_RETURN(const FeatureView *view,
                             example.require(feature.name));
      BERTC_RETURN_IF_ERROR(checkLength(*view, feature, layout, model));
    }
    std::vector<uint8_t> row(feature.valuesPerRow *
                             rt::dtypeBytes(feature.dtype));
    BERTC_RETURN_IF_ERROR(decodeFeature(example, feature, layout, row.data()));
  }
  return Status::okStatus();
}

} // namespace

StatusOr<BatchLayout> batchLayout(const rt::Plan &plan,
                                  const std::string &entry) {
  const rt::EntryInfo *info = plan.findEntry(entry);
  if (!info) {
    return failedPrecondition(
        fmt::format("{}: no entry '{}'; compile the plan with --mode train",
                    plan.path(), entry));
  }
  BatchLayout layout;
  layout.batchSize = plan.model().batchSize;
  layout.packed = plan.model().packed;
  if (layout.batchSize == 0) {
    return corrupt(fmt::format("{}: batch size is 0", plan.path()));
  }
  for (const rt::TensorInfo &input : info->inputs) {
    if (input.name == exampleWeightsName) {
      layout.exampleWeights = true;
    }
    if (suppliedByTheRun(input.name)) {
      continue;
    }
    bool known = input.dtype == rt::DType::I32 || input.dtype == rt::DType::F32;
    if (!known || input.shape.empty() || input.shape[0] != layout.batchSize) {
      return corrupt(fmt::format(
          "{}: input {} of entry {} is {} {}, expected i32 or f32 with {} rows",
          plan.path(), input.name, entry, rt::dtypeName(input.dtype),
          rt::shapeString(input.shape), layout.batchSize));
    }
    BatchFeature feature;
    feature.name = input.name;
    feature.dtype = input.dtype;
    feature.shape = input.shape;
    feature.valuesPerRow =
        static_cast<size_t>(rt::numElements(input.shape) / layout.batchSize);
    layout.features.push_back(std::move(feature));
  }
  return layout;
}

Status checkRecords(const RecordSet &records, const BatchLayout &layout,
                    const rt::ModelInfo &model) {
  std::string buffer;
  std::string_view bytes;
  ExampleView example;
  for (size_t file = 0; file < records.numFiles(); ++file) {
    uint64_t first = records.firstRecordOf(file);
    if (first == records.firstRecordOf(file + 1)) {
      continue; // an empty file
    }
    BERTC_RETURN_IF_ERROR(records.read(first, &buffer, &bytes));
    Status status = example.parse(bytes);
    if (status.ok()) {
      status = checkRecord(example, layout, model);
    }
    BERTC_RETURN_IF_ERROR(status.annotate(records.describe(first)));
  }
  return Status::okStatus();
}

StatusOr<bool> recordsArePlain(const RecordSet &records) {
  std::string buffer;
  std::string_view bytes;
  ExampleView example;
  BERTC_RETURN_IF_ERROR(records.read(0, &buffer, &bytes));
  StatusOr<int64_t> packed = int64_t{0};
  Status status = example.parse(bytes);
  if (status.ok()) {
    packed = packedSequences(example);
    status = packed.status();
  }
  BERTC_RETURN_IF_ERROR(status.annotate(records.describe(0)));
  return *packed == 0;
}

rt::NamedInputs batchInputs(const BatchLayout &layout, const Batch &batch) {
  rt::NamedInputs inputs;
  for (size_t i = 0; i < layout.features.size(); ++i) {
    const BatchFeature &feature = layout.features[i];
    inputs.emplace_back(feature.name,
                        rt::ConstTensorView(feature.dtype, feature.shape,
                                            batch.buffers[i].data()));
  }
  if (layout.exampleWeights) {
    inputs.emplace_back(exampleWeightsName,
                        rt::ConstTensorView(rt::DType::F32, {layout.batchSize},
                                            batch.buffers.back().data()));
  }
  return inputs;
}

Status BatchStream::decodeRow(uint64_t record, uint32_t row,
                              std::string *scratch, Batch *batch) const {
  std::string_view bytes;
  BERTC_RETURN_IF_ERROR(records_->read(record, scratch, &bytes));
  static thread_local ExampleView example;
  Status status = example.parse(bytes);
  for (size_t i = 0; status.ok() && i < layout_.features.size(); ++i) {
    const BatchFeature &feature = layout_.features[i];
    size_t rowBytes = feature.valuesPerRow * rt::dtypeBytes(feature.dtype);
    status = decodeFeature(example, feature, layout_,
                           batch->buffers[i].data() + row * rowBytes);
    if (!status.ok()) {
      status = status.annotate(feature.name);
    }
  }
  return status.annotate(records_->describe(record));
}

} // namespace bertc
