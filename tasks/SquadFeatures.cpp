// SPDX-License-Identifier: Apache-2.0
#include "tasks/SquadFeatures.h"

#include <algorithm>

namespace bertc {

size_t SquadFeatures::firstPosition(size_t feature) const {
  return examples_[windows_[feature].example].query.size() + 2;
}

int64_t SquadFeatures::wordAt(size_t feature, size_t position) const {
  const SquadWindow &window = windows_[feature];
  size_t first = firstPosition(feature);
  if (position < first || position >= first + window.pieces) {
    return -1;
  }
  return examples_[window.example].context->wordOfPiece(window.firstPiece +
                                                        position - first);
}

bool SquadFeatures::isMaxContext(size_t feature, size_t position) const {
  if (wordAt(feature, position) < 0) {
    return false;
  }
  const SquadExample &example = examples_[windows_[feature].example];
  size_t piece =
      windows_[feature].firstPiece + position - firstPosition(feature);
  double bestScore = -1;
  size_t best = 0;
  for (size_t i = 0; i < example.windows; ++i) {
    const SquadWindow &window = windows_[example.firstFeature + i];
    size_t last = window.firstPiece + window.pieces - 1;
    if (piece < window.firstPiece || piece > last) {
      continue;
    }
    size_t context = std::min(piece - window.firstPiece, last - piece);
    double score = static_cast<double>(context) + 0.01 * window.pieces;
    if (score > bestScore) {
      bestScore = score;
      best = example.firstFeature + i;
    }
  }
  return best == feature;
}

uint32_t SquadFeatures::length(size_t feature) const {
  return static_cast<uint32_t>(firstPosition(feature)) +
         windows_[feature].pieces + 1;
}

void SquadFeatures::write(size_t feature, int32_t *inputIds,
                          int32_t *segmentIds) const {
  const SquadWindow &window = windows_[feature];
  const SquadExample &example = examples_[window.example];
  int32_t *id = inputIds;
  *id++ = cls_;
  id = std::copy(example.query.begin(), example.query.end(), id);
  *id++ = sep_;
  std::fill_n(segmentIds, id - inputIds, 0);
  id = std::copy_n(example.context->pieces().begin() + window.firstPiece,
                   window.pieces, id);
  *id = sep_;
  std::fill_n(segmentIds + firstPosition(feature), window.pieces + 1, 1);
}

const std::vector<FeatureTarget> &SquadFeatures::targets() const {
  static const std::vector<FeatureTarget> both = {{"start_positions", true},
                                                  {"end_positions", true}};
  return both;
}

int32_t SquadFeatures::target(size_t feature, size_t which) const {
  const SquadWindow &window = windows_[feature];
  return static_cast<int32_t>(which == 0 ? window.startPosition
                                         : window.endPosition);
}

} // namespace bertc
