// SPDX-License-Identifier: Apache-2.0
#include "test/unit/models/GoldenCase.h"

#include "io/SafeTensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

namespace bertc {

using interpret::Tensor;
using interpret::TensorMap;

GoldenCase::GoldenCase(const std::string &name)
    : folder_(BERTC_SOURCE_DIR "/test/golden/data/bert/" + name + "/") {}

CompileOptions GoldenCase::options() const {
  CompileOptions options;
  options.configPath = folder_ + "config.json";
  std::ifstream file(folder_ + "flags.txt");
  std::string flag;
  std::string value;
  ModelOptions &model = options.model;
  while (file >> flag >> value) {
    if (flag == "--task") {
      model.task = parseTask(value).value();
    } else if (flag == "--batch-size") {
      model.batchSize = std::stoll(value);
    } else if (flag == "--max-seq-length") {
      model.maxSeqLength = std::stoll(value);
    } else if (flag == "--max-predictions-per-seq") {
      model.maxPredictionsPerSeq = std::stoll(value);
    } else if (flag == "--num-labels") {
      model.numLabels = std::stoll(value);
    } else if (flag == "--optimizer") {
      model.optimizer = value;
    } else {
      ADD_FAILURE() << "unknown flag " << flag;
    }
  }
  return options;
}

TensorMap GoldenCase::tensors(const std::string &name) const {
  TensorMap out;
  StatusOr<SafeTensorsFile> file =
      SafeTensorsFile::open(folder_ + name + ".safetensors");
  if (!file.ok()) {
    ADD_FAILURE() << file.status().message();
    return out;
  }
  for (const TensorView &view : file->tensors()) {
    std::vector<int64_t> shape(view.info.shape.begin(), view.info.shape.end());
    StatusOr<Tensor> tensor =
        Tensor::fromBytes(view.info.dtype, shape, view.data);
    if (!tensor.ok()) {
      ADD_FAILURE() << tensor.status().message();
      continue;
    }
    out[view.info.name] = *std::move(tensor);
  }
  return out;
}

void setWeights(interpret::Interpreter &interpreter, const TensorMap &weights) {
  for (const auto &[name, value] : weights) {
    Status status = interpreter.setVariable(name, value);
    ASSERT_TRUE(status.ok()) << status.message();
  }
}

double normOf(const Tensor &tensor) {
  double sum = 0.0;
  for (double x : tensor.values) {
    sum += x * x;
  }
  return std::sqrt(sum);
}

void expectClose(const std::string &name, const Tensor &found,
                 const Tensor &expected, double rtol, double atol) {
  ASSERT_EQ(found.shape, expected.shape) << name;
  double sum = 0.0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    double d = found[i] - expected[i];
    sum += d * d;
  }
  // Written so that NaN fails.
  EXPECT_LE(std::sqrt(sum), rtol * normOf(expected) + atol)
      << name << ", norm " << normOf(expected);
}

} // namespace bertc
