// SPDX-License-Identifier: Apache-2.0
//
// The flags of `bert-run convert`.
#include "io/Convert.h"
#include "run/ModelFolder.h"
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
  /// With hfFolder.
  bool hfFolder = false;
  ModelFolderSources sources;
  std::string architecture;
  uint64_t maxShardBytes = 0;
  bool lowerCase = true;
  CLI::Option *lowerCaseOption = nullptr;
  /// Flags that mean nothing without --hf-folder.
  std::vector<CLI::Option *> folderOptions;
  bool quiet = false;
  bool json = false;
};

/// Flags that do not go together.
Status checkFlags(const Flags &flags) {
  if (flags.hfFolder && flags.options.bareModel) {
    return invalidArgument("--bare-model does not go with --hf-folder: its "
                           "names follow from the architecture");
  }
  if (flags.options.bareModel && !flags.options.huggingFaceNames) {
    return invalidArgument("--bare-model needs --hf-names");
  }
  for (const CLI::Option *option : flags.folderOptions) {
    if (!flags.hfFolder && option->count() > 0) {
      return invalidArgument(option->get_name() + " needs --hf-folder");
    }
  }
  return Status();
}

StatusOr<ConvertReport> convert(const Flags &flags) {
  BERTC_RETURN_IF_ERROR(checkFlags(flags));
  if (!flags.hfFolder) {
    return convertWeights(flags.input, flags.output, flags.options);
  }
  ModelFolderSources sources = flags.sources;
  if (flags.lowerCaseOption->count() > 0) {
    sources.lowerCase = flags.lowerCase;
  }
  BERTC_ASSIGN_OR_RETURN(FolderOptions options,
                         findModelFolder(flags.input, sources));
  options.architecture = flags.architecture;
  options.maxShardBytes = flags.maxShardBytes;
  return convertToFolder(flags.input, flags.output, options);
}

void printJson(const ConvertReport &report) {
  Json document = jsonDocument("convert", 1);
  document["tensors"] = report.tensors;
  document["bytes"] = report.bytes;
  document["skipped"] = report.skipped;
  document["state_tensors"] = report.stateTensors;
  if (!report.architecture.empty()) {
    document["architecture"] = report.architecture;
    document["files"] = report.files;
    document["missing"] = report.missing;
  }
  std::fputs(jsonText(document).c_str(), stdout);
}

void printRemarks(const Flags &flags, const ConvertReport &report) {
  for (const std::string &name : report.skipped) {
    std::fprintf(stderr, "not converted, no counterpart: %s\n", name.c_str());
  }
  for (const std::string &name : report.missing) {
    std::fprintf(stderr, "not there, will be initialised when opened: %s\n",
                 name.c_str());
  }
  if (report.stateTensors > 0) {
    std::fprintf(stderr, "left out: %lld tensors of the training's state\n",
                 static_cast<long long>(report.stateTensors));
  }
  std::string what;
  if (!report.architecture.empty()) {
    what = ", " + report.architecture;
    if (report.files.size() > 1) {
      what += " in " + std::to_string(report.files.size()) + " shards";
    }
  }
  std::fprintf(stderr, "%s: %lld tensors, %.1f MB%s\n", flags.output.c_str(),
               static_cast<long long>(report.tensors),
               static_cast<double>(report.bytes) / 1e6, what.c_str());
}

int perform(const Flags &flags) {
  StatusOr<ConvertReport> report = convert(flags);
  if (!report.ok()) {
    return reportError("bert-run", report.status());
  }
  if (flags.json) {
    printJson(*report);
  }
  if (!flags.quiet) {
    printRemarks(flags, *report);
  }
  return 0;
}

void addFolderFlags(CLI::App &command, Flags &flags) {
  auto group = command.add_option_group(
      "Hugging Face folders",
      "what is not given is looked for beside the input");
  addBoolFlag(*group, "--hf-folder", flags.hfFolder,
              "write a folder that from_pretrained opens: config.json, "
              "vocab.txt, tokenizer_config.json, model.safetensors");
  CLI::Option *config =
      group->add_option("--config,--bert-config-file", flags.sources.configFile,
                        "the model's bert_config.json or config.json");
  CLI::Option *plan = group
                          ->add_option("--plan", flags.sources.plan,
                                       "a plan, for the configuration inside")
                          ->excludes(config);
  flags.lowerCaseOption =
      addBoolFlag(*group, "--do-lower-case", flags.lowerCase,
                  "the tokenizer lower-cases and strips accents");
  flags.folderOptions = {
      config,
      plan,
      flags.lowerCaseOption,
      group->add_option("--vocab-file", flags.sources.vocabFile,
                        "the model's vocab.txt or tokenizer.json"),
      group->add_option("--architecture", flags.architecture,
                        "model class, e.g. BertForMaskedLM [default: the one "
                        "with just the heads that are there]"),
      group
          ->add_option("--max-shard-size", flags.maxShardBytes,
                       "split the weights into files of at most this size, "
                       "e.g. 200MB or 5GB [default: one file]")
          ->transform(CLI::AsSizeValue(/*kb_is_1000=*/true))};
}

} // namespace

Command addConvertCommand(CLI::App &app) {
  auto flags = std::make_shared<Flags>();
  CLI::App *command = app.add_subcommand(
      "convert", "convert weights between TensorFlow checkpoints, safetensors "
                 "and Hugging Face folders");
  command
      ->add_option("input", flags->input,
                   "a TensorFlow checkpoint prefix, a .safetensors file or a "
                   "Hugging Face folder")
      ->required();
  command
      ->add_option("output", flags->output,
                   "a file ending in .safetensors, a checkpoint prefix, or a "
                   "new folder")
      ->required();
  addBoolFlag(*command, "--hf-names", flags->options.huggingFaceNames,
              "write Hugging Face's names and layouts (to safetensors)");
  addBoolFlag(*command, "--bare-model", flags->options.bareModel,
              "with --hf-names: without the leading bert.");
  addBoolFlag(*command, "--weights-only", flags->options.weightsOnly,
              "leave out optimizer slots, global_step and run state");
  addFolderFlags(*command, *flags);
  command->add_flag("--quiet", flags->quiet, "no remarks, only errors");
  command->add_flag("--json", flags->json, "print a summary on stdout as JSON");
  return [flags] { return perform(*flags); };
}

} // namespace bertc
