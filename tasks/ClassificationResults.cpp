// SPDX-License-Identifier: Apache-2.0
#include "tasks/ClassificationResults.h"

#include <algorithm>

#include "io/Files.h"
#include "tasks/PythonFormat.h"

namespace bertc {
namespace {

double ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0
                    : static_cast<double>(part) / static_cast<double>(whole);
}

} // namespace

void ClassificationMetrics::add(int32_t label, const float *scores,
                                size_t labels) {
  auto predicted =
      static_cast<int32_t>(std::max_element(scores, scores + labels) - scores);
  ++count_;
  correct_ += predicted == label ? 1 : 0;
  predicted_ += predicted == 1 ? 1 : 0;
  positive_ += label == 1 ? 1 : 0;
  truePositive_ += predicted == 1 && label == 1 ? 1 : 0;
}

double ClassificationMetrics::accuracy() const {
  return ratio(correct_, count_);
}

double ClassificationMetrics::f1() const {
  double precision = ratio(truePositive_, predicted_);
  double recall = ratio(truePositive_, positive_);
  return precision + recall == 0
             ? 0
             : 2 * precision * recall / (precision + recall);
}

std::string evalResultsText(Metrics metrics) {
  std::sort(metrics.begin(), metrics.end(),
            [](const auto &a, const auto &b) { return a.first < b.first; });
  std::string text;
  for (const auto &[name, value] : metrics) {
    const int64_t *whole = std::get_if<int64_t>(&value);
    text += name + " = " +
            (whole != nullptr ? std::to_string(*whole)
                              : numpyFloat(std::get<float>(value))) +
            "\n";
  }
  return text;
}

Status writeEvalResults(const std::string &path, const Metrics &metrics) {
  return writeFileAtomically(path, evalResultsText(metrics));
}

Status writeTestResults(const std::string &path,
                        const std::vector<float> &probabilities,
                        size_t labels) {
  BERTC_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(path));
  std::string line;
  for (size_t i = 0; i < probabilities.size(); ++i) {
    line += numpyFloat(probabilities[i]);
    bool endsLine = (i + 1) % labels == 0;
    line += endsLine ? '\n' : '\t';
    if (endsLine) {
      BERTC_RETURN_IF_ERROR(file.append(line));
      line.clear();
    }
  }
  return file.commit();
}

} // namespace bertc
