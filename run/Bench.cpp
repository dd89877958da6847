// SPDX-License-Identifier: Apache-2.0
#include "run/Bench.h"

#include "run/Quantile.h"
#include "run/RandomInputs.h"
#include "run/Trace.h"
#include "run/UpdatePass.h"
#include "runtime/core/PlanFile.h"
#include "runtime/onednn/GemmCeiling.h"
#include "support/Memory.h"

#include <algorithm>
#include <fmt/format.h>

namespace bertc {

namespace {

double milliseconds(int64_t beginNs) {
  return static_cast<double>(monotonicNs() - beginNs) * 1e-6;
}

/// One entry with its inputs, ready to be run again and again.
class BenchEntry {
public:
  static StatusOr<BenchEntry> make(rt::Session &session,
                                   const std::string &entry,
                                   const rt::RowLengths &rows, uint64_t seed) {
    BERTC_ASSIGN_OR_RETURN(
        RandomInputs inputs,
        RandomInputs::make(session.plan(), entry, rows, seed));
    return BenchEntry(session, entry, std::move(inputs));
  }

  StatusOr<double> run() {
    int64_t begin = monotonicNs();
    BERTC_RETURN_IF_ERROR(session_.run(entry_, inputs_.inputs(), {}));
    BERTC_RETURN_IF_ERROR(session_.wait());
    return milliseconds(begin);
  }

private:
  BenchEntry(rt::Session &session, std::string entry, RandomInputs inputs)
      : session_(session), entry_(std::move(entry)),
        inputs_(std::move(inputs)) {}

  rt::Session &session_;
  std::string entry_;
  RandomInputs inputs_;
};

/// What of each run is outside its steps; 0 when the steps were not timed.
double medianRest(std::vector<double> runs, const std::vector<double> &steps) {
  for (size_t i = 0; i < runs.size(); ++i) {
    runs[i] = i < steps.size() ? runs[i] - steps[i] : 0;
  }
  return median(std::move(runs));
}

Status measureSteps(rt::Session &session, const BenchOptions &options,
                    BenchEntry &entry, StepTimes *stepTimes,
                    BenchResult *result) {
  BERTC_ASSIGN_OR_RETURN(result->firstStepMs, entry.run());
  for (int i = 1; i < options.warmup; ++i) {
    BERTC_RETURN_IF_ERROR(entry.run().status());
  }
  session.resetTimes();
  if (options.products) {
    session.setProfileHook(stepTimes->hook());
  }
  std::vector<double> times;
  for (int i = 0; i < options.steps; ++i) {
    BERTC_ASSIGN_OR_RETURN(double time, entry.run());
    times.push_back(time);
  }
  session.setProfileHook({});
  result->betweenStepsMs = medianRest(times, stepTimes->runMs());
  result->byKind = session.timeByKind();
  result->stepMsMedian = median(times);
  result->stepMsLow = quantile(times, 0.25);
  result->stepMsHigh = quantile(times, 0.75);
  result->stepMsMin = quantile(times, 0);
  result->stepMsMax = quantile(times, 1);
  return Status::okStatus();
}

/// apply_gradients on what the steps have accumulated, and the step after it.
Status measureApply(rt::Session &session, const BenchOptions &options,
                    BenchEntry &step, BenchResult *result) {
  constexpr char applyEntry[] = "apply_gradients";
  if (result->entry != "train_step" || !session.plan().findEntry(applyEntry)) {
    return Status::okStatus();
  }
  BERTC_ASSIGN_OR_RETURN(BenchEntry apply, BenchEntry::make(session, applyEntry,
                                                            {}, options.seed));
  std::vector<double> times, after;
  for (int i = 0; i <= std::min(3, options.steps); ++i) {
    BERTC_ASSIGN_OR_RETURN(double time, apply.run());
    BERTC_ASSIGN_OR_RETURN(double next, step.run());
    if (i > 0) { // the first one prepares
      times.push_back(time);
      after.push_back(next);
    }
  }
  result->applyGradientsMs = median(times);
  result->stepAfterApplyMs = median(after);
  return Status::okStatus();
}

void countSequences(const rt::RowLengths &rows, double positions,
                    BenchResult *result) {
  double used = 0;
  for (const std::vector<int64_t> &row : rows) {
    result->sequences += static_cast<int64_t>(row.size());
    for (int64_t length : row) {
      used += static_cast<double>(length);
    }
  }
  result->padding = 1 - used / positions;
}

/// What the plan says, less what attention leaves out of packs; that is taken
/// from the figures of its step kinds too.
StatusOr<double> stepFlops(const rt::Plan &plan, const rt::RowLengths &rows,
                           BenchResult *result) {
  const rt::PlanFile &file = plan.file();
  auto index = static_cast<uint32_t>(file.findEntry(result->entry));
  const auto &e = *file.root().entries()->Get(index);
  auto flops = static_cast<double>(e.flops());
  for (const auto *step : *e.steps()) {
    BERTC_ASSIGN_OR_RETURN(rt::StepProducts all, rt::productsOfStep(e, *step));
    BERTC_ASSIGN_OR_RETURN(rt::StepProducts made,
                           rt::productsOfStep(e, *step, rows));
    double left = all.flops() - made.flops();
    flops -= left;
    for (rt::KindTime &kind : result->byKind) {
      if (left > 0 && kind.kind == rt::stepKindName(step->params_type())) {
        kind.flops -=
            std::min(kind.flops, static_cast<uint64_t>(left * result->steps));
      }
    }
  }
  return flops;
}

/// What a plan for a device cannot be asked, and what is said in its place.
Status considerDevice(const BenchOptions &options, const rt::Plan &plan,
                      BenchResult *result) {
  if (plan.target() == "cpu") {
    return Status::okStatus();
  }
  if (options.products) {
    return invalidArgument(fmt::format(
        "{}: --matmuls lists the products of plans for the CPU, this one is "
        "for {}",
        options.plan, plan.target()));
  }
  result->noCeiling = fmt::format("measured on the CPU only; this plan ran on "
                                  "{}",
                                  plan.target());
  return Status::okStatus();
}

uint64_t deviceBytes(const rt::MemoryReport &memory) {
  return memory.onDevice
             ? memory.state + memory.arena + memory.scratch + memory.constants
             : 0;
}

} // namespace

StatusOr<BenchResult> bench(const BenchOptions &options) {
  if (options.steps < 1 || options.warmup < 1) {
    return invalidArgument(
        fmt::format("--steps is {} and --warmup {}, both must be at least 1",
                    options.steps, options.warmup));
  }
  BERTC_ASSIGN_OR_RETURN(rt::Plan plan, rt::Plan::load(options.plan));
  BenchResult result;
  BERTC_RETURN_IF_ERROR(considerDevice(options, plan, &result));
  result.entry = !options.entry.empty()         ? options.entry
                 : plan.findEntry("train_step") ? "train_step"
                                                : "predict";
  BERTC_ASSIGN_OR_RETURN(rt::RowLengths rows,
                         randomLengths(plan, options.lengths, options.seed));
  rt::SessionOptions sessionOptions =
      options.device.session(options.threads, false);
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<rt::Session> session,
                         rt::Session::create(plan, sessionOptions));
  BERTC_RETURN_IF_ERROR(session->initialise(options.seed));
  BERTC_ASSIGN_OR_RETURN(
      BenchEntry entry,
      BenchEntry::make(*session, result.entry, rows, options.seed));
  result.steps = options.steps;
  result.threads = session->threads();
  result.cpuIsa = rt::cpuIsa();
  result.device = session->device();
  StepTimes stepTimes;
  BERTC_RETURN_IF_ERROR(
      measureSteps(*session, options, entry, &stepTimes, &result));
  BERTC_RETURN_IF_ERROR(measureApply(*session, options, entry, &result));
  result.peakRssBytes = peakResidentBytes();
  result.deviceBytes = deviceBytes(session->memory());
  bool onCpu = result.noCeiling.empty();
  if (onCpu && result.applyGradientsMs > 0) {
    BERTC_ASSIGN_OR_RETURN(PlainUpdate plain, plainUpdate(*session));
    result.applyGradientsPassMs = plain.passMs;
    result.applyRatio = result.applyGradientsMs / std::max(plain.passMs, 1e-6);
    result.applyGradientsTrafficMs = plain.trafficMs;
    result.applyTrafficRatio =
        result.applyGradientsMs / std::max(plain.trafficMs, 1e-6);
  }

  BERTC_ASSIGN_OR_RETURN(double flops, stepFlops(plan, rows, &result));
  double seconds = result.stepMsMedian * 1e-3;
  double tokens = static_cast<double>(plan.model().batchSize) *
                  std::max(1u, plan.model().maxSeqLength);
  countSequences(rows, tokens, &result);
  result.sequencesPerSecond = static_cast<double>(result.sequences) / seconds;
  result.tokensPerSecond = tokens / seconds;
  result.gflops = flops / seconds * 1e-9;
  if (result.applyGradientsMs > 0) {
    double update = (result.applyGradientsMs + result.stepAfterApplyMs) * 1e-3;
    result.trainingTokensPerSecond1 = tokens / update;
    result.trainingTokensPerSecond8 = 8 * tokens / (update + 7 * seconds);
  }
  std::vector<rt::GemmTime> alone;
  if (options.ceiling && onCpu) {
    BERTC_ASSIGN_OR_RETURN(
        alone, rt::timeProducts(plan, result.entry, options.threads, rows));
    double ceiling = rt::ceilingSeconds(alone);
    result.ceilingTokensPerSecond = ceiling > 0 ? tokens / ceiling : 0.0;
    result.ceilingRatio = ceiling / seconds;
  }
  if (options.products) {
    BERTC_ASSIGN_OR_RETURN(
        result.products,
        stepTimes.productRows(plan, result.entry, alone, rows));
    result.allStepsMs = stepTimes.totalMs();
  }
  return result;
}

} // namespace bertc
