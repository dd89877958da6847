// SPDX-License-Identifier: Apache-2.0
#include "data/InstanceStream.h"

#include <memory>

#include "data/Pipeline.h"
#include "data/ShuffledOutput.h"
#include "data/StoredText.h"
#include "support/Progress.h"
#include "support/Signals.h"

namespace bertc {
namespace {

// Coordinates that keep the random streams of different uses apart.
constexpr uint64_t documentStream = 2, orderStream = 3;

/// Documents [first, first + documents.size()) of one pass.
struct Unit {
  uint64_t pass = 0;
  uint64_t first = 0;
  std::vector<StoredDocument> documents;
  uint64_t tokens = 0;
};

struct UnitResult {
  std::string packed;
  InstanceCounts counts;
  uint64_t textTokens = 0;
};

/// Hands out units of about the same number of tokens; where they end depends
/// on the documents only.
class UnitSource {
public:
  UnitSource(const TokenStore &store, Split split, int passes)
      : store_(store), split_(split), passes_(static_cast<uint64_t>(passes)) {}

  StatusOr<std::optional<Unit>> next() {
    if (stopRequested()) {
      return failedPrecondition("interrupted; no records were written");
    }
    if (nextDocument_ == store_.documentCount(split_)) {
      nextDocument_ = 0;
      ++pass_;
    }
    if (pass_ >= passes_) {
      return std::optional<Unit>();
    }
    Unit unit;
    unit.pass = pass_;
    unit.first = nextDocument_;
    while (unit.tokens < unitTokens && unit.documents.size() < unitDocuments &&
           nextDocument_ < store_.documentCount(split_)) {
      BERTC_RETURN_IF_ERROR(refill());
      unit.documents.push_back(ahead_[nextDocument_ - aheadFirst_]);
      unit.tokens += unit.documents.back().tokens;
      ++nextDocument_;
    }
    return std::optional<Unit>(std::move(unit));
  }

private:
  static constexpr uint64_t unitTokens = 1U << 16;
  static constexpr size_t unitDocuments = 4096;

  /// Keeps a window of the document table in memory.
  Status refill() {
    if (nextDocument_ >= aheadFirst_ &&
        nextDocument_ < aheadFirst_ + ahead_.size()) {
      return Status();
    }
    aheadFirst_ = nextDocument_;
    size_t count = std::min<uint64_t>(
        unitDocuments, store_.documentCount(split_) - nextDocument_);
    return store_.readDocuments(split_, aheadFirst_, count, &ahead_);
  }

  const TokenStore &store_;
  Split split_;
  uint64_t passes_;
  uint64_t pass_ = 0;
  uint64_t nextDocument_ = 0;
  uint64_t aheadFirst_ = 0;
  std::vector<StoredDocument> ahead_;
};

/// What one worker keeps between units.
struct MakerState {
  MakerState(const TokenStore &store, Split split, const Vocabulary &vocabulary,
             const InstanceOptions &options)
      : maker(vocabulary, options), reader(store), others(store, split) {}

  InstanceMaker maker;
  StoredDocumentReader reader;
  RandomSentences others;
};

StatusOr<UnitResult> workUnit(MakerState &state, const Unit &unit, Split split,
                              uint64_t seed) {
  UnitResult result;
  result.textTokens = unit.tokens;
  for (size_t i = 0; i < unit.documents.size(); ++i) {
    uint64_t number = unit.first + i;
    auto splitNumber = static_cast<uint64_t>(split);
    Random random{seed, documentStream, splitNumber, unit.pass, number};
    // Keys come from a stream of their own: the order of instances must not be
    // tied to their content.
    Random keys{seed, orderStream, splitNumber, unit.pass, number};
    state.reader.open(unit.documents[i]);
    auto randomNext = [&](Random &draws, size_t length,
                          std::vector<int32_t> *ids) {
      return state.others.append(draws, number, length, ids);
    };
    auto use = [&](const PretrainInstance &instance) {
      packInstance(instance, keys.next(), &result.packed);
      ++result.counts.instances;
      result.counts.randomNext += instance.isRandomNext ? 1 : 0;
      result.counts.tokens += instance.ids.size();
      result.counts.predictions += instance.maskedPositions.size();
      return Status();
    };
    BERTC_RETURN_IF_ERROR(
        state.maker.make(state.reader, random, randomNext, use));
  }
  return result;
}

Progress makeProgress(const std::string &label, const std::string &unit,
                      double total, bool quiet) {
  ProgressOptions options;
  options.label = label;
  options.unit = unit;
  options.total = total;
  options.quiet = quiet;
  return Progress(options);
}

} // namespace

StatusOr<InstanceCounts> makeInstances(const TokenStore &store, Split split,
                                       const Vocabulary &vocabulary,
                                       const InstanceStreamOptions &options,
                                       ShuffleStore *shuffle) {
  std::vector<std::unique_ptr<MakerState>> states;
  for (int job = 0; job < options.jobs; ++job) {
    states.push_back(std::make_unique<MakerState>(store, split, vocabulary,
                                                  options.instance));
  }
  Progress progress = makeProgress(
      "make instances", "M tokens",
      static_cast<double>(store.tokenCount(split)) * options.dupeFactor / 1e6,
      options.quiet);
  UnitSource source(store, split, options.dupeFactor);
  InstanceCounts counts;

  auto work = [&](int worker, Unit unit) {
    return workUnit(*states[static_cast<size_t>(worker)], unit, split,
                    options.seed);
  };
  auto consume = [&](UnitResult result) {
    counts.instances += result.counts.instances;
    counts.randomNext += result.counts.randomNext;
    counts.tokens += result.counts.tokens;
    counts.predictions += result.counts.predictions;
    progress.add(static_cast<double>(result.textTokens) / 1e6);
    return shuffle->add(result.packed);
  };
  BERTC_RETURN_IF_ERROR((Pipeline<Unit, UnitResult>::run(
      options.jobs, [&] { return source.next(); }, work, consume)));
  progress.finish();
  return counts;
}

Status writeRecords(ShuffleStore &shuffle, int32_t padId,
                    const InstanceStreamOptions &options, ShardWriter *writer) {
  std::vector<PretrainEncoder> encoders;
  for (int job = 0; job < options.jobs; ++job) {
    encoders.emplace_back(options.instance, padId);
  }
  auto encode = [&](int worker, const InstanceSlice &slice,
                    FramedRecords *out) -> Status {
    PretrainInstance instance;
    for (size_t i = slice.first; i < slice.last; ++i) {
      if (!unpackInstance((*slice.source)[i], &instance)) {
        return internalError("a temporary file holds a malformed instance");
      }
      size_t begin = beginRecord(&out->framed);
      encoders[static_cast<size_t>(worker)].encode(instance, &out->framed);
      out->endRecord(begin, slice.last - slice.first);
    }
    return Status();
  };
  return writeShuffled(shuffle, options.jobs, options.quiet, encode, writer);
}

} // namespace bertc
