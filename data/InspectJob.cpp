// SPDX-License-Identifier: Apache-2.0
#include "data/InspectJob.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "data/RecordBlocks.h"
#include "data/RecordCheck.h"
#include "data/packing/PackedRecord.h"
#include "io/Files.h"
#include "io/Manifest.h"
#include "io/TfRecord.h"
#include "support/Progress.h"
#include "support/Signals.h"
#include "text/Vocabulary.h"

namespace bertc {
namespace {

constexpr size_t histogramBins = 8;

struct RecordShape {
  size_t maxSeqLength = 0;
  /// P, or P + K of packed records.
  size_t maxPredictions = 0;
  /// K, or 0 when records are not packed.
  size_t maxSequences = 0;

  bool operator==(const RecordShape &other) const {
    return maxSeqLength == other.maxSeqLength &&
           maxPredictions == other.maxPredictions &&
           maxSequences == other.maxSequences;
  }
  std::string text() const {
    std::string packed =
        maxSequences == 0
            ? ""
            : fmt::format(", packs of up to {} sequences", maxSequences);
    return fmt::format("sequence length {}, {} predictions at most{}",
                       maxSeqLength, maxPredictions, packed);
  }
};

/// What inspection looks at in a record, packed or not.
struct RecordFacts {
  RecordShape shape;
  /// Without padding.
  std::vector<int64_t> ids;
  /// Positions and true ids.
  std::vector<std::pair<int64_t, int64_t>> predictions;
  std::vector<int64_t> nextSentenceLabels;
};

/// Sums over all records.
struct Statistics {
  uint64_t records = 0, bytes = 0;
  uint64_t sequences = 0, tokens = 0, predictions = 0, randomNext = 0;
  RecordShape shape;
  /// Records by length, in eighths of maxSeqLength.
  std::array<uint64_t, histogramBins> lengths{};
  /// How often each word piece is the answer of a prediction.
  std::map<int64_t, uint64_t> answers;

  /// Entropy in nats of the answers, -sum p log p: the masked-LM loss of a
  /// model that knows how frequent each piece is and nothing else.
  double answerEntropy() const {
    double entropy = 0;
    for (const auto &[id, count] : answers) {
      double p = static_cast<double>(count) / static_cast<double>(predictions);
      entropy -= p * std::log(p);
    }
    return entropy;
  }
};

std::string tokenText(const Vocabulary *vocabulary, int64_t id) {
  if (vocabulary == nullptr || id < 0 ||
      id >= static_cast<int64_t>(vocabulary->size())) {
    return std::to_string(id);
  }
  return vocabulary->token(static_cast<int32_t>(id));
}

/// Tokens as read, with predicted ones as "shown(true)".
std::string recordText(const RecordFacts &record,
                       const Vocabulary *vocabulary) {
  std::string text;
  auto prediction = record.predictions.begin();
  for (size_t i = 0; i < record.ids.size(); ++i) {
    text += (text.empty() ? "" : " ") + tokenText(vocabulary, record.ids[i]);
    if (prediction != record.predictions.end() &&
        prediction->first == static_cast<int64_t>(i)) {
      text += "(" + tokenText(vocabulary, prediction->second) + ")";
      ++prediction;
    }
  }
  return text;
}

Json recordJson(const std::string &file, uint64_t offset,
                const RecordFacts &record, const Vocabulary *vocabulary) {
  Json json = Json::object();
  json["file"] = file;
  json["offset"] = offset;
  json["length"] = record.ids.size();
  json["predictions"] = record.predictions.size();
  if (record.shape.maxSequences == 0) {
    json["next_sentence_label"] = record.nextSentenceLabels[0];
  } else {
    json["sequences"] = record.nextSentenceLabels.size();
    json["next_sentence_labels"] = record.nextSentenceLabels;
  }
  json["text"] = recordText(record, vocabulary);
  return json;
}

/// Reads a record of one sequence; checks it when told.
StatusOr<RecordFacts> plainFacts(const ExampleView &example, bool verify,
                                 int64_t vocabSize) {
  BERTC_ASSIGN_OR_RETURN(PretrainRecord record, readPretrainRecord(example));
  if (verify) {
    BERTC_RETURN_IF_ERROR(checkPretrainRecord(record, vocabSize));
  }
  RecordFacts facts;
  facts.shape.maxSeqLength = record.inputIds.size();
  facts.shape.maxPredictions = record.maskedPositions.size();
  facts.ids = record.inputIds;
  facts.ids.resize(record.length());
  for (size_t i = 0; i < record.maskedIds.size(); ++i) {
    if (record.maskedWeights[i] == 1.0F) {
      facts.predictions.emplace_back(record.maskedPositions[i],
                                     record.maskedIds[i]);
    }
  }
  facts.nextSentenceLabels = {record.nextSentenceLabel};
  return facts;
}

/// Reads a packed record; checks it when told.
StatusOr<RecordFacts> packedFacts(const ExampleView &example, bool verify,
                                  int64_t vocabSize) {
  BERTC_ASSIGN_OR_RETURN(PackedRecord record, readPackedRecord(example));
  if (verify) {
    StatusOr<std::vector<PretrainInstance>> instances =
        unpackRecord(record, vocabSize);
    BERTC_RETURN_IF_ERROR(instances.ok() ? Status() : instances.status());
  }
  RecordFacts facts;
  facts.shape.maxSeqLength = record.inputIds.size();
  facts.shape.maxPredictions = record.maskedPositions.size();
  facts.shape.maxSequences = record.nextPositions.size();
  facts.ids = record.inputIds;
  facts.ids.resize(record.length());
  for (size_t i = 0; i < record.maskedIds.size(); ++i) {
    if (record.maskedWeights[i] != 0.0F) {
      facts.predictions.emplace_back(record.maskedPositions[i],
                                     record.maskedIds[i]);
    }
  }
  facts.nextSentenceLabels = record.nextLabels;
  facts.nextSentenceLabels.resize(record.sequences());
  return facts;
}

class Inspector {
public:
  Inspector(const InspectJobOptions &options, const Vocabulary *vocabulary)
      : options_(options), vocabulary_(vocabulary) {}

  Status addFile(const std::string &path, Progress *progress) {
    BERTC_ASSIGN_OR_RETURN(TfRecordReader reader, TfRecordReader::open(path));
    std::string_view bytes;
    for (;;) {
      uint64_t offset = reader.offset();
      BERTC_ASSIGN_OR_RETURN(bool more, reader.next(&bytes));
      if (!more) {
        break;
      }
      Status status = addRecord(path, offset, bytes);
      if (!status.ok()) {
        return status.annotate(fmt::format("{}: record {} at offset {}", path,
                                           reader.recordCount() - 1, offset));
      }
      if (reader.recordCount() % 4096 == 0 && stopRequested()) {
        return failedPrecondition("interrupted");
      }
    }
    statistics_.bytes += reader.fileSize();
    progress->add(static_cast<double>(reader.fileSize()) / 1e6);
    return Status();
  }

  const Statistics &statistics() const { return statistics_; }
  const Json &shown() const { return shown_; }

private:
  Status addRecord(const std::string &path, uint64_t offset,
                   std::string_view bytes) {
    BERTC_RETURN_IF_ERROR(example_.parse(bytes));
    int64_t vocabSize =
        vocabulary_ == nullptr ? 0 : static_cast<int64_t>(vocabulary_->size());
    auto read = isPackedRecord(example_) ? packedFacts : plainFacts;
    BERTC_ASSIGN_OR_RETURN(RecordFacts record,
                           read(example_, options_.verify, vocabSize));
    if (statistics_.records == 0) {
      statistics_.shape = record.shape;
    } else if (!(record.shape == statistics_.shape)) {
      return corrupt(record.shape.text() + ", but the first record has " +
                     statistics_.shape.text());
    }
    if (statistics_.records < options_.limit) {
      shown_.push_back(recordJson(path, offset, record, vocabulary_));
    }
    count(record);
    return Status();
  }

  void count(const RecordFacts &record) {
    size_t length = record.ids.size();
    ++statistics_.records;
    statistics_.sequences += record.nextSentenceLabels.size();
    statistics_.tokens += length;
    statistics_.predictions += record.predictions.size();
    for (const auto &[position, id] : record.predictions) {
      ++statistics_.answers[id];
    }
    for (int64_t label : record.nextSentenceLabels) {
      statistics_.randomNext += label == 1 ? 1 : 0;
    }
    size_t bin = length == 0
                     ? 0
                     : (length - 1) * histogramBins /
                           std::max<size_t>(statistics_.shape.maxSeqLength, 1);
    ++statistics_.lengths[std::min(bin, histogramBins - 1)];
  }

  const InspectJobOptions &options_;
  const Vocabulary *vocabulary_;
  ExampleView example_;
  Statistics statistics_;
  Json shown_ = Json::array();
};

/// Checks the manifests of all inputs; returns how many there were.
StatusOr<uint64_t> verifyManifests(const std::vector<std::string> &files) {
  std::set<std::string> folders;
  uint64_t found = 0;
  for (const std::string &file : files) {
    if (fileExists(manifestPath(file))) {
      BERTC_RETURN_IF_ERROR(verifyManifest(file, ManifestCheck::Hashes));
      ++found;
    }
    folders.insert(parentDirectory(file));
  }
  for (const std::string &folder : folders) {
    if (folder != "." && fileExists(manifestPath(folder))) {
      BERTC_RETURN_IF_ERROR(verifyManifest(folder, ManifestCheck::Hashes));
      ++found;
    }
  }
  return found;
}

Json statisticsJson(const Statistics &statistics, size_t files) {
  auto mean = [&](uint64_t sum) {
    return statistics.records == 0
               ? 0.0
               : static_cast<double>(sum) /
                     static_cast<double>(statistics.records);
  };
  Json json = jsonDocument("records", 1);
  json["files"] = files;
  json["bytes"] = statistics.bytes;
  json["records"] = statistics.records;
  json["max_seq_length"] = statistics.shape.maxSeqLength;
  // Packed records have room for one more a sequence.
  json["max_predictions_per_seq"] =
      statistics.shape.maxPredictions - statistics.shape.maxSequences;
  json["max_sequences_per_pack"] = statistics.shape.maxSequences;
  json["sequences"] = statistics.sequences;
  json["tokens"] = statistics.tokens;
  json["mean_length"] = mean(statistics.tokens);
  json["mean_predictions"] = mean(statistics.predictions);
  json["unigram_entropy"] = statistics.answerEntropy();
  json["random_next_share"] =
      statistics.sequences == 0 ? 0.0
                                : static_cast<double>(statistics.randomNext) /
                                      static_cast<double>(statistics.sequences);
  json["efficiency"] =
      statistics.shape.maxSeqLength == 0
          ? 0.0
          : mean(statistics.tokens) /
                static_cast<double>(statistics.shape.maxSeqLength);
  Json histogram = Json::array();
  for (size_t bin = 0; bin < histogramBins; ++bin) {
    Json entry = Json::object();
    entry["up_to"] = (bin + 1) * statistics.shape.maxSeqLength / histogramBins;
    entry["records"] = statistics.lengths[bin];
    histogram.push_back(entry);
  }
  json["length_histogram"] = histogram;
  return json;
}

} // namespace

StatusOr<Json> runInspectJob(const InspectJobOptions &options) {
  std::optional<Vocabulary> vocabulary;
  if (!options.vocabFile.empty()) {
    BERTC_ASSIGN_OR_RETURN(vocabulary, Vocabulary::load(options.vocabFile));
  }
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> files,
                         expandRecordFiles(options.inputs));
  uint64_t manifests = 0;
  if (options.verify) {
    BERTC_ASSIGN_OR_RETURN(manifests, verifyManifests(files));
  }
  Progress progress(
      megabytes(options.verify ? "verify" : "read", 0, options.quiet));
  Inspector inspector(options, vocabulary ? &*vocabulary : nullptr);
  for (const std::string &file : files) {
    BERTC_RETURN_IF_ERROR(inspector.addFile(file, &progress));
  }
  Json document = statisticsJson(inspector.statistics(), files.size());
  if (options.verify) {
    document["verified"] = true;
    document["manifests"] = manifests;
  }
  document["shown"] = inspector.shown();
  return document;
}

std::string inspectText(const Json &document) {
  std::string text;
  for (const Json &record : document["shown"]) {
    std::string next =
        record.contains("sequences")
            ? fmt::format("{} sequences", record["sequences"].get<uint64_t>())
            : fmt::format("next sentence {}", record["next_sentence_label"] == 1
                                                  ? "random"
                                                  : "true");
    text += fmt::format(
        "{} offset {}: {} tokens, {} predictions, {}\n  {}\n",
        record["file"].get<std::string>(), record["offset"].get<uint64_t>(),
        record["length"].get<uint64_t>(), record["predictions"].get<uint64_t>(),
        next, record["text"].get<std::string>());
  }
  uint64_t records = document["records"].get<uint64_t>();
  text += fmt::format("{} records in {} file(s), {} bytes\n", records,
                      document["files"].get<uint64_t>(),
                      document["bytes"].get<uint64_t>());
  text += fmt::format("sequence length {}, {} predictions at most\n",
                      document["max_seq_length"].get<uint64_t>(),
                      document["max_predictions_per_seq"].get<uint64_t>());
  if (document["max_sequences_per_pack"] != 0) {
    text += fmt::format(
        "packed: {} sequences, at most {} a record, {:.2f}% of the positions "
        "hold tokens\n",
        document["sequences"].get<uint64_t>(),
        document["max_sequences_per_pack"].get<uint64_t>(),
        document["efficiency"].get<double>() * 100);
  }
  text += fmt::format("mean length {:.1f}, mean predictions {:.1f}, random "
                      "next {:.1f}%\n",
                      document["mean_length"].get<double>(),
                      document["mean_predictions"].get<double>(),
                      document["random_next_share"].get<double>() * 100);
  text += fmt::format("unigram entropy of the predicted tokens {:.3f} nats\n",
                      document["unigram_entropy"].get<double>());
  uint64_t from = 1;
  for (const Json &bin : document["length_histogram"]) {
    uint64_t count = bin["records"].get<uint64_t>();
    uint64_t upTo = bin["up_to"].get<uint64_t>();
    double share = records == 0 ? 0
                                : static_cast<double>(count) /
                                      static_cast<double>(records);
    text += fmt::format("  length {:>4}-{:<4} {:>10} {:5.1f}% {}\n", from, upTo,
                        count, share * 100,
                        std::string(static_cast<size_t>(share * 40), '#'));
    from = upTo + 1;
  }
  if (document.contains("verified")) {
    text += fmt::format("verified: checksums, features, ids and masks of all "
                        "records; {} manifest(s)\n",
                        document["manifests"].get<uint64_t>());
  }
  return text;
}

} // namespace bertc
