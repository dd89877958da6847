// SPDX-License-Identifier: Apache-2.0
#include "data/PretrainJob.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "data/InstanceStream.h"
#include "data/TokeniseJob.h"
#include "io/Files.h"

namespace bertc {
namespace {

/// Where the records of a split go.
ShardTarget targetOf(const PretrainJobOptions &options, Split split) {
  ShardTarget target;
  if (!options.outputFiles.empty()) {
    target.files = options.outputFiles;
    return target;
  }
  target.folder = options.outputDir;
  while (target.folder.size() > 1 && target.folder.back() == '/') {
    target.folder.pop_back();
  }
  target.shards = options.shards;
  if (options.testSplit > 0) {
    bool test = split == Split::Test;
    target.folder = joinPath(target.folder, test ? "test" : "training");
    target.shards = test ? options.testShards : options.shards;
  }
  return target;
}

std::string temporaryFolder(const PretrainJobOptions &options) {
  if (!options.tempDir.empty()) {
    return options.tempDir;
  }
  std::string beside = options.outputFiles.empty()
                           ? targetOf(options, Split::Training).folder
                           : options.outputFiles[0];
  return parentDirectory(beside);
}

std::map<std::string, std::string>
manifestAttributes(const PretrainJobOptions &options,
                   const WordPieceTokenizer &tokenizer) {
  const InstanceOptions &instance = options.instance;
  return {
      {"tool", "bert-data pretrain"},
      {"max_seq_length", std::to_string(instance.maxSeqLength)},
      {"max_predictions_per_seq",
       std::to_string(instance.maxPredictionsPerSeq)},
      {"vocab_size", std::to_string(tokenizer.vocabulary().size())},
      {"do_lower_case", options.lowerCase ? "true" : "false"},
      {"do_whole_word_mask", instance.wholeWordMask ? "true" : "false"},
      {"masked_lm_prob", fmt::format("{}", instance.maskedLmProb)},
      {"short_seq_prob", fmt::format("{}", instance.shortSeqProb)},
      {"dupe_factor", std::to_string(options.dupeFactor)},
      {"random_seed", std::to_string(options.seed)},
  };
}

/// The state of one run.
class PretrainRun {
public:
  PretrainRun(const PretrainJobOptions &options,
              const WordPieceTokenizer &tokenizer)
      : options_(options), tokenizer_(tokenizer) {
    stream_.instance = options.instance;
    stream_.dupeFactor = options.dupeFactor;
    stream_.seed = options.seed;
    stream_.jobs = options.jobs;
    stream_.quiet = options.quiet;
    summary_ = jsonDocument("pretrain", 1);
  }

  StatusOr<Json> run(TextBlockReader &reader, size_t fileCount) {
    auto start = std::chrono::steady_clock::now();
    BERTC_RETURN_IF_ERROR(
        ShardWriter::check(targetOf(options_, Split::Training)));
    BERTC_RETURN_IF_ERROR(ShardWriter::check(targetOf(options_, Split::Test)));
    std::string folder = temporaryFolder(options_);
    BERTC_RETURN_IF_ERROR(makeDirectories(folder));
    BERTC_ASSIGN_OR_RETURN(TokenStore store,
                           TokenStore::create(folder,
                                              tokenizer_.vocabulary().size(),
                                              options_.memoryLimit / 8));
    TokeniseOptions tokenise;
    tokenise.jobs = options_.jobs;
    tokenise.testSplit = options_.testSplit;
    tokenise.seed = options_.seed;
    tokenise.quiet = options_.quiet;
    BERTC_ASSIGN_OR_RETURN(TokeniseCounts counts,
                           tokeniseFiles(reader, tokenizer_, tokenise, &store));
    BERTC_RETURN_IF_ERROR(checkText(store, counts, fileCount));
    summarise(store, counts, fileCount);

    std::vector<ShardWriter> writers;
    writers.reserve(2);
    BERTC_RETURN_IF_ERROR(writeSplit(store, folder, Split::Training, &writers));
    if (options_.testSplit > 0) {
      BERTC_RETURN_IF_ERROR(writeSplit(store, folder, Split::Test, &writers));
    }
    for (ShardWriter &writer : writers) {
      BERTC_RETURN_IF_ERROR(
          writer.publish(manifestAttributes(options_, tokenizer_)));
    }
    summary_["seconds"] =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count();
    return std::move(summary_);
  }

private:
  Status checkText(const TokenStore &store, const TokeniseCounts &counts,
                   size_t fileCount) const {
    if (counts.tokens == 0) {
      return corrupt(fmt::format("no text in {} input file(s) of {} bytes; "
                                 "expected one sentence a line in UTF-8",
                                 fileCount, counts.bytes));
    }
    for (Split split : {Split::Training, Split::Test}) {
      if (store.documentCount(split) == 0 &&
          (split == Split::Training || options_.testSplit > 0)) {
        return failedPrecondition(fmt::format(
            "the {} split has no document: the text has {} document(s) "
            "(separated by blank lines), too few for --test-split {}",
            split == Split::Test ? "test" : "training",
            store.documentCount(Split::Training) +
                store.documentCount(Split::Test),
            options_.testSplit));
      }
    }
    return Status();
  }

  void summarise(const TokenStore &store, const TokeniseCounts &counts,
                 size_t fileCount) {
    summary_["input_files"] = fileCount;
    summary_["input_bytes"] = counts.bytes;
    summary_["documents"] =
        store.documentCount(Split::Training) + store.documentCount(Split::Test);
    summary_["sentences"] = counts.sentences;
    summary_["tokens"] = counts.tokens;
    summary_["unknown_tokens"] = counts.unknownTokens;
    summary_["invalid_utf8_bytes"] = counts.invalidBytes;
    summary_["long_lines_cut"] = counts.linesCut;
    summary_["dupe_factor"] = options_.dupeFactor;
    summary_["random_seed"] = options_.seed;
  }

  /// Makes and writes one split; the shards stay invisible.
  Status writeSplit(const TokenStore &store, const std::string &folder,
                    Split split, std::vector<ShardWriter> *writers) {
    // Two runs of instances may be in memory at once, beside their records.
    uint64_t sortBytes =
        std::clamp<uint64_t>(options_.memoryLimit / 16, 1U << 20, 48U << 20);
    // Instances hold 2 or 4 bytes a token, and as much for masks and header.
    uint64_t perToken = tokenizer_.vocabulary().size() <= 65536 ? 4 : 8;
    uint64_t expected = store.tokenCount(split) *
                        static_cast<uint64_t>(options_.dupeFactor) * perToken;
    BERTC_ASSIGN_OR_RETURN(ShuffleStore shuffle,
                           ShuffleStore::create(folder, expected, sortBytes));
    BERTC_ASSIGN_OR_RETURN(InstanceCounts counts,
                           makeInstances(store, split, tokenizer_.vocabulary(),
                                         stream_, &shuffle));
    ShardTarget target = targetOf(options_, split);
    BERTC_ASSIGN_OR_RETURN(ShardWriter writer,
                           ShardWriter::create(target, counts.instances));
    writers->push_back(std::move(writer));
    BERTC_RETURN_IF_ERROR(writeRecords(shuffle, tokenizer_.vocabulary().padId(),
                                       stream_, &writers->back()));

    Json part = Json::object();
    part["records"] = counts.instances;
    part["random_next"] = counts.randomNext;
    part["tokens"] = counts.tokens;
    part["predictions"] = counts.predictions;
    part["shards"] = writers->back().shardCount();
    part["bytes"] = writers->back().byteCount();
    if (target.files.empty()) {
      part["folder"] = target.folder;
    } else {
      part["files"] = target.files;
    }
    summary_[split == Split::Test ? "test" : "training"] = part;
    return Status();
  }

  const PretrainJobOptions &options_;
  const WordPieceTokenizer &tokenizer_;
  InstanceStreamOptions stream_;
  Json summary_;
};

} // namespace

Status checkPretrainOptions(const PretrainJobOptions &options) {
  const InstanceOptions &instance = options.instance;
  if (options.outputDir.empty() == options.outputFiles.empty()) {
    return invalidArgument(
        "give either --output-dir or --output-file, one of them");
  }
  if (!options.outputFiles.empty() && options.testSplit > 0) {
    return invalidArgument("--test-split needs --output-dir: the two splits "
                           "go to its folders training and test");
  }
  if (instance.maxPredictionsPerSeq > instance.maxSeqLength - 3) {
    return invalidArgument(
        fmt::format("--max-predictions-per-seq {} is more than the {} tokens "
                    "that --max-seq-length {} leaves beside [CLS] and [SEP]",
                    instance.maxPredictionsPerSeq, instance.maxSeqLength - 3,
                    instance.maxSeqLength));
  }
  return Status();
}

StatusOr<Json> runPretrainJob(const PretrainJobOptions &options) {
  BERTC_RETURN_IF_ERROR(checkPretrainOptions(options));
  BERTC_ASSIGN_OR_RETURN(Vocabulary vocabulary,
                         Vocabulary::load(options.vocabFile));
  TokenizerOptions tokenizerOptions;
  tokenizerOptions.lowerCase = options.lowerCase;
  WordPieceTokenizer tokenizer(std::move(vocabulary), tokenizerOptions);
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> files,
                         expandInputs(options.inputs));
  size_t fileCount = files.size();
  BERTC_ASSIGN_OR_RETURN(TextBlockReader reader,
                         TextBlockReader::open(std::move(files)));
  return PretrainRun(options, tokenizer).run(reader, fileCount);
}

} // namespace bertc
