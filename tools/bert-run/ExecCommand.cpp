// SPDX-License-Identifier: Apache-2.0
//
// The flags of `bert-run exec`.
#include "run/Exec.h"
#include "run/Quantile.h"
#include "support/Json.h"
#include "tools/bert-run/Commands.h"
#include "tools/bert-run/DeviceFlags.h"

#include <cstdio>
#include <memory>

namespace bertc {

namespace {

struct Flags {
  ExecOptions options;
  bool json = false;
};

void printJson(const ExecOptions &options, const ExecResult &result) {
  Json document = jsonDocument("exec", 1);
  document["entry"] = options.entry;
  document["milliseconds"] = result.milliseconds;
  Json list = Json::array();
  for (const Comparison &comparison : result.comparisons) {
    list.push_back({{"name", comparison.name},
                    {"elements", comparison.elements},
                    {"mismatches", comparison.mismatches},
                    {"max_absolute", comparison.maxAbsolute},
                    {"max_relative", comparison.maxRelative},
                    {"norm_relative", comparison.normRelative}});
  }
  if (!options.expectedOutput.empty()) {
    document["comparisons"] = list;
  }
  std::fputs(jsonText(document).c_str(), stdout);
}

void printText(const ExecOptions &options, const ExecResult &result) {
  if (!options.quiet) {
    std::fprintf(stderr, "%s: first %.3f ms", options.entry.c_str(),
                 result.milliseconds.front());
    if (result.milliseconds.size() > 1) {
      std::vector<double> rest(result.milliseconds.begin() + 1,
                               result.milliseconds.end());
      std::fprintf(stderr, ", then median %.3f ms of %zu", median(rest),
                   rest.size());
    }
    std::fputc('\n', stderr);
  }
  for (const Comparison &comparison : result.comparisons) {
    std::printf(
        "%s %s: %lld of %lld elements differ, max abs %.3g, max rel "
        "%.3g, 2-norm rel %.3g\n",
        comparison.mismatches == 0 ? "ok  " : "FAIL", comparison.name.c_str(),
        static_cast<long long>(comparison.mismatches),
        static_cast<long long>(comparison.elements), comparison.maxAbsolute,
        comparison.maxRelative, comparison.normRelative);
  }
}

int perform(const Flags &flags) {
  StatusOr<ExecResult> result = exec(flags.options);
  if (!result.ok()) {
    return reportError("bert-run", result.status());
  }
  if (flags.json) {
    printJson(flags.options, *result);
  } else {
    printText(flags.options, *result);
  }
  return result->mismatches == 0 ? 0 : 1;
}

} // namespace

Command addExecCommand(CLI::App &app) {
  auto flags = std::make_shared<Flags>();
  ExecOptions &options = flags->options;
  CLI::App *command =
      app.add_subcommand("exec", "run one entry of a plan on named tensors");
  command->option_defaults()->always_capture_default();
  command->add_option("plan", options.plan, "plan file")->required();
  command->add_option("entry", options.entry, "predict, gradients, evaluate...")
      ->required();
  command->add_option("--input", options.input,
                      "safetensors file with the entry's inputs");
  command->add_option("--weights", options.weights,
                      "a TensorFlow checkpoint prefix, a .safetensors file or "
                      "a Hugging Face folder [default: random]");
  command->add_option("--output", options.output,
                      "safetensors file to write the outputs to");
  command->add_option("--save-weights", options.saveWeights,
                      "safetensors file to write all variables to afterwards");
  command->add_option("--repeat", options.repeat, "times to run the entry");
  command->add_option("--profile", options.profile,
                      "Chrome trace of the last repetition");
  command->add_option("--expected-output", options.expectedOutput,
                      "safetensors file to compare the outputs with; exit code "
                      "1 when they differ");
  command->add_option("--atol", options.atol, "absolute tolerance");
  command->add_option("--rtol", options.rtol, "relative tolerance");
  addBoolFlag(*command, "--deterministic-run", options.deterministic,
              "without dropout");
  command->add_option("--seed", options.seed,
                      "of dropout, and of random weights");
  command->add_option("--threads", options.threads,
                      "compute threads [default: OMP_NUM_THREADS, else every "
                      "core]");
  addDeviceFlags(*command, options.device);
  command->add_flag("--quiet", options.quiet, "no remarks, only errors");
  command->add_flag("--json", flags->json, "print a summary on stdout as JSON");
  return [flags] { return perform(*flags); };
}

} // namespace bertc
