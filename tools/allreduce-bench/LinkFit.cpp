// SPDX-License-Identifier: Apache-2.0
#include "tools/allreduce-bench/LinkFit.h"

#include <algorithm>

namespace bertc {

StatusOr<LinkRates> fitLinkRates(const std::vector<LinkPoint> &points,
                                 int ranks) {
  if (ranks < 2 || points.size() < 2) {
    return invalidArgument("rates need at least two ranks and two sizes");
  }
  // seconds = a + b bytes: normal equations, each point weighted by 1/seconds^2
  // so that a message of a byte counts as much as one of a gigabyte.
  double w = 0, wx = 0, wxx = 0, wy = 0, wxy = 0;
  for (const LinkPoint &point : points) {
    double weight = 1 / (point.seconds * point.seconds);
    w += weight;
    wx += weight * point.bytes;
    wxx += weight * point.bytes * point.bytes;
    wy += weight * point.seconds;
    wxy += weight * point.bytes * point.seconds;
  }
  double determinant = w * wxx - wx * wx;
  double slope = (w * wxy - wx * wy) / determinant;
  double constant = (wxx * wy - wx * wxy) / determinant;
  if (!(determinant > 0) || !(slope > 0)) {
    return invalidArgument("the times do not grow with the size; other work "
                           "disturbs the measurement, or sizes are too close");
  }
  double steps = 2.0 * (ranks - 1);
  return LinkRates{steps / ranks / slope, std::max(0.0, constant / steps)};
}

} // namespace bertc
