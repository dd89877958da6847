// SPDX-License-Identifier: Apache-2.0
#include "data/PretrainInstance.h"

#include <algorithm>
#include <cmath>

namespace bertc {

int predictionCount(size_t length, const InstanceOptions &options) {
  // nearbyint rounds halves to even by default, like Python's round().
  double wanted =
      std::nearbyint(static_cast<double>(length) * options.maskedLmProb);
  return std::min(options.maxPredictionsPerSeq,
                  std::max(1, static_cast<int>(wanted)));
}

InstanceMaker::InstanceMaker(const Vocabulary &vocabulary,
                             const InstanceOptions &options)
    : vocabulary_(vocabulary), options_(options) {
  for (size_t id = 0; id < vocabulary.size(); ++id) {
    continues_.push_back(vocabulary.continuesWord(static_cast<int32_t>(id)));
  }
}

Status InstanceMaker::make(
    DocumentSentences &document, Random &random, const RandomNext &randomNext,
    const std::function<Status(const PretrainInstance &)> &use) {
  auto maxTokens = static_cast<size_t>(options_.maxSeqLength - 3);
  // One target length for the whole document, as in the reference.
  size_t target = maxTokens;
  if (random.uniform() < options_.shortSeqProb) {
    target = random.between(2, maxTokens);
  }
  size_t first = 0;
  size_t length = 0;
  for (size_t i = 0; i < document.size();) {
    BERTC_ASSIGN_OR_RETURN(size_t tokens, document.tokens(i));
    length += tokens;
    ++i;
    if (i < document.size() && length < target) {
      continue;
    }
    // The chunk is sentences [first, i).
    size_t next = i;
    BERTC_RETURN_IF_ERROR(
        buildPair(document, random, randomNext, target, first, i, &next));
    truncate(random);
    assemble();
    mask(random);
    BERTC_RETURN_IF_ERROR(use(instance_));
    i = first = next;
    length = 0;
  }
  return Status();
}

/// Splits the chunk at a random sentence into A and B, or gives it a random B
/// and puts the unused sentences back (*next).
Status InstanceMaker::buildPair(DocumentSentences &document, Random &random,
                                const RandomNext &randomNext,
                                size_t targetLength, size_t first, size_t last,
                                size_t *next) {
  size_t sentences = last - first;
  size_t aEnd = first + 1;
  if (sentences >= 2) {
    aEnd = first + random.between(1, sentences - 1);
  }
  a_.clear();
  b_.clear();
  for (size_t s = first; s < aEnd; ++s) {
    BERTC_RETURN_IF_ERROR(document.append(s, &a_));
  }
  instance_.isRandomNext = sentences == 1 || random.uniform() < 0.5;
  if (instance_.isRandomNext) {
    size_t wanted = targetLength > a_.size() ? targetLength - a_.size() : 0;
    *next = aEnd;
    return randomNext(random, wanted, &b_);
  }
  for (size_t s = aEnd; s < last; ++s) {
    BERTC_RETURN_IF_ERROR(document.append(s, &b_));
  }
  *next = last;
  return Status();
}

void InstanceMaker::truncate(Random &random) {
  auto maxTokens = static_cast<size_t>(options_.maxSeqLength - 3);
  aFirst_ = bFirst_ = 0;
  aLast_ = a_.size();
  bLast_ = b_.size();
  uint64_t coins = 0;
  int left = 0;
  while (aLast_ - aFirst_ + bLast_ - bFirst_ > maxTokens) {
    if (left == 0) {
      coins = random.next();
      left = 64;
    }
    bool longerIsA = aLast_ - aFirst_ > bLast_ - bFirst_;
    size_t front = coins & 1;
    coins >>= 1;
    --left;
    (longerIsA ? aFirst_ : bFirst_) += front;
    (longerIsA ? aLast_ : bLast_) -= 1 - front;
  }
}

void InstanceMaker::assemble() {
  std::vector<int32_t> &ids = instance_.ids;
  ids.clear();
  ids.push_back(vocabulary_.clsId());
  ids.insert(ids.end(), a_.begin() + static_cast<ptrdiff_t>(aFirst_),
             a_.begin() + static_cast<ptrdiff_t>(aLast_));
  ids.push_back(vocabulary_.sepId());
  instance_.firstSegment = static_cast<uint32_t>(ids.size());
  ids.insert(ids.end(), b_.begin() + static_cast<ptrdiff_t>(bFirst_),
             b_.begin() + static_cast<ptrdiff_t>(bLast_));
  ids.push_back(vocabulary_.sepId());
}

/// What may be masked: all but [CLS] and the two [SEP].
void InstanceMaker::findCandidates() {
  const std::vector<int32_t> &ids = instance_.ids;
  candidates_.clear();
  for (uint32_t i = 1; i + 1 < ids.size(); ++i) {
    if (i + 1 == instance_.firstSegment) {
      continue; // the first [SEP]
    }
    bool joins = options_.wholeWordMask && !candidates_.empty() &&
                 continues_[static_cast<size_t>(ids[i])] &&
                 candidates_.back().second == i;
    if (joins) {
      ++candidates_.back().second;
    } else {
      candidates_.emplace_back(i, i + 1);
    }
  }
}

/// Chooses `wanted` single tokens, each set of them as likely as any other, by
/// drawing again what was drawn before; that is rare when few are wanted.
void InstanceMaker::chooseTokens(Random &random, size_t wanted) {
  const size_t tokens = instance_.ids.size();
  chosen_.assign((tokens + 63) / 64, 0);
  for (size_t count = 0; count < wanted;) {
    uint64_t token = 1 + random.below(tokens - 2);
    uint64_t bit = uint64_t{1} << token % 64;
    uint64_t &word = chosen_[token / 64];
    // Neither the first [SEP] nor one that is chosen already.
    if (token + 1 != instance_.firstSegment && (word & bit) == 0) {
      word |= bit;
      ++count;
    }
  }
  for (size_t i = 0; i < chosen_.size(); ++i) {
    for (uint64_t word = chosen_[i]; word != 0; word &= word - 1) {
      instance_.maskedPositions.push_back(static_cast<int32_t>(i * 64) +
                                          __builtin_ctzll(word));
    }
  }
}

/// Chooses candidates in random order as long as they fit.
void InstanceMaker::chooseCandidates(Random &random, size_t wanted) {
  findCandidates();
  std::vector<int32_t> &positions = instance_.maskedPositions;
  // Of a shuffle, only as much as is looked at.
  for (size_t i = 0; i < candidates_.size() && positions.size() < wanted; ++i) {
    std::swap(candidates_[i],
              candidates_[i + random.below(candidates_.size() - i)]);
    const auto [first, last] = candidates_[i];
    if (positions.size() + (last - first) > wanted) {
      continue;
    }
    for (uint32_t token = first; token < last; ++token) {
      positions.push_back(static_cast<int32_t>(token));
    }
  }
  std::sort(positions.begin(), positions.end());
}

void InstanceMaker::mask(Random &random) {
  const std::vector<int32_t> &ids = instance_.ids;
  auto wanted = static_cast<size_t>(predictionCount(ids.size(), options_));
  std::vector<int32_t> &positions = instance_.maskedPositions;
  positions.clear();
  // [CLS] and both [SEP] stay as they are.
  if (!options_.wholeWordMask && ids.size() > 2 * wanted + 3) {
    chooseTokens(random, wanted);
  } else {
    chooseCandidates(random, wanted);
  }
  // Labels first: masking overwrites the tokens.
  instance_.maskedLabels.clear();
  for (int32_t position : positions) {
    instance_.maskedLabels.push_back(ids[static_cast<size_t>(position)]);
  }
  for (int32_t position : positions) {
    maskToken(random, static_cast<size_t>(position));
  }
}

/// 80% [MASK], 10% unchanged, 10% any token of the vocabulary.
void InstanceMaker::maskToken(Random &random, size_t position) {
  if (random.uniform() < 0.8) {
    instance_.ids[position] = vocabulary_.maskId();
  } else if (random.uniform() >= 0.5) {
    instance_.ids[position] =
        static_cast<int32_t>(random.below(vocabulary_.size()));
  }
}

} // namespace bertc
