// SPDX-License-Identifier: Apache-2.0
//
// Unpacked pre-training records back to instances: quickly for sound ones, and
// with the name of what is wrong for others.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "bertc/status.h"
#include "data/PretrainInstance.h"
#include "io/Example.h"

namespace bertc {

/// One a thread: keeps its memory.
class InstanceReader {
public:
  /// Reads a record. Corrupt when it is not what checkPretrainRecord() wants,
  /// or packed already.
  Status read(std::string_view record, PretrainInstance *instance);

  /// S and P of the last record read.
  size_t maxSequenceLength() const { return ids_.size(); }
  size_t maxPredictions() const { return positions_.size(); }

private:
  bool readFast(PretrainInstance *instance);
  bool readInts(const char *name, size_t count, std::vector<int32_t> *out);
  bool takeTokens(PretrainInstance *instance);
  bool takePredictions(PretrainInstance *instance);

  ExampleView example_;
  std::vector<int32_t> ids_, mask_, segments_, positions_, labels_, next_;
  std::vector<float> weights_;
};

} // namespace bertc
