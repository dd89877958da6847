// SPDX-License-Identifier: Apache-2.0
#include "data/PackJob.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include <fmt/format.h>

#include "data/InstanceReader.h"
#include "data/Pipeline.h"
#include "data/Random.h"
#include "data/RecordBlocks.h"
#include "data/ShuffledOutput.h"
#include "data/packing/PackAssigner.h"
#include "data/packing/PackMetadata.h"
#include "data/packing/PackedRecord.h"
#include "io/Files.h"
#include "support/Memory.h"
#include "support/Progress.h"
#include "support/Signals.h"

namespace bertc {
namespace {

/// What the first pass learns of all records.
struct LengthSurvey {
  /// By length: how many, and the most predictions of one.
  LengthHistogram histogram;
  std::vector<size_t> predictions;
  size_t maxSequenceLength = 0;
  size_t maxPredictions = 0;
  uint64_t tokens = 0;
};

/// Lengths and predictions of the records of a block.
struct BlockLengths {
  std::vector<std::pair<uint16_t, uint16_t>> records;
  size_t maxSequenceLength = 0;
  size_t maxPredictions = 0;
  size_t bytes = 0;
};

/// Packed instances of a block with zero keys, and where each begins.
struct BlockInstances {
  std::string packed;
  std::vector<std::pair<size_t, uint16_t>> records;
  size_t bytes = 0;
};

class PackRun {
public:
  PackRun(const PackJobOptions &options, std::vector<std::string> files,
          uint64_t bytes)
      : options_(options), files_(std::move(files)), bytes_(bytes),
        readers_(static_cast<size_t>(options.jobs)) {
    target_.folder = options.outputDir;
    while (target_.folder.size() > 1 && target_.folder.back() == '/') {
      target_.folder.pop_back();
    }
    target_.shards = options.shards;
  }

  StatusOr<Json> run() {
    auto start = std::chrono::steady_clock::now();
    if (!options_.dryRun) {
      BERTC_RETURN_IF_ERROR(ShardWriter::check(target_));
    }
    BERTC_RETURN_IF_ERROR(survey());
    BERTC_RETURN_IF_ERROR(makeShape());
    auto planning = std::chrono::steady_clock::now();
    BERTC_ASSIGN_OR_RETURN(plan_, planPacking(survey_.histogram,
                                              options_.maxSequencesPerPack,
                                              options_.method));
    planSeconds_ = secondsSince(planning);
    BERTC_RETURN_IF_ERROR(checkPredictions());
    if (!options_.dryRun) {
      BERTC_RETURN_IF_ERROR(pack());
    }
    Json json = summary();
    json["seconds"] = secondsSince(start);
    json["peak_rss_bytes"] = peakResidentBytes();
    return json;
  }

private:
  using Clock = std::chrono::steady_clock;

  static double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  /// Runs work(worker, block) over all records, and consume in order.
  template <typename Result, typename Work, typename Consume>
  Status forEachBlock(Work work, Consume consume) {
    RecordBlockReader blocks(files_);
    auto take = [&]() -> StatusOr<std::optional<RecordBlock>> {
      if (stopRequested()) {
        return failedPrecondition("interrupted; no records were written");
      }
      return blocks.next();
    };
    return Pipeline<RecordBlock, Result>::run(options_.jobs, take, work,
                                              consume);
  }

  Status survey() {
    Progress progress(megabytes("read lengths", bytes_, options_.quiet));
    auto work = [&](int worker, const RecordBlock &block) {
      return lengthsOf(readers_[static_cast<size_t>(worker)], block);
    };
    auto consume = [&](const BlockLengths &block) {
      progress.add(static_cast<double>(block.bytes) / 1e6);
      return addLengths(block);
    };
    BERTC_RETURN_IF_ERROR(forEachBlock<BlockLengths>(work, consume));
    progress.finish();
    return survey_.histogram.empty()
               ? corrupt(fmt::format("no records in {} input file(s)",
                                     files_.size()))
               : Status();
  }

  static StatusOr<BlockLengths> lengthsOf(InstanceReader &reader,
                                          const RecordBlock &block) {
    BlockLengths result;
    result.bytes = block.fileBytes();
    PretrainInstance instance;
    for (size_t i = 0; i < block.records.size(); ++i) {
      BERTC_RETURN_IF_ERROR(
          block.annotate(i, reader.read(block[i], &instance)));
      if (i == 0) {
        result.maxSequenceLength = reader.maxSequenceLength();
        result.maxPredictions = reader.maxPredictions();
      }
      BERTC_RETURN_IF_ERROR(
          block.annotate(i, sameShape(reader, result.maxSequenceLength,
                                      result.maxPredictions)));
      result.records.emplace_back(
          static_cast<uint16_t>(instance.ids.size()),
          static_cast<uint16_t>(instance.maskedPositions.size()));
    }
    return result;
  }

  static Status sameShape(const InstanceReader &reader, size_t s, size_t p) {
    if (reader.maxSequenceLength() == s && reader.maxPredictions() == p) {
      return Status();
    }
    return differentShape(reader.maxSequenceLength(), reader.maxPredictions(),
                          s, p);
  }

  static Status differentShape(size_t s, size_t p, size_t s0, size_t p0) {
    return corrupt(fmt::format("sequence length {} and {} predictions, but "
                               "records before have {} and {}",
                               s, p, s0, p0));
  }

  Status addLengths(const BlockLengths &block) {
    if (survey_.histogram.empty()) {
      survey_.maxSequenceLength = block.maxSequenceLength;
      survey_.maxPredictions = block.maxPredictions;
      survey_.histogram.resize(block.maxSequenceLength + 1);
      survey_.predictions.resize(block.maxSequenceLength + 1);
    }
    if (block.maxSequenceLength != survey_.maxSequenceLength ||
        block.maxPredictions != survey_.maxPredictions) {
      return differentShape(block.maxSequenceLength, block.maxPredictions,
                            survey_.maxSequenceLength, survey_.maxPredictions);
    }
    for (const auto &[length, predictions] : block.records) {
      ++survey_.histogram[length];
      survey_.tokens += length;
      survey_.predictions[length] =
          std::max<size_t>(survey_.predictions[length], predictions);
    }
    return Status();
  }

  /// The shapes of the output from the input's and the flags.
  Status makeShape() {
    auto s = static_cast<int>(survey_.maxSequenceLength);
    if (options_.maxSequenceLength != 0 && options_.maxSequenceLength != s) {
      return invalidArgument(
          fmt::format("--max-sequence-length {}, but the records have {}",
                      options_.maxSequenceLength, s));
    }
    shape_.maxSequenceLength = s;
    shape_.maxSequencesPerPack = options_.maxSequencesPerPack;
    shape_.maxPredictionsPerSequence =
        options_.maxPredictionsPerSequence != 0
            ? options_.maxPredictionsPerSequence
            : static_cast<int>(survey_.maxPredictions);
    return Status();
  }

  /// Every pack must have room for its predictions.
  Status checkPredictions() const {
    auto room = static_cast<size_t>(shape_.maxPredictionsPerSequence +
                                    shape_.maxSequencesPerPack);
    size_t most = 0;
    for (const PackKind &kind : plan_.kinds) {
      size_t sum = 0;
      for (uint16_t length : kind.lengths) {
        sum += survey_.predictions[length];
      }
      most = std::max(most, sum);
    }
    if (most <= room) {
      return Status();
    }
    return failedPrecondition(fmt::format(
        "packs may have {} predictions, but {} + {} fit; give "
        "--max-predictions-per-sequence {}",
        most, shape_.maxPredictionsPerSequence, shape_.maxSequencesPerPack,
        most - static_cast<size_t>(shape_.maxSequencesPerPack)));
  }

  Status pack() {
    std::string folder = options_.tempDir.empty()
                             ? parentDirectory(target_.folder)
                             : options_.tempDir;
    BERTC_RETURN_IF_ERROR(makeDirectories(folder));
    uint64_t sortBytes =
        std::clamp<uint64_t>(options_.memoryLimit / 16, 1U << 20, 48U << 20);
    BERTC_ASSIGN_OR_RETURN(
        ShuffleStore shuffle,
        ShuffleStore::create(folder, survey_.tokens * 4, sortBytes));
    BERTC_RETURN_IF_ERROR(spread(&shuffle));
    BERTC_ASSIGN_OR_RETURN(ShardWriter writer,
                           ShardWriter::create(target_, plan_.packs()));
    BERTC_RETURN_IF_ERROR(writePacks(shuffle, &writer));
    shards_ = writer.shardCount();
    outputBytes_ = writer.byteCount();
    // Before the folder: packed records are never without it.
    std::string metadata = packMetadataPath(target_.folder);
    BERTC_RETURN_IF_ERROR(writeFileAtomically(
        metadata, packMetadataText(plan_, survey_.histogram,
                                   options_.maxSequencesPerPack)));
    Status published = writer.publish(attributes());
    if (!published.ok() && !directoryExists(target_.folder)) {
      (void)removeFile(metadata);
    }
    return published;
  }

  /// Gives every sequence its pack.
  Status spread(ShuffleStore *shuffle) {
    Progress progress(megabytes("spread", bytes_, options_.quiet));
    PackAssigner assigner(plan_, options_.seed);
    auto work = [&](int worker, const RecordBlock &block) {
      return instancesOf(readers_[static_cast<size_t>(worker)], block);
    };
    auto consume = [&](BlockInstances block) -> Status {
      progress.add(static_cast<double>(block.bytes) / 1e6);
      for (const auto &[begin, length] : block.records) {
        uint64_t pack = assigner.next(length);
        if (pack == assigner.packs()) {
          return changedMeanwhile();
        }
        setPackedKey(assigner.orderKey(pack), &block.packed[begin]);
      }
      return shuffle->add(block.packed);
    };
    BERTC_RETURN_IF_ERROR(forEachBlock<BlockInstances>(work, consume));
    progress.finish();
    return assigner.complete() ? Status() : changedMeanwhile();
  }

  static Status changedMeanwhile() {
    return ioError("the input records changed while they were being packed");
  }

  static StatusOr<BlockInstances> instancesOf(InstanceReader &reader,
                                              const RecordBlock &block) {
    BlockInstances result;
    result.bytes = block.fileBytes();
    PretrainInstance instance;
    for (size_t i = 0; i < block.records.size(); ++i) {
      BERTC_RETURN_IF_ERROR(
          block.annotate(i, reader.read(block[i], &instance)));
      result.records.emplace_back(result.packed.size(),
                                  static_cast<uint16_t>(instance.ids.size()));
      packInstance(instance, 0, &result.packed);
    }
    return result;
  }

  /// Sequences of the same key are those of a pack.
  Status writePacks(ShuffleStore &shuffle, ShardWriter *writer) {
    std::vector<PackedEncoder> encoders;
    for (int job = 0; job < options_.jobs; ++job) {
      encoders.emplace_back(shape_);
    }
    auto encode = [&](int worker, const InstanceSlice &slice,
                      FramedRecords *out) {
      return encodePacks(encoders[static_cast<size_t>(worker)], slice, out);
    };
    return writeShuffled(shuffle, options_.jobs, options_.quiet, encode,
                         writer);
  }

  static Status encodePacks(PackedEncoder &encoder, const InstanceSlice &slice,
                            FramedRecords *out) {
    const SortedInstances &run = *slice.source;
    PretrainInstance instance;
    for (size_t i = slice.first; i < slice.last;) {
      encoder.clear();
      for (uint64_t key = run.key(i); i < slice.last && run.key(i) == key;
           ++i) {
        if (!unpackInstance(run[i], &instance) || !encoder.add(instance)) {
          return internalError("a sequence does not fit the pack it is for");
        }
      }
      size_t begin = beginRecord(&out->framed);
      encoder.encode(&out->framed);
      out->endRecord(begin, slice.last - slice.first);
    }
    return Status();
  }

  std::map<std::string, std::string> attributes() const {
    return {
        {"tool", "bert-data pack"},
        {"max_seq_length", std::to_string(shape_.maxSequenceLength)},
        {"max_predictions_per_seq",
         std::to_string(shape_.maxPredictionsPerSequence)},
        {"max_sequences_per_pack", std::to_string(shape_.maxSequencesPerPack)},
        {"packing_method", packingMethodName(options_.method)},
        {"random_seed", std::to_string(options_.seed)},
    };
  }

  Json summary() const {
    PackingStatistics statistics = packingStatistics(plan_, survey_.histogram);
    Json json = jsonDocument("pack", 1);
    json["input_files"] = files_.size();
    json["input_bytes"] = bytes_;
    json["dry_run"] = options_.dryRun;
    if (!options_.dryRun) {
      json["folder"] = target_.folder;
      json["metadata_file"] = packMetadataPath(target_.folder);
      json["shards"] = shards_;
      json["bytes"] = outputBytes_;
    }
    json["max_seq_length"] = shape_.maxSequenceLength;
    json["max_predictions_per_seq"] = shape_.maxPredictionsPerSequence;
    json["max_sequences_per_pack"] = shape_.maxSequencesPerPack;
    json["method"] = packingMethodName(options_.method);
    json["sequences"] = statistics.sequences;
    json["packs"] = statistics.packs;
    json["tokens"] = statistics.tokens;
    json["sequences_per_pack"] = statistics.sequencesPerPack;
    json["packing_efficiency"] = statistics.efficiency;
    json["theoretical_speedup"] = statistics.theoreticalSpeedup;
    json["kinds"] = plan_.kinds.size();
    Json top = Json::array();
    for (const PackKind &kind : mostFrequentKinds(plan_, 8)) {
      Json entry = Json::object();
      entry["lengths"] = kind.lengths;
      entry["packs"] = kind.count;
      top.push_back(entry);
    }
    json["most_frequent"] = top;
    json["plan_seconds"] = planSeconds_;
    return json;
  }

  const PackJobOptions &options_;
  std::vector<std::string> files_;
  uint64_t bytes_;
  std::vector<InstanceReader> readers_;
  ShardTarget target_;
  LengthSurvey survey_;
  PackedShape shape_;
  PackingPlan plan_;
  double planSeconds_ = 0;
  size_t shards_ = 0;
  uint64_t outputBytes_ = 0;
};

/// `count` of `files` in their order, each choice as likely (Knuth's algorithm
/// S).
std::vector<std::string> drawFiles(std::vector<std::string> files,
                                   uint64_t count, uint64_t seed) {
  Random random({seed, files.size(), count});
  std::vector<std::string> drawn;
  for (size_t i = 0; i < files.size() && drawn.size() < count; ++i) {
    if (random.below(files.size() - i) < count - drawn.size()) {
      drawn.push_back(std::move(files[i]));
    }
  }
  return drawn;
}

} // namespace

const char *packingMethodName(PackingMethod method) {
  switch (method) {
  case PackingMethod::Fewest:
    return "fewest";
  case PackingMethod::LongestFirst:
    return "longest-first";
  case PackingMethod::ShortestFirst:
    return "shortest-first";
  case PackingMethod::LeastSquares:
    return "nnls";
  case PackingMethod::Linear:
    return "linear";
  }
  return "";
}

StatusOr<Json> runPackJob(const PackJobOptions &options) {
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> files,
                         expandRecordFiles(options.inputs));
  if (options.maxFiles != 0 && options.maxFiles < files.size()) {
    files = drawFiles(std::move(files), options.maxFiles, options.seed);
  }
  uint64_t bytes = 0;
  for (const std::string &path : files) {
    BERTC_ASSIGN_OR_RETURN(InputFile file, InputFile::open(path));
    bytes += file.size();
  }
  return PackRun(options, std::move(files), bytes).run();
}

} // namespace bertc
