// SPDX-License-Identifier: Apache-2.0
//
// Accuracy and F1 of a classifier, and the files the reference writes them to.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bertc/status.h"

namespace bertc {

/// Counts predictions. F1 is that of class 1 against all others, as GLUE has
/// it for MRPC.
class ClassificationMetrics {
public:
  /// One example: the largest of `scores` (logits or probabilities; the first
  /// of equal ones) is the prediction.
  void add(int32_t label, const float *scores, size_t labels);

  uint64_t count() const { return count_; }
  /// Share of right predictions; 0 without examples.
  double accuracy() const;
  /// 2 p r / (p + r); 0 when nothing was found, as the reference has it.
  double f1() const;

private:
  uint64_t count_ = 0, correct_ = 0;
  uint64_t truePositive_ = 0, predicted_ = 0, positive_ = 0;
};

/// A metric: whole numbers print as such, others as numpy prints a float32.
using MetricValue = std::variant<int64_t, float>;
using Metrics = std::vector<std::pair<std::string, MetricValue>>;

/// "name = value" lines sorted by name: eval_results.txt.
std::string evalResultsText(Metrics metrics);
/// Writes it aside, then renames.
Status writeEvalResults(const std::string &path, const Metrics &metrics);

/// Lines of probabilities separated by tabs: test_results.tsv.
/// `probabilities` is [examples, labels].
Status writeTestResults(const std::string &path,
                        const std::vector<float> &probabilities, size_t labels);

} // namespace bertc
