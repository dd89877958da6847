// SPDX-License-Identifier: Apache-2.0
//
// A flag that would have no effect is an error, never ignored.

#include "tools/bertc/CompileFlags.h"

#include "io/PackingMetadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace bertc {
namespace {

Status unknown(const char *flag, const std::string &value,
               const std::string &expected) {
  return invalidArgument(
      fmt::format("{} is '{}', expected {}", flag, value, expected));
}

/// Target, and the flags that only one kind of target has a use for.
Status setTarget(const CompileFlags &flags, CompileOptions &options) {
  bool graphs = isGraphTarget(flags.target);
  if (flags.target != "cpu" && !graphs) {
    return unknown("--target", flags.target, "cpu, gaudi or gaudi2");
  }
  options.target = flags.target;
  if (graphs && flags.cpuIsa != "native") {
    return invalidArgument(fmt::format(
        "--cpu-isa has no effect on --target {}, expected --target cpu",
        flags.target));
  }
  if (flags.aotRecipe && !graphs) {
    return invalidArgument("--aot-recipe has no effect on --target cpu, "
                           "expected --target gaudi or gaudi2");
  }
  if (!flags.synapseLibrary.empty() && !flags.aotRecipe) {
    return invalidArgument("--synapse-library is used by --aot-recipe only, "
                           "which is missing");
  }
  if (!flags.maxGraphNodes) {
    return Status::okStatus();
  }
  if (!graphs) {
    return invalidArgument("--max-graph-nodes has no effect on --target cpu, "
                           "expected --target gaudi or gaudi2");
  }
  if (*flags.maxGraphNodes < 0 || *flags.maxGraphNodes > INT32_MAX) {
    return invalidArgument(
        fmt::format("--max-graph-nodes is {}, expected 1 or more, or 0 for no "
                    "limit",
                    *flags.maxGraphNodes));
  }
  options.maxGraphNodes = static_cast<unsigned>(*flags.maxGraphNodes);
  return Status::okStatus();
}

/// Precision and the file of lists. Flags win over the reference's variable,
/// which holds 0, 1 for the built-in lists, or a file.
Status setPrecision(const CompileFlags &flags, CompileOptions &options) {
  options.model.precision = flags.precision;
  options.bf16ConfigPath = flags.bf16ConfigPath;
  const char *variable = std::getenv("TF_BF16_CONVERSION");
  if (flags.precision.empty() && flags.bf16ConfigPath.empty() && variable) {
    std::string value = variable;
    bool off = value.empty() || value == "0";
    options.model.precision = off ? "f32" : "bf16";
    options.bf16ConfigPath = off || value == "1" ? "" : value;
    std::fprintf(stderr, "bertc: note: TF_BF16_CONVERSION=%s: precision %s\n",
                 variable, options.model.precision.c_str());
  }
  if (options.model.precision.empty()) {
    options.model.precision = flags.bf16ConfigPath.empty() ? "f32" : "bf16";
  }
  if (options.model.precision != "f32" && options.model.precision != "bf16") {
    return unknown("--precision", options.model.precision, "f32 or bf16");
  }
  if (options.model.precision == "f32" && !options.bf16ConfigPath.empty()) {
    return invalidArgument("--bf16-config-path has no effect on --precision "
                           "f32, expected --precision bf16");
  }
  return Status::okStatus();
}

/// K, from --packed, --metadata or both; 0 when neither is given.
StatusOr<int64_t> packedSequences(const CompileFlags &flags) {
  if (flags.packed && *flags.packed < 1) {
    return invalidArgument(
        fmt::format("--packed is {}, expected at least 1", *flags.packed));
  }
  if (flags.metadata.empty()) {
    return flags.packed.value_or(0);
  }
  BERTC_ASSIGN_OR_RETURN(PackingMetadata metadata,
                         readPackingMetadata(flags.metadata));
  int64_t most = metadata.sequencesPerPack;
  if (flags.packed && most > 0 && *flags.packed != most) {
    return invalidArgument(fmt::format(
        "--packed is {}, --metadata {} is of packs of up to {} sequences; "
        "expected the same number, or one flag alone",
        *flags.packed, flags.metadata, most));
  }
  int64_t packed =
      flags.packed.value_or(most > 0 ? most : defaultSequencesPerPack);
  if (metadata.expectedSequences > static_cast<double>(packed)) {
    return invalidArgument(fmt::format(
        "--packed is {}, --metadata {} has {:.4g} sequences in an average "
        "pack; expected the number that the records were packed with",
        packed, flags.metadata, metadata.expectedSequences));
  }
  return packed;
}

Status checkIsa(const CompileFlags &flags) {
  for (const char *known : {"native", "avx2", "avx512", "avx512_bf16", "amx"}) {
    if (flags.cpuIsa == known) {
      return Status::okStatus();
    }
  }
  return unknown("--cpu-isa", flags.cpuIsa,
                 "native, avx2, avx512, avx512_bf16 or amx");
}

/// Flags that only one task or mode has a use for.
Status checkFit(const CompileFlags &flags, Task task, Mode mode) {
  if (flags.maxPredictionsPerSeq && task != Task::Pretrain) {
    return invalidArgument(fmt::format(
        "--max-predictions-per-seq has no effect on the task {}, expected "
        "--task pretrain",
        taskName(task)));
  }
  if (flags.numLabels && task != Task::Classify) {
    return invalidArgument(fmt::format(
        "--num-labels has no effect on the task {}, expected --task classify",
        taskName(task)));
  }
  if ((flags.packed || !flags.metadata.empty()) && task == Task::Encode) {
    return invalidArgument(
        fmt::format("{} has no effect on the task encode, expected --task "
                    "pretrain, classify or squad",
                    flags.packed ? "--packed" : "--metadata"));
  }
  if (!flags.optimizer.empty() && mode == Mode::Infer) {
    return invalidArgument("--optimizer has no effect on --mode infer, "
                           "expected --mode train");
  }
  return Status::okStatus();
}

StatusOr<ModelOptions> modelOptions(const CompileFlags &flags) {
  ModelOptions model;
  std::optional<Task> task = parseTask(flags.task);
  if (!task) {
    return unknown("--task", flags.task, "pretrain, classify, squad or encode");
  }
  model.task = *task;
  model.mode = *task == Task::Encode ? Mode::Infer : Mode::Train;
  if (!flags.mode.empty()) {
    std::optional<Mode> mode = parseMode(flags.mode);
    if (!mode) {
      return unknown("--mode", flags.mode, "train or infer");
    }
    model.mode = *mode;
  }
  BERTC_RETURN_IF_ERROR(checkFit(flags, model.task, model.mode));
  BERTC_ASSIGN_OR_RETURN(model.packed, packedSequences(flags));
  model.batchSize = flags.batchSize;
  model.maxSeqLength = flags.maxSeqLength;
  model.maxPredictionsPerSeq =
      flags.maxPredictionsPerSeq.value_or(model.maxPredictionsPerSeq);
  model.numLabels = flags.numLabels.value_or(model.numLabels);
  // As the reference: LAMB pre-trains, AdamW fine-tunes.
  model.optimizer = !flags.optimizer.empty()       ? flags.optimizer
                    : model.task == Task::Pretrain ? "lamb"
                                                   : "adamw";
  if (model.optimizer != "lamb" && model.optimizer != "adamw") {
    return unknown("--optimizer", model.optimizer, "lamb or adamw");
  }
  return model;
}

/// Workers and how they add up their gradients.
Status setExchange(const CompileFlags &flags, CompileOptions &options) {
  ExchangeOptions &exchange = options.exchange;
  if (flags.workers && (*flags.workers < 1 || *flags.workers > 65536)) {
    return invalidArgument(fmt::format(
        "--workers is {}, expected 1 to 65536 processes", *flags.workers));
  }
  if (flags.workers && options.model.mode == Mode::Infer) {
    return invalidArgument("--workers has no effect on --mode infer, expected "
                           "--mode train");
  }
  exchange.workers = flags.workers.value_or(1);
  const char *given = !flags.allreduce.empty()  ? "--allreduce"
                      : flags.allreduceBucketMb ? "--allreduce-bucket-mb"
                      : !flags.allreducePrecision.empty()
                          ? "--allreduce-precision"
                          : nullptr;
  if (given && exchange.workers < 2) {
    return invalidArgument(fmt::format(
        "{} has no effect on a plan for one worker, expected --workers of 2 "
        "or more",
        given));
  }
  if (!flags.allreduce.empty() && flags.allreduce != "post-accumulation" &&
      flags.allreduce != "micro-batch") {
    return unknown("--allreduce", flags.allreduce,
                   "post-accumulation or micro-batch");
  }
  if (!flags.allreducePrecision.empty() && flags.allreducePrecision != "f32" &&
      flags.allreducePrecision != "bf16") {
    return unknown("--allreduce-precision", flags.allreducePrecision,
                   "f32 or bf16");
  }
  if (flags.allreducePrecision == "bf16" && isGraphTarget(flags.target)) {
    return invalidArgument(fmt::format(
        "--allreduce-precision bf16: the devices of --target {} add up "
        "gradients in the type that they travel in, expected f32",
        flags.target));
  }
  exchange.microBatches = flags.allreduce == "micro-batch";
  exchange.bf16 = flags.allreducePrecision == "bf16";
  if (double mb = flags.allreduceBucketMb.value_or(1);
      !(mb > 0 && mb <= 65536)) {
    return invalidArgument(fmt::format(
        "--allreduce-bucket-mb is {}, expected more than 0 and at most 65536",
        mb));
  }
  if (flags.allreduceBucketMb) {
    exchange.bucketBytes = std::max<int64_t>(
        1, static_cast<int64_t>(*flags.allreduceBucketMb * (1 << 20)));
  }
  return Status::okStatus();
}

} // namespace

void declareCompileFlags(CLI::App &command, CompileFlags &flags) {
  command
      .add_option("config", flags.config,
                  "bert_config.json or a Hugging Face config.json")
      ->required();
  command
      .add_option("--task", flags.task, "pretrain, classify, squad or encode")
      ->required();
  command.add_option("--mode", flags.mode,
                     "train or infer [default: train; infer for encode]");
  command.add_option("--batch-size", flags.batchSize, "sequences a worker")
      ->required();
  command
      .add_option("--max-seq-length", flags.maxSeqLength, "tokens a sequence")
      ->required();
  command.add_option("--max-predictions-per-seq", flags.maxPredictionsPerSeq,
                     "masked tokens a sequence; pretrain [default: 20]");
  command.add_option("--num-labels", flags.numLabels,
                     "classes; classify [default: 2]");
  command.add_option("--packed", flags.packed,
                     "most sequences a pack, for packed records");
  command.add_option("--metadata", flags.metadata,
                     "NAME_metadata.json of packed records, instead of "
                     "--packed");
  command.add_option("--precision", flags.precision,
                     "f32 or bf16 [default: f32; bf16 with "
                     "--bf16-config-path]");
  command.add_option("--bf16-config-path", flags.bf16ConfigPath,
                     "JSON lists of the operations that become bf16 [default: "
                     "the reference's; also TF_BF16_CONVERSION]");
  command.add_option("--optimizer", flags.optimizer,
                     "lamb or adamw [default: lamb for pretrain, else adamw]");
  command.add_option("--workers", flags.workers,
                     "processes that the plan is to be trained by, which it "
                     "prepares the exchange of gradients for; it runs with any "
                     "number [default: 1]");
  command.add_option("--allreduce", flags.allreduce,
                     "when they add up gradients: post-accumulation, once an "
                     "update, or micro-batch [default: post-accumulation]");
  command.add_option("--allreduce-precision", flags.allreducePrecision,
                     "f32 or bf16: gradients on their way [default: f32]");
  command.add_option("--allreduce-bucket-mb", flags.allreduceBucketMb,
                     "MiB of gradients that travel as one piece, as soon as "
                     "they are known [default: 25]");
  command.add_option("--target", flags.target, "cpu, gaudi or gaudi2")
      ->capture_default_str();
  command.add_flag("--aot-recipe", flags.aotRecipe,
                   "put the graphs as SynapseAI compiles them into the plan; "
                   "gaudi, gaudi2; needs its library, no device");
  command.add_option("--synapse-library", flags.synapseLibrary,
                     "SynapseAI's library for --aot-recipe [default: "
                     "BERTC_SYNAPSE_LIBRARY, else libSynapse.so]");
  command.add_option("--max-graph-nodes", flags.maxGraphNodes,
                     "most nodes of a graph, 0 for no limit; gaudi, gaudi2 "
                     "[default: 0]");
  command
      .add_option("--cpu-isa", flags.cpuIsa,
                  "least the CPU must have: avx2, avx512, avx512_bf16, amx, or "
                  "native for as little as the plan needs")
      ->capture_default_str();
  command.add_option("--compile-to", flags.compileTo,
                     "print the IR after this phase: " + allPhaseNames());
  command.add_option("-o,--output", flags.output, "plan or IR; - is stdout");
  addBoolFlag(command, "--mlir-print-ir-after-all", flags.printIrAfterAll,
              "print the IR after each pass on stderr");
  addBoolFlag(command, "--mlir-timing", flags.timing,
              "print the time of each pass on stderr");
  addBoolFlag(command, "--dry-run", flags.dryRun,
              "compile and report, but write nothing");
  addBoolFlag(command, "--json", flags.json, "the summary as JSON on stdout");
}

StatusOr<CompileOptions> compileOptions(const CompileFlags &flags) {
  CompileOptions options;
  BERTC_RETURN_IF_ERROR(setTarget(flags, options));
  BERTC_RETURN_IF_ERROR(checkIsa(flags));
  options.configPath = flags.config;
  BERTC_ASSIGN_OR_RETURN(options.model, modelOptions(flags));
  BERTC_RETURN_IF_ERROR(setPrecision(flags, options));
  BERTC_RETURN_IF_ERROR(setExchange(flags, options));
  options.printIrAfterAll = flags.printIrAfterAll;
  options.timing = flags.timing;
  return options;
}

StatusOr<std::optional<Phase>> compileToPhase(const CompileFlags &flags) {
  if (flags.compileTo.empty()) {
    return std::optional<Phase>();
  }
  std::optional<Phase> phase = parsePhase(flags.compileTo);
  if (!phase) {
    return unknown("--compile-to", flags.compileTo,
                   "one of " + allPhaseNames());
  }
  if (*phase == Phase::Plan) {
    return std::optional<Phase>();
  }
  return phase;
}

} // namespace bertc
