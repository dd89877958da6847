// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/synapse/NormCompare.h"

#include "fmt/format.h"

#include <cmath>

using namespace bertc::interpret;

namespace bertc {

namespace {

double norm(const std::vector<double> &values) {
  double squares = 0;
  for (double value : values) {
    squares += value * value;
  }
  return std::sqrt(squares);
}

double distance(const Tensor &a, const Tensor &b) {
  std::vector<double> difference(a.values);
  for (int64_t i = 0; i < a.size(); ++i) {
    difference[i] -= b[i];
  }
  return norm(difference);
}

} // namespace

Status compareMaps(const std::string &what, const TensorMap &found,
                   const TensorMap &expected, NormTolerance tolerance) {
  double largest = 0;
  for (const auto &[name, tensor] : expected) {
    largest = std::max(largest, norm(tensor.values));
  }
  for (const auto &[name, tensor] : expected) {
    auto other = found.find(name);
    if (other == found.end() || other->second.shape != tensor.shape ||
        other->second.dtype != tensor.dtype) {
      return failedPrecondition(what + ": " + name +
                                " is missing or of another type");
    }
    double size = norm(tensor.values);
    double limit = tolerance.tensor * size + tolerance.largest * largest;
    double error = distance(other->second, tensor);
    // Written so that NaN fails.
    if (!(error <= limit)) {
      return failedPrecondition(
          fmt::format("{}: {} is off by {}, norm {}, expected at most {}", what,
                      name, error, size, limit));
    }
  }
  return Status::okStatus();
}

} // namespace bertc
