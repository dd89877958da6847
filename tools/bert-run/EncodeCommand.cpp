// SPDX-License-Identifier: Apache-2.0
//
// The flags of `bert-run encode`.
#include "run/Encode.h"
#include "support/Json.h"
#include "support/Signals.h"
#include "tools/bert-run/Commands.h"
#include "tools/bert-run/TextFlags.h"

#include <cstdio>
#include <memory>

namespace bertc {

namespace {

struct Flags {
  EncodeOptions options;
  std::string pooling = "mean";
  bool json = false;
};

PoolingKind poolingOf(const std::string &name) {
  for (PoolingKind kind : {PoolingKind::Cls, PoolingKind::Tokens}) {
    if (name == poolingName(kind)) {
      return kind;
    }
  }
  return PoolingKind::Mean;
}

void printJson(const EncodeResult &result) {
  Json document = jsonDocument("encode", 1);
  document["lines"] = result.lines;
  document["tokens"] = result.tokens;
  document["truncated"] = result.truncated;
  document["batches"] = result.batches;
  document["hidden"] = result.hidden;
  document["seconds"] = result.seconds;
  document["stopped"] = result.stopped;
  std::fputs(jsonText(document).c_str(), stdout);
}

int perform(Flags &flags) {
  flags.options.pooling = poolingOf(flags.pooling);
  const EncodeOptions &options = flags.options;
  if (flags.json && options.output == "-") {
    return reportError("bert-run",
                       invalidArgument("--json prints its summary on stdout, "
                                       "where the vectors go; give --output "
                                       "FILE"));
  }
  installStopSignals();
  StatusOr<EncodeResult> result = encode(options);
  if (!result.ok()) {
    return reportError("bert-run", result.status());
  }
  if (flags.json) {
    printJson(*result);
  } else if (!options.model.quiet) {
    std::fprintf(stderr, "%llu lines, %llu tokens, %llu batches in %.3f s\n",
                 static_cast<unsigned long long>(result->lines),
                 static_cast<unsigned long long>(result->tokens),
                 static_cast<unsigned long long>(result->batches),
                 result->seconds);
  }
  return result->stopped ? stopExitCode() : 0;
}

} // namespace

Command addEncodeCommand(CLI::App &app) {
  auto flags = std::make_shared<Flags>();
  EncodeOptions &options = flags->options;
  options.model.task = "encode";
  // Every kind of vector comes from sequence_output.
  options.model.unneeded = {"bert/pooler/"};
  // As Hugging Face's tokenizer, which models to encode with were trained with.
  options.model.tokenizer.matchSpecialTokens = true;
  options.model.tokenizer.maxCharsPerWord = 100;
  CLI::App *command = app.add_subcommand(
      "encode", "lines of text to vectors, with a plan of --task encode");
  command->option_defaults()->always_capture_default();
  addTextModelFlags(*command, options.model);
  command
      ->add_option("--input-file", options.inputFile,
                   "text, one sequence a line; - for standard input")
      ->required();
  command
      ->add_option("--pooling", flags->pooling,
                   "a line's vector: cls (that of [CLS]), mean (of its "
                   "tokens), tokens (one each)")
      ->check(CLI::IsMember({"cls", "mean", "tokens"}));
  addBoolFlag(*command, "--normalize", options.normalize,
              "divide every vector by its 2-norm");
  command->add_option("--output", options.output,
                      "FILE.safetensors, FILE.jsonl, or - for JSON lines on "
                      "stdout");
  command->add_flag("--json", flags->json, "print a summary on stdout as JSON");
  return [flags] { return perform(*flags); };
}

} // namespace bertc
