// SPDX-License-Identifier: Apache-2.0
//
// `bert-run bench`: a plan on random data of its own shapes. Times are medians
// over steps with the quartile spread; the GEMM-only ceiling is taken in the
// same run, so that the ratio means the same on any machine.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "run/DeviceOptions.h"
#include "run/ProductTable.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

struct BenchOptions {
  std::string plan;
  /// Empty: train_step when the plan has it, else predict.
  std::string entry;
  int steps = 10;
  int warmup = 2;
  /// Leaves out the GEMM-only ceiling, which takes about as long as five steps.
  bool ceiling = true;
  /// Adds the table of products; times single steps through the hook.
  bool products = false;
  /// Of the sequences in every row; empty: full rows, or drawn packs.
  std::vector<int64_t> lengths;
  uint64_t seed = 12345;
  int threads = 0;
  DeviceOptions device;
};

struct BenchResult {
  std::string entry;
  int steps = 0;
  int threads = 0;
  std::string cpuIsa;
  /// What ran it, see rt::Session::device().
  std::string device;
  /// Bytes set aside on the device; 0 on the CPU.
  uint64_t deviceBytes = 0;
  /// Milliseconds of one run of the entry: median, quartiles, extremes.
  double stepMsMedian = 0, stepMsLow = 0, stepMsHigh = 0;
  double stepMsMin = 0, stepMsMax = 0;
  /// Sequences in the batch, and the part of its positions that is padding.
  int64_t sequences = 0;
  double padding = 0;
  double sequencesPerSecond = 0;
  /// Positions of the batch, padding included.
  double tokensPerSecond = 0;
  /// Without the products that packed attention leaves out.
  double gflops = 0;
  /// Milliseconds of the first run: creating primitives, packing weights.
  double firstStepMs = 0;
  /// Of apply_gradients (median), which packs the changed weights again, and of
  /// the train_step right after it; 0 for other entries.
  double applyGradientsMs = 0;
  double stepAfterApplyMs = 0;
  /// tokensPerSecond of training with one update after 1 and after 8 steps;
  /// 0 for other entries.
  double trainingTokensPerSecond1 = 0, trainingTokensPerSecond8 = 0;
  /// Of a plain pass over the memory apply_gradients has to touch, copies of
  /// weights included (run/UpdatePass.h), and how many times that it takes.
  double applyGradientsPassMs = 0;
  double applyRatio = 0;
  /// The same of bare loops that touch it as often as the optimizer has to.
  double applyGradientsTrafficMs = 0;
  double applyTrafficRatio = 0;
  /// Highest resident memory of the process before the ceiling was measured.
  uint64_t peakRssBytes = 0;
  /// Time of all steps of a kind over the measured runs.
  std::vector<rt::KindTime> byKind;
  /// Why there can be no ceiling, nor a plain pass over the variables; empty on
  /// the CPU.
  std::string noCeiling;
  /// 0 when it was left out.
  double ceilingTokensPerSecond = 0;
  double ceilingRatio = 0;
  /// With options.products: the products, and the medians of all steps summed.
  std::vector<ProductRow> products;
  double allStepsMs = 0;
  /// Also with options.products: of a run, what is outside its steps (median).
  double betweenStepsMs = 0;
};

StatusOr<BenchResult> bench(const BenchOptions &options);

} // namespace bertc
