// SPDX-License-Identifier: Apache-2.0
//
// The flags of `bert-run convert`.
#include "io/Convert.h"
#include "support/Json.h"
#include "tools/bert-run/Commands.h"

#include <cstdio>
#include <memory>

namespace bertc {

namespace {

struct Flags {
  std::string input;
  std::string output;
  ConvertOptions options;
  bool quiet = false;
  bool json = false;
};

int perform(const Flags &flags) {
  if (flags.options.bareModel && !flags.options.huggingFaceNames) {
    return reportError("bert-run",
                       invalidArgument("--bare-model needs --hf-names"));
  }
  StatusOr<ConvertReport> report =
      convertWeights(flags.input, flags.output, flags.options);
  if (!report.ok()) {
    return reportError("bert-run", report.status());
  }
  if (flags.json) {
    Json document = jsonDocument("convert", 1);
    document["tensors"] = report->tensors;
    document["bytes"] = report->bytes;
    document["skipped"] = report->skipped;
    std::fputs(jsonText(document).c_str(), stdout);
  }
  if (!flags.quiet) {
    for (const std::string &name : report->skipped) {
      std::fprintf(stderr, "not converted, no counterpart: %s\n", name.c_str());
    }
    std::fprintf(stderr, "%s: %lld tensors, %.1f MB\n", flags.output.c_str(),
                 static_cast<long long>(report->tensors),
                 static_cast<double>(report->bytes) / 1e6);
  }
  return 0;
}

} // namespace

Command addConvertCommand(CLI::App &app) {
  auto flags = std::make_shared<Flags>();
  CLI::App *command = app.add_subcommand(
      "convert", "convert weights between TensorFlow checkpoints and "
                 "safetensors");
  command
      ->add_option("input", flags->input,
                   "a TensorFlow checkpoint prefix, a .safetensors file or a "
                   "Hugging Face folder")
      ->required();
  command
      ->add_option("output", flags->output,
                   "a file ending in .safetensors, or a checkpoint prefix")
      ->required();
  addBoolFlag(*command, "--hf-names", flags->options.huggingFaceNames,
              "write Hugging Face's names and layouts (to safetensors)");
  addBoolFlag(*command, "--bare-model", flags->options.bareModel,
              "with --hf-names: without the leading bert.");
  addBoolFlag(*command, "--weights-only", flags->options.weightsOnly,
              "leave out optimizer slots, global_step and run state");
  command->add_flag("--quiet", flags->quiet, "no remarks, only errors");
  command->add_flag("--json", flags->json, "print a summary on stdout as JSON");
  return [flags] { return perform(*flags); };
}

} // namespace bertc
