// SPDX-License-Identifier: Apache-2.0
#include "data/VocabJob.h"

#include <chrono>

#include <fmt/format.h>

#include "data/Pipeline.h"
#include "data/TextBlocks.h"
#include "support/Progress.h"
#include "support/Signals.h"
#include "text/Vocabulary.h"
#include "text/WordCounter.h"

namespace bertc {
namespace {

/// Memory one distinct word costs in counting and training together.
constexpr uint64_t bytesPerWord = 400;

struct Counted {
  WordCounts counts;
  uint64_t bytes = 0;
};

struct CountingResult {
  WordCounts counts;
  uint64_t bytes = 0;
  uint64_t words = 0;
  uint64_t pruned = 0;
};

Status countWords(const VocabJobOptions &options, TextBlockReader &reader,
                  CountingResult *result) {
  CodePointMap map({options.lowerCase, options.lowerCase});
  std::vector<WordCounter> counters;
  for (int job = 0; job < options.jobs; ++job) {
    counters.emplace_back(map);
  }
  Progress progress(
      megabytes("count words", reader.totalBytes(), options.quiet));
  size_t maxWords = std::max<uint64_t>(options.memoryLimit / bytesPerWord, 1);

  auto take = [&]() -> StatusOr<std::optional<TextBlock>> {
    if (stopRequested()) {
      return failedPrecondition("interrupted; no vocabulary was written");
    }
    return reader.next();
  };
  auto work = [&](int worker, TextBlock block) -> StatusOr<Counted> {
    WordCounter &counter = counters[static_cast<size_t>(worker)];
    counter.add(block.text);
    return Counted{counter.take(), block.text.size()};
  };
  auto consume = [&](Counted counted) {
    for (const auto &[word, count] : counted.counts) {
      result->words += count;
      result->counts[word] += count;
    }
    // Prune well below the limit, so that it does not happen every block.
    if (result->counts.size() > maxWords) {
      result->pruned += pruneWordCounts(maxWords / 2, &result->counts);
    }
    result->bytes += counted.bytes;
    progress.add(static_cast<double>(counted.bytes) / 1e6);
    return Status();
  };
  BERTC_RETURN_IF_ERROR(
      (Pipeline<TextBlock, Counted>::run(options.jobs, take, work, consume)));
  progress.finish();
  return Status();
}

StatusOr<std::vector<std::string>> train(const VocabJobOptions &options,
                                         const WordCounts &counts) {
  ProgressOptions progressOptions;
  progressOptions.label = "merge pieces";
  progressOptions.unit = "tokens";
  progressOptions.total = static_cast<double>(options.vocabSize);
  progressOptions.quiet = options.quiet;
  Progress progress(progressOptions);
  VocabTrainerOptions trainer;
  trainer.vocabSize = options.vocabSize;
  trainer.minFrequency = options.minFrequency;
  trainer.limitAlphabet = options.limitAlphabet;
  trainer.progress = [&](size_t tokens) {
    progress.advanceTo(static_cast<double>(tokens));
    return !stopRequested();
  };
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> tokens,
                         trainVocabulary(counts, trainer));
  progress.advanceTo(static_cast<double>(tokens.size()));
  progress.finish();
  return tokens;
}

} // namespace

StatusOr<Json> runVocabJob(const VocabJobOptions &options) {
  auto start = std::chrono::steady_clock::now();
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> files,
                         expandInputs(options.inputs));
  size_t fileCount = files.size();
  BERTC_ASSIGN_OR_RETURN(TextBlockReader reader,
                         TextBlockReader::open(std::move(files)));
  // The output is opened first: hours of counting must not end in a typo.
  BERTC_ASSIGN_OR_RETURN(AtomicFile output,
                         AtomicFile::create(options.outputFile));
  CountingResult counted;
  BERTC_RETURN_IF_ERROR(countWords(options, reader, &counted));
  if (counted.words == 0) {
    return corrupt(fmt::format("no words in {} input file(s) of {} bytes; give "
                               "text files in UTF-8",
                               fileCount, counted.bytes));
  }
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> tokens,
                         train(options, counted.counts));
  for (const std::string &token : tokens) {
    BERTC_RETURN_IF_ERROR(output.append(token + "\n"));
  }
  BERTC_RETURN_IF_ERROR(output.commit());

  Json summary = jsonDocument("vocab", 1);
  summary["output_file"] = options.outputFile;
  summary["tokens"] = tokens.size();
  summary["tokens_requested"] = options.vocabSize;
  summary["input_files"] = fileCount;
  summary["input_bytes"] = counted.bytes;
  summary["words"] = counted.words;
  summary["distinct_words"] = counted.counts.size();
  summary["distinct_words_forgotten"] = counted.pruned;
  summary["do_lower_case"] = options.lowerCase;
  summary["seconds"] =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  return summary;
}

} // namespace bertc
