// SPDX-License-Identifier: Apache-2.0
//
// The flags and the report of `bert-run bench`.
#include "run/Bench.h"
#include "support/Json.h"
#include "tools/bert-run/Commands.h"
#include "tools/bert-run/DeviceFlags.h"

#include <algorithm>
#include <cstdio>
#include <memory>

namespace bertc {

namespace {

struct Flags {
  BenchOptions options;
  bool json = false;
};

/// Per run of the entry, longest first.
struct KindRow {
  std::string kind;
  double ms, share, gflops, gigabytes;
  uint64_t calls;
};

std::vector<KindRow> kindRows(const BenchResult &result) {
  double total = 0;
  for (const rt::KindTime &kind : result.byKind) {
    total += kind.seconds;
  }
  std::vector<KindRow> rows;
  for (const rt::KindTime &kind : result.byKind) {
    double seconds = std::max(kind.seconds, 1e-12);
    rows.push_back({kind.kind, kind.seconds * 1e3 / result.steps,
                    kind.seconds / std::max(total, 1e-12),
                    static_cast<double>(kind.flops) / seconds * 1e-9,
                    static_cast<double>(kind.bytes) / seconds * 1e-9,
                    kind.calls / static_cast<uint64_t>(result.steps)});
  }
  std::sort(rows.begin(), rows.end(),
            [](const KindRow &a, const KindRow &b) { return a.ms > b.ms; });
  return rows;
}

Json productsJson(const BenchResult &result) {
  Json rows = Json::array();
  for (const ProductRow &row : result.products) {
    rows.push_back({{"kind", row.kind},
                    {"shape", row.shape},
                    {"layout", row.layout},
                    {"epilogue", row.epilogue},
                    {"scope", row.scope},
                    {"count", row.count},
                    {"ms", row.ms},
                    {"alone_ms", row.aloneMs},
                    {"ratio", row.aloneMs / std::max(row.ms, 1e-9)},
                    {"gflops", row.gflops},
                    {"implementation", row.implementation},
                    {"alone_layout", row.aloneLayout},
                    {"alone_implementation", row.aloneImplementation}});
  }
  return rows;
}

/// Null where a plan for a device cannot say it.
Json onCpu(const BenchResult &result, double value) {
  return result.noCeiling.empty() ? Json(value) : Json(nullptr);
}

void printJson(const BenchResult &result) {
  Json document = jsonDocument("bench", 1);
  document["entry"] = result.entry;
  document["steps"] = result.steps;
  document["threads"] = result.threads;
  document["cpu_isa"] = result.cpuIsa;
  document["device"] = result.device;
  document["sequences"] = result.sequences;
  document["padding"] = result.padding;
  document["tokens_per_second"] = result.tokensPerSecond;
  document["sequences_per_second"] = result.sequencesPerSecond;
  document["step_ms_median"] = result.stepMsMedian;
  document["step_ms_quartiles"] = {result.stepMsLow, result.stepMsHigh};
  document["step_ms_range"] = {result.stepMsMin, result.stepMsMax};
  document["first_step_ms"] = result.firstStepMs;
  document["gflops"] = result.gflops;
  document["gemm_ceiling_tokens_per_second"] =
      onCpu(result, result.ceilingTokensPerSecond);
  document["ceiling_ratio"] = onCpu(result, result.ceilingRatio);
  if (!result.noCeiling.empty()) {
    document["gemm_ceiling_reason"] = result.noCeiling;
    document["device_memory_bytes"] = result.deviceBytes;
  }
  document["peak_rss_bytes"] = result.peakRssBytes;
  document["apply_gradients_ms"] = result.applyGradientsMs;
  document["apply_gradients_pass_ms"] =
      onCpu(result, result.applyGradientsPassMs);
  document["apply_ratio"] = onCpu(result, result.applyRatio);
  document["apply_gradients_traffic_ms"] =
      onCpu(result, result.applyGradientsTrafficMs);
  document["apply_traffic_ratio"] = onCpu(result, result.applyTrafficRatio);
  document["step_after_apply_ms"] = result.stepAfterApplyMs;
  document["training_tokens_per_second"] = {
      {"1", result.trainingTokensPerSecond1},
      {"8", result.trainingTokensPerSecond8}};
  Json kinds = Json::object();
  for (const KindRow &row : kindRows(result)) {
    kinds[row.kind] = {{"ms", row.ms},
                       {"share", row.share},
                       {"calls", row.calls},
                       {"gflops", row.gflops},
                       {"gbytes_per_second", row.gigabytes}};
  }
  document["by_kind"] = kinds;
  if (!result.products.empty()) {
    document["matmuls"] = productsJson(result);
    document["between_steps_ms"] = result.betweenStepsMs;
  }
  std::fputs(jsonText(document).c_str(), stdout);
}

void printText(const BenchResult &result) {
  std::printf("%s, %d threads, %s\n", result.entry.c_str(), result.threads,
              result.device.c_str());
  std::printf("  %.1f tokens/s, %.2f sequences/s (%lld a step, %.1f%% "
              "padding), %.1f GFLOP/s\n",
              result.tokensPerSecond, result.sequencesPerSecond,
              static_cast<long long>(result.sequences), 100 * result.padding,
              result.gflops);
  std::printf("  step %.2f ms median of %d (quartiles %.2f to %.2f, range "
              "%.2f to %.2f), the very first %.1f ms\n",
              result.stepMsMedian, result.steps, result.stepMsLow,
              result.stepMsHigh, result.stepMsMin, result.stepMsMax,
              result.firstStepMs);
  if (result.applyGradientsMs > 0) {
    std::printf("  apply_gradients %.2f ms", result.applyGradientsMs);
    if (result.noCeiling.empty()) {
      std::printf(", %.2f times a plain pass of %.2f ms, %.2f times its bare "
                  "traffic of %.2f ms",
                  result.applyRatio, result.applyGradientsPassMs,
                  result.applyTrafficRatio, result.applyGradientsTrafficMs);
    }
    std::fputc('\n', stdout);
    std::printf("  the step after it %.2f ms: %.1f tokens/s with an update "
                "after each step, %.1f after 8\n",
                result.stepAfterApplyMs, result.trainingTokensPerSecond1,
                result.trainingTokensPerSecond8);
  }
  if (result.ceilingTokensPerSecond > 0) {
    std::printf("  %.3f of the GEMM-only ceiling, %.1f tokens/s\n",
                result.ceilingRatio, result.ceilingTokensPerSecond);
  }
  if (!result.noCeiling.empty()) {
    std::printf("  no GEMM-only ceiling: %s\n  device memory %.1f MB\n",
                result.noCeiling.c_str(),
                static_cast<double>(result.deviceBytes) / 1e6);
  }
  std::printf("  peak resident memory %.1f MB (before the ceiling was "
              "measured)\n\n",
              static_cast<double>(result.peakRssBytes) / 1e6);
  std::printf("  %-16s %7s %10s %7s %10s %8s\n", "steps by kind", "calls", "ms",
              "share", "GFLOP/s", "GB/s");
  for (const KindRow &row : kindRows(result)) {
    std::printf("  %-16s %7llu %10.3f %6.1f%% %10.1f %8.1f\n", row.kind.c_str(),
                static_cast<unsigned long long>(row.calls), row.ms,
                100 * row.share, row.gflops, row.gigabytes);
  }
}

/// The products with their sums, then what the other steps take.
void printProducts(const BenchResult &result) {
  std::printf("\n  %-9s %-8s %5s %9s %9s %6s %8s  %s\n", "products", "layout",
              "count", "ms", "alone ms", "ratio", "GFLOP/s",
              "m x k x n, epilogue, scope, implementation (alone)");
  double ms = 0, alone = 0;
  for (const ProductRow &row : result.products) {
    bool attention = row.kind.rfind("Attention", 0) == 0;
    std::printf(
        "  %-9s %-8s %5d %9.3f %9.3f %6.3f %8.1f  %s%s%s\n    %s\n"
        "    %s (%s %s)\n",
        attention ? "attention" : "matmul", row.layout.c_str(), row.count,
        row.ms, row.aloneMs, row.aloneMs / std::max(row.ms, 1e-9), row.gflops,
        row.shape.c_str(), row.epilogue.empty() ? "" : " ",
        row.epilogue.c_str(), row.scope.c_str(), row.implementation.c_str(),
        row.aloneLayout.c_str(), row.aloneImplementation.c_str());
    ms += row.ms;
    alone += row.aloneMs;
  }
  std::printf("  %-9s %-8s %5s %9.3f %9.3f %6.3f\n", "all", "", "", ms, alone,
              alone / std::max(ms, 1e-9));
  std::printf("  other steps %.3f ms, between steps %.3f ms\n",
              result.allStepsMs - ms, result.betweenStepsMs);
}

int perform(const Flags &flags) {
  StatusOr<BenchResult> result = bench(flags.options);
  if (!result.ok()) {
    return reportError("bert-run", result.status());
  }
  if (flags.json) {
    printJson(*result);
  } else {
    printText(*result);
    if (flags.options.products) {
      printProducts(*result);
    }
  }
  return 0;
}

} // namespace

Command addBenchCommand(CLI::App &app) {
  auto flags = std::make_shared<Flags>();
  BenchOptions &options = flags->options;
  CLI::App *command = app.add_subcommand(
      "bench", "time a plan on random data of its own shapes");
  command->option_defaults()->always_capture_default();
  command->add_option("plan", options.plan, "plan file")->required();
  command->add_option("--entry", options.entry,
                      "entry to time [default: train_step, else predict]");
  command->add_option("--steps", options.steps, "runs to time");
  command->add_option("--warmup", options.warmup, "runs before those");
  addBoolFlag(*command, "--ceiling", options.ceiling,
              "also time every matmul of the entry alone in oneDNN");
  addBoolFlag(*command, "--matmuls", options.products,
              "also list the distinct matrix products with their time in the "
              "plan and alone");
  command
      ->add_option("--lengths", options.lengths,
                   "L,L,..: lengths of the sequences in every row [default: "
                   "full rows; packs are drawn]")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--seed", options.seed, "of weights and data");
  command->add_option("--threads", options.threads,
                      "compute threads [default: OMP_NUM_THREADS, else every "
                      "core]");
  addDeviceFlags(*command, options.device);
  command->add_flag("--json", flags->json, "print the figures as JSON");
  return [flags] { return perform(*flags); };
}

} // namespace bertc
