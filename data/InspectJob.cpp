// SPDX-License-Identifier: Apache-2.0
#include "data/InspectJob.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "data/RecordCheck.h"
#include "io/Files.h"
#include "io/Manifest.h"
#include "io/TfRecord.h"
#include "support/Progress.h"
#include "support/Signals.h"
#include "text/Vocabulary.h"

namespace bertc {
namespace {

constexpr size_t histogramBins = 8;

/// Sums over all records.
struct Statistics {
  uint64_t records = 0, bytes = 0;
  uint64_t tokens = 0, predictions = 0, randomNext = 0;
  size_t maxSeqLength = 0, maxPredictions = 0;
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
std::string recordText(const PretrainRecord &record,
                       const Vocabulary *vocabulary) {
  std::string text;
  size_t prediction = 0;
  for (size_t i = 0; i < record.length(); ++i) {
    text +=
        (text.empty() ? "" : " ") + tokenText(vocabulary, record.inputIds[i]);
    if (prediction < record.predictions() &&
        record.maskedPositions[prediction] == static_cast<int64_t>(i)) {
      text += "(" + tokenText(vocabulary, record.maskedIds[prediction]) + ")";
      ++prediction;
    }
  }
  return text;
}

Json recordJson(const std::string &file, uint64_t offset,
                const PretrainRecord &record, const Vocabulary *vocabulary) {
  Json json = Json::object();
  json["file"] = file;
  json["offset"] = offset;
  json["length"] = record.length();
  json["predictions"] = record.predictions();
  json["next_sentence_label"] = record.nextSentenceLabel;
  json["text"] = recordText(record, vocabulary);
  return json;
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
    BERTC_ASSIGN_OR_RETURN(PretrainRecord record, readPretrainRecord(example_));
    size_t s = record.inputIds.size(), p = record.maskedPositions.size();
    if (statistics_.records == 0) {
      statistics_.maxSeqLength = s;
      statistics_.maxPredictions = p;
    } else if (s != statistics_.maxSeqLength ||
               p != statistics_.maxPredictions) {
      return corrupt(fmt::format(
          "sequence length {} and {} predictions, but the first record has {} "
          "and {}",
          s, p, statistics_.maxSeqLength, statistics_.maxPredictions));
    }
    if (options_.verify) {
      int64_t vocabSize = vocabulary_ == nullptr
                              ? 0
                              : static_cast<int64_t>(vocabulary_->size());
      BERTC_RETURN_IF_ERROR(checkPretrainRecord(record, vocabSize));
    }
    if (statistics_.records < options_.limit) {
      shown_.push_back(recordJson(path, offset, record, vocabulary_));
    }
    count(record);
    return Status();
  }

  void count(const PretrainRecord &record) {
    size_t length = record.length();
    ++statistics_.records;
    statistics_.tokens += length;
    statistics_.predictions += record.predictions();
    for (size_t i = 0; i < record.maskedIds.size(); ++i) {
      if (record.maskedWeights[i] == 1.0F) {
        ++statistics_.answers[record.maskedIds[i]];
      }
    }
    statistics_.randomNext += record.nextSentenceLabel == 1 ? 1 : 0;
    size_t bin = length == 0
                     ? 0
                     : (length - 1) * histogramBins /
                           std::max<size_t>(statistics_.maxSeqLength, 1);
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
  json["max_seq_length"] = statistics.maxSeqLength;
  json["max_predictions_per_seq"] = statistics.maxPredictions;
  json["tokens"] = statistics.tokens;
  json["mean_length"] = mean(statistics.tokens);
  json["mean_predictions"] = mean(statistics.predictions);
  json["unigram_entropy"] = statistics.answerEntropy();
  json["random_next_share"] = mean(statistics.randomNext);
  Json histogram = Json::array();
  for (size_t bin = 0; bin < histogramBins; ++bin) {
    Json entry = Json::object();
    entry["up_to"] = (bin + 1) * statistics.maxSeqLength / histogramBins;
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
                         expandInputs(options.inputs));
  // Manifests stand among the files they are about.
  files.erase(std::remove_if(files.begin(), files.end(),
                             [](const std::string &path) {
                               return path.size() > 5 &&
                                      path.substr(path.size() - 5) == ".json";
                             }),
              files.end());
  if (files.empty()) {
    return notFound("no record files among the inputs; name files, or a folder "
                    "that holds them itself");
  }
  uint64_t manifests = 0;
  if (options.verify) {
    BERTC_ASSIGN_OR_RETURN(manifests, verifyManifests(files));
  }
  ProgressOptions progressOptions;
  progressOptions.label = options.verify ? "verify" : "read";
  progressOptions.unit = "MB";
  progressOptions.quiet = options.quiet;
  Progress progress(progressOptions);
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
    text += fmt::format(
        "{} offset {}: {} tokens, {} predictions, next "
        "sentence {}\n  {}\n",
        record["file"].get<std::string>(), record["offset"].get<uint64_t>(),
        record["length"].get<uint64_t>(), record["predictions"].get<uint64_t>(),
        record["next_sentence_label"] == 1 ? "random" : "true",
        record["text"].get<std::string>());
  }
  uint64_t records = document["records"].get<uint64_t>();
  text += fmt::format("{} records in {} file(s), {} bytes\n", records,
                      document["files"].get<uint64_t>(),
                      document["bytes"].get<uint64_t>());
  text += fmt::format("sequence length {}, {} predictions at most\n",
                      document["max_seq_length"].get<uint64_t>(),
                      document["max_predictions_per_seq"].get<uint64_t>());
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
