// SPDX-License-Identifier: Apache-2.0
//
// Features that say which they are, for tests of what is made from features.
#pragma once

#include <utility>
#include <vector>

#include "tasks/FeatureSet.h"

namespace bertc {

/// Sequences of given lengths: token t of sequence i is 1000 * (i + 1) + t, the
/// second half is segment 1; a class and a position are asked for.
class FakeFeatures : public FeatureSet {
public:
  explicit FakeFeatures(std::vector<uint32_t> lengths)
      : lengths_(std::move(lengths)) {}

  size_t size() const override { return lengths_.size(); }
  uint32_t length(size_t i) const override { return lengths_[i]; }
  void write(size_t i, int32_t *ids, int32_t *segments) const override {
    for (uint32_t t = 0; t < lengths_[i]; ++t) {
      ids[t] = static_cast<int32_t>(1000 * (i + 1) + t);
      segments[t] = t >= lengths_[i] / 2 ? 1 : 0;
    }
  }
  const std::vector<FeatureTarget> &targets() const override {
    static const std::vector<FeatureTarget> both = {{"label_ids", false},
                                                    {"start_positions", true}};
    return both;
  }
  int32_t target(size_t i, size_t which) const override {
    return which == 0 ? static_cast<int32_t>(i + 7)
                      : static_cast<int32_t>(lengths_[i] - 1);
  }

private:
  std::vector<uint32_t> lengths_;
};

} // namespace bertc
