// SPDX-License-Identifier: Apache-2.0
//
// Not a test: packs 5 million made-up lengths by every method and prints how
// well and how fast. Usage: packing-bench [S [K]]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>

#include "data/PackJob.h"
#include "support/Memory.h"

namespace bertc {
namespace {

constexpr int sequences = 5000000;

LengthHistogram draw(int s, const std::function<double()> &length) {
  LengthHistogram histogram(static_cast<size_t>(s) + 1);
  for (int i = 0; i < sequences; ++i) {
    double rounded = std::round(length());
    ++histogram[static_cast<size_t>(
        std::clamp(rounded, 5.0, static_cast<double>(s)))];
  }
  return histogram;
}

void run(const char *name, const LengthHistogram &histogram, int perPack) {
  for (PackingMethod method : packingMethods) {
    auto start = std::chrono::steady_clock::now();
    StatusOr<PackingPlan> plan = planPacking(histogram, perPack, method);
    double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count();
    if (!plan.ok()) {
      std::printf("%-10s %-15s %s\n", name, packingMethodName(method),
                  plan.status().message().c_str());
      continue;
    }
    PackingStatistics statistics = packingStatistics(*plan, histogram);
    std::printf("%-10s %-15s %9llu packs, efficiency %.4f, %.2f s\n", name,
                packingMethodName(method),
                static_cast<unsigned long long>(statistics.packs),
                statistics.efficiency, seconds);
  }
}

} // namespace
} // namespace bertc

int main(int argc, char **argv) {
  int s = argc > 1 ? std::atoi(argv[1]) : 512;
  int perPack = argc > 2 ? std::atoi(argv[2]) : 3;
  if (s < 16 || s > 8192) {
    std::fprintf(stderr, "usage: packing-bench [S [K]], S from 16 to 8192\n");
    return 2;
  }
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> share(0, 1);
  std::uniform_real_distribution<double> even(5, s);
  // Lengths of text: many short, few long, and those that were cut.
  std::lognormal_distribution<double> moderate(std::log(s / 2.8), 0.7);
  std::lognormal_distribution<double> strong(std::log(s / 3.8), 0.9);
  auto skewed = [&](auto &length, double full) {
    return bertc::draw(s, [&] {
      return share(random) < full ? static_cast<double>(s) : length(random);
    });
  };
  bertc::run("uniform", bertc::draw(s, [&] { return even(random); }), perPack);
  bertc::run("skewed", skewed(moderate, 0.2), perPack);
  bertc::run("strongly", skewed(strong, 0.23), perPack);
  std::printf("peak memory %.1f MB\n",
              static_cast<double>(bertc::peakResidentBytes()) / 1e6);
  return 0;
}
