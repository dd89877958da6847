// SPDX-License-Identifier: Apache-2.0
#include "tools/bert-data/Commands.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "data/InspectJob.h"
#include "data/PackJob.h"
#include "data/PretrainJob.h"
#include "data/VocabJob.h"
#include "support/Signals.h"
#include "support/Subcommands.h"

namespace bertc {
namespace {

const char *const programName = "bert-data";

int defaultJobs() {
  return static_cast<int>(
      std::max(1U, std::min(64U, std::thread::hardware_concurrency())));
}

/// Flags that every subcommand has.
struct CommonFlags {
  bool json = false;
  bool quiet = false;

  void add(CLI::App &app) {
    app.add_flag("--json", json, "print the summary on stdout as JSON");
    app.add_flag("--quiet", quiet, "no progress on stderr");
  }
};

/// A share of something: 0 to 1.
void addShare(CLI::App &app, const std::string &name, double &value,
              const std::string &text) {
  app.add_option(name, value, text)
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
}

void addJobsAndMemory(CLI::App &app, int &jobs, uint64_t &memoryLimit) {
  app.add_option("--jobs", jobs, "threads; the output is the same at any")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  auto parse = [&memoryLimit](std::string value) {
    std::string problem = CLI::AsSizeValue(false)(value);
    uint64_t bytes =
        problem.empty() ? std::strtoull(value.c_str(), nullptr, 10) : 0;
    if (bytes < uint64_t{128} << 20) {
      throw CLI::ValidationError("--memory-limit",
                                 "expected a size of at least 128MB");
    }
    memoryLimit = bytes;
  };
  app.add_option_function<std::string>(
         "--memory-limit", parse, "bytes of memory to stay within, e.g. 512MB")
      ->type_name("SIZE")
      ->default_str("1GB");
}

/// Splits "a,b" as the reference's file lists are written.
std::vector<std::string> splitAtCommas(const std::vector<std::string> &items) {
  std::vector<std::string> result;
  for (const std::string &item : items) {
    std::stringstream stream(item);
    std::string part;
    while (std::getline(stream, part, ',')) {
      if (!part.empty()) {
        result.push_back(part);
      }
    }
  }
  return result;
}

/// Prints the outcome of a job and returns the exit code.
int report(const StatusOr<Json> &result, const CommonFlags &common,
           const std::function<std::string(const Json &)> &text) {
  if (!result.ok()) {
    int code = reportError(programName, result.status());
    return stopRequested() ? stopExitCode() : code;
  }
  std::string out = common.json ? jsonText(*result) : text(*result);
  if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size() ||
      std::fflush(stdout) != 0) {
    return reportError(programName, ioError("cannot write to stdout"));
  }
  return 0;
}

std::string vocabText(const Json &summary) {
  return fmt::format("{}: {} tokens from {} words ({} distinct) in {:.1f} s\n",
                     summary["output_file"].get<std::string>(),
                     summary["tokens"].get<uint64_t>(),
                     summary["words"].get<uint64_t>(),
                     summary["distinct_words"].get<uint64_t>(),
                     summary["seconds"].get<double>());
}

std::string pretrainText(const Json &summary) {
  std::string text = fmt::format(
      "{} documents, {} sentences, {} tokens ({} unknown) from {} bytes\n",
      summary["documents"].get<uint64_t>(),
      summary["sentences"].get<uint64_t>(), summary["tokens"].get<uint64_t>(),
      summary["unknown_tokens"].get<uint64_t>(),
      summary["input_bytes"].get<uint64_t>());
  if (summary["invalid_utf8_bytes"] != 0) {
    text += fmt::format("{} bytes were not UTF-8 and were ignored\n",
                        summary["invalid_utf8_bytes"].get<uint64_t>());
  }
  for (const char *split : {"training", "test"}) {
    if (summary.contains(split)) {
      const Json &part = summary[split];
      text += fmt::format(
          "{}: {} records in {} shard(s), {} bytes{}\n", split,
          part["records"].get<uint64_t>(), part["shards"].get<uint64_t>(),
          part["bytes"].get<uint64_t>(),
          part.contains("folder") ? " in " + part["folder"].get<std::string>()
                                  : "");
    }
  }
  return text + fmt::format("{:.1f} s\n", summary["seconds"].get<double>());
}

std::string packText(const Json &summary) {
  std::string text = fmt::format(
      "{} sequences in {} packs of {} tokens, {:.3f} a pack\n"
      "{:.2f}% of the positions hold tokens; at most {:.3f} times as fast\n",
      summary["sequences"].get<uint64_t>(), summary["packs"].get<uint64_t>(),
      summary["max_seq_length"].get<int>(),
      summary["sequences_per_pack"].get<double>(),
      summary["packing_efficiency"].get<double>() * 100,
      summary["sequences_per_pack"].get<double>());
  for (const Json &kind : summary["most_frequent"]) {
    std::string lengths;
    for (const Json &length : kind["lengths"]) {
      lengths +=
          (lengths.empty() ? "" : "+") + std::to_string(length.get<int>());
    }
    text +=
        fmt::format("  {:>12} {}\n", kind["packs"].get<uint64_t>(), lengths);
  }
  text += summary["dry_run"].get<bool>()
              ? "nothing was written (--dry-run)\n"
              : fmt::format("{} shard(s), {} bytes in {}\n",
                            summary["shards"].get<uint64_t>(),
                            summary["bytes"].get<uint64_t>(),
                            summary["folder"].get<std::string>());
  return text + fmt::format("{:.1f} s\n", summary["seconds"].get<double>());
}

/// A subcommand: its flags and what runs when it is chosen.
class VocabCommand {
public:
  void add(CLI::App &app) {
    command_ = app.add_subcommand(
        "vocab", "train a WordPiece vocabulary from text files");
    options_.jobs = defaultJobs();
    command_
        ->add_option("--input,--input-file", options_.inputs,
                     "text files, folders or glob patterns, UTF-8")
        ->required();
    command_
        ->add_option("--output-file", options_.outputFile,
                     "the vocab.txt to write")
        ->required();
    command_
        ->add_option("--vocab-size", options_.vocabSize,
                     "tokens to make, special ones included")
        ->capture_default_str()
        ->check(CLI::Range(16, 10000000));
    command_
        ->add_option("--min-frequency", options_.minFrequency,
                     "pairs of pieces less frequent than this stay apart")
        ->capture_default_str();
    command_
        ->add_option("--limit-alphabet", options_.limitAlphabet,
                     "different characters to keep, the most frequent ones")
        ->capture_default_str();
    addBoolFlag(*command_, "--do-lower-case", options_.lowerCase,
                "lower-case the text and strip accents (uncased models)");
    addJobsAndMemory(*command_, options_.jobs, options_.memoryLimit);
    common_.add(*command_);
  }

  int run() {
    options_.quiet = common_.quiet;
    return report(runVocabJob(options_), common_, vocabText);
  }

private:
  CLI::App *command_ = nullptr;
  VocabJobOptions options_;
  CommonFlags common_;
};

class PretrainCommand {
public:
  void add(CLI::App &app) {
    command_ = app.add_subcommand(
        "pretrain", "turn text (one sentence a line, a blank line between "
                    "documents) into TFRecord shards for pre-training");
    options_.jobs = defaultJobs();
    addFiles();
    addInstanceFlags();
    command_
        ->add_option("--random-seed", options_.seed,
                     "same seed and text: same bytes")
        ->capture_default_str();
    addJobsAndMemory(*command_, options_.jobs, options_.memoryLimit);
    command_->add_option("--temp-dir", options_.tempDir,
                         "folder for temporary files; about as large as the "
                         "records [default: beside the output]");
    common_.add(*command_);
  }

  int run() {
    options_.quiet = common_.quiet;
    options_.outputFiles = splitAtCommas(options_.outputFiles);
    return report(runPretrainJob(options_), common_, pretrainText);
  }

private:
  void addFiles() {
    command_
        ->add_option("--input-file,--input", options_.inputs,
                     "text files, folders or glob patterns, UTF-8")
        ->required();
    command_->add_option("--vocab-file", options_.vocabFile, "the vocab.txt")
        ->required();
    command_->add_option("--output-dir", options_.outputDir,
                         "folder for the shards; must be empty or absent");
    command_->add_option("--output-file", options_.outputFiles,
                         "record files by name, comma-separated, instead of a "
                         "folder");
    command_
        ->add_option("--num-shards", options_.shards,
                     "record files in the output folder")
        ->capture_default_str()
        ->check(CLI::Range(1, 99999));
    addShare(*command_, "--test-split", options_.testSplit,
             "share of documents held out; the folder then has training and "
             "test inside");
    command_
        ->add_option("--num-test-shards", options_.testShards,
                     "record files of the held-out documents")
        ->capture_default_str()
        ->check(CLI::Range(1, 99999));
  }

  void addInstanceFlags() {
    InstanceOptions &instance = options_.instance;
    addBoolFlag(*command_, "--do-lower-case", options_.lowerCase,
                "lower-case the text and strip accents (uncased models)");
    addBoolFlag(*command_, "--do-whole-word-mask", instance.wholeWordMask,
                "mask all pieces of a word or none");
    command_
        ->add_option("--max-seq-length", instance.maxSeqLength,
                     "tokens of an instance")
        ->capture_default_str()
        ->check(CLI::Range(5, 32768));
    command_
        ->add_option("--max-predictions-per-seq", instance.maxPredictionsPerSeq,
                     "masked tokens of an instance, at most")
        ->capture_default_str()
        ->check(CLI::Range(1, 32768));
    command_
        ->add_option("--dupe-factor", options_.dupeFactor,
                     "passes over the text, each with other masks and pairs")
        ->capture_default_str()
        ->check(CLI::Range(1, 10000));
    addShare(*command_, "--masked-lm-prob", instance.maskedLmProb,
             "share of tokens to mask");
    addShare(*command_, "--short-seq-prob", instance.shortSeqProb,
             "share of documents cut into shorter instances");
  }

  CLI::App *command_ = nullptr;
  PretrainJobOptions options_;
  CommonFlags common_;
};

class PackCommand {
public:
  void add(CLI::App &app) {
    command_ = app.add_subcommand(
        "pack", "put several sequences into one record, so that less padding "
                "is computed on");
    options_.jobs = defaultJobs();
    command_
        ->add_option("--input-glob,--input,--input-file", options_.inputs,
                     "record files, folders or glob patterns")
        ->required();
    output_ =
        command_->add_option("--output-dir", options_.outputDir,
                             "folder for the shards; must be empty or absent");
    command_->add_flag("--dry-run", options_.dryRun,
                       "read lengths and print what packing brings, but write "
                       "nothing");
    addReferenceFlags();
    command_
        ->add_option("--max-sequences-per-pack", options_.maxSequencesPerPack,
                     "sequences in a record, at most")
        ->capture_default_str()
        ->check(CLI::Range(1, maxSequencesPerPackLimit));
    addShapes();
    addMethod();
    command_
        ->add_option("--num-shards", options_.shards,
                     "record files in the output folder")
        ->capture_default_str()
        ->check(CLI::Range(1, 99999));
    command_
        ->add_option("--random-seed", options_.seed,
                     "same seed and records: same bytes")
        ->capture_default_str();
    addJobsAndMemory(*command_, options_.jobs, options_.memoryLimit);
    command_->add_option("--temp-dir", options_.tempDir,
                         "folder for temporary files; less than half as large "
                         "as the records [default: beside the output]");
    common_.add(*command_);
  }

  int run() {
    options_.quiet = common_.quiet;
    if (output_->count() == 0 && !options_.dryRun) {
      return reportError(programName,
                         invalidArgument("--output-dir is required, unless "
                                         "with --dry-run"));
    }
    return report(runPackJob(options_), common_, packText);
  }

private:
  /// What only means something to the reference's script.
  void addReferenceFlags() {
    command_
        ->add_option("--max-files", options_.maxFiles,
                     "read at most so many of the files, drawn by the seed "
                     "[default: all, memory does not grow with them]")
        ->check(CLI::Range(1, 1000000));
    command_
        ->add_option("--duplication-factor", duplicationFactor_,
                     "that of the records; changes nothing, here or in the "
                     "reference")
        ->check(CLI::Range(1, 10000));
  }

  void addShapes() {
    command_
        ->add_option("--max-sequence-length,--max-seq-length",
                     options_.maxSequenceLength,
                     "tokens of a record, which must be those of the input")
        ->check(CLI::Range(1, 65534))
        ->default_str("as the input");
    command_
        ->add_option("--max-predictions-per-sequence,--max-predictions-per-seq",
                     options_.maxPredictionsPerSequence,
                     "a pack has room for so many predictions and one more a "
                     "sequence")
        ->check(CLI::Range(1, 65534))
        ->default_str("as the input");
  }

  void addMethod() {
    std::map<std::string, PackingMethod> methods;
    for (PackingMethod method : packingMethods) {
      methods[packingMethodName(method)] = method;
    }
    command_
        ->add_option("--method", options_.method,
                     "how to choose what goes together")
        ->transform(CLI::CheckedTransformer(methods))
        ->default_str(packingMethodName(options_.method));
  }

  CLI::App *command_ = nullptr;
  CLI::Option *output_ = nullptr;
  int duplicationFactor_ = 1;
  PackJobOptions options_;
  CommonFlags common_;
};

class InspectCommand {
public:
  void add(CLI::App &app) {
    command_ = app.add_subcommand(
        "inspect", "print statistics and some records of TFRecord files, or "
                   "verify all of them");
    command_
        ->add_option("files", options_.inputs,
                     "record files, folders or glob patterns")
        ->required();
    command_->add_flag("--verify", options_.verify,
                       "check manifests, checksums, features, ids and masks; "
                       "exit code 3 when something is wrong");
    command_->add_option("--vocab-file", options_.vocabFile,
                         "print tokens, and check ids against its size");
    command_->add_option("--limit", options_.limit, "records to print")
        ->capture_default_str();
    common_.add(*command_);
  }

  int run() {
    options_.quiet = common_.quiet;
    return report(runInspectJob(options_), common_, inspectText);
  }

private:
  CLI::App *command_ = nullptr;
  InspectJobOptions options_;
  CommonFlags common_;
};

VersionInfo versionInfo() {
  std::string json =
      fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                  NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH);
  return {programName,
          {{"CLI11", CLI11_VERSION},
           {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000,
                               FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
           {"nlohmann-json", json}},
          ""};
}

template <typename Subcommand> Command addTo(CLI::App &app) {
  auto subcommand = std::make_shared<Subcommand>();
  subcommand->add(app);
  return [subcommand] { return subcommand->run(); };
}

} // namespace

int runBertData(int argc, const char *const *argv) {
  Subcommands program(programName,
                      "Text to vocabularies and pre-training records for "
                      "BERT.");
  program.add("vocab", addTo<VocabCommand>);
  program.add("pretrain", addTo<PretrainCommand>);
  program.add("pack", addTo<PackCommand>);
  program.add("inspect", addTo<InspectCommand>);
  return program.main(
      argc, argv, [] { return versionText(versionInfo()); },
      [] {
        installStopSignals();
        return Status();
      });
}

} // namespace bertc
