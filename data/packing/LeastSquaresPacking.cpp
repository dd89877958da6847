// SPDX-License-Identifier: Apache-2.0
//
// The reference's packing: how often to use each way of filling a pack exactly
// is the solution of a least squares problem on the histogram, rounded; what
// is left over is the histogram of the next round. Where a round uses more
// sequences of a length than there are, their places stay empty.
#include "data/packing/Packing.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "data/packing/Nnls.h"
#include "data/packing/Partitions.h"

namespace bertc {
namespace {

// The reference's constants.
constexpr int maxRounds = 20;
constexpr int cheapLengths = 8;
constexpr int64_t fewSequences = 100;

using Counts = std::vector<int64_t>;

class LeastSquaresPacker {
public:
  LeastSquaresPacker(const LengthHistogram &histogram, int maxSequencesPerPack)
      : maxLength_(static_cast<int>(histogram.size()) - 1),
        partitions_(maxLength_, maxSequencesPerPack),
        left_(histogram.begin(), histogram.end()), padding_(histogram.size()),
        uses_(partitions_.size()), matrix_(histogram.size() - 1),
        weights_(weights()) {
    for (size_t i = 0; i < partitions_.size(); ++i) {
      for (const uint16_t *p = partitions_.begin(i); p != partitions_.end(i);
           ++p) {
        auto row = static_cast<uint32_t>(*p - 1);
        matrix_.add(row, weights_[row]);
      }
      matrix_.endColumn();
    }
  }

  PackingPlan run() {
    for (int round = 0; round < maxRounds; ++round) {
      use(solveRound());
      if (std::accumulate(left_.begin(), left_.end(), int64_t{0}) <
          fewSequences) {
        break;
      }
    }
    return makePlan(maxLength_, withoutPadding());
  }

private:
  /// Short sequences fit anywhere, so what is left of them matters less.
  Eigen::VectorXd weights() const {
    Eigen::VectorXd result = Eigen::VectorXd::Ones(maxLength_);
    double cheap = cheapLengths / (2.0 * maxLength_);
    result.head(std::min(cheapLengths, maxLength_)).fill(std::sqrt(cheap));
    return result;
  }

  /// How often to use each partition, as whole numbers.
  Counts solveRound() const {
    Eigen::VectorXd b(maxLength_);
    for (int i = 0; i < maxLength_; ++i) {
      b[i] =
          weights_[i] * static_cast<double>(left_[static_cast<size_t>(i) + 1]);
    }
    Eigen::VectorXd mixture =
        solveNnls(matrix_, b, static_cast<size_t>(maxLength_) * 16);
    Counts counts(partitions_.size());
    bool any = false;
    for (size_t i = 0; i < counts.size(); ++i) {
      double x = mixture[static_cast<Eigen::Index>(i)];
      counts[i] =
          static_cast<int64_t>(x < 2 ? std::nearbyint(x) : std::floor(x));
      any = any || counts[i] != 0;
    }
    return any ? counts : steepest();
  }

  /// When all rounds to nothing: one each of the partitions that most of what
  /// is left, weighted by length, is in; for half as many as are left.
  Counts steepest() const {
    std::vector<int64_t> slopes(partitions_.size());
    for (size_t i = 0; i < slopes.size(); ++i) {
      for (const uint16_t *p = partitions_.begin(i); p != partitions_.end(i);
           ++p) {
        slopes[i] += left_[*p] * *p;
      }
    }
    std::vector<size_t> order(slopes.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return slopes[a] > slopes[b]; });
    int64_t left = std::accumulate(left_.begin(), left_.end(), int64_t{0});
    Counts counts(partitions_.size());
    for (size_t i = 0;
         i < order.size() && i < static_cast<size_t>(left / 2 + 1); ++i) {
      counts[order[i]] = 1;
    }
    return counts;
  }

  /// Takes what the partitions hold out of what is left.
  void use(const Counts &counts) {
    for (size_t i = 0; i < counts.size(); ++i) {
      uses_[i] += counts[i];
      for (const uint16_t *p = partitions_.begin(i); p != partitions_.end(i);
           ++p) {
        left_[*p] -= counts[i];
      }
    }
    for (size_t length = 0; length < left_.size(); ++length) {
      padding_[length] += std::max<int64_t>(0, -left_[length]);
      left_[length] = std::max<int64_t>(0, left_[length]);
    }
  }

  /// The packs, with the sequences that do not exist taken out of the last
  /// kinds that have them, and those never packed in packs of their own.
  std::vector<PackKind> withoutPadding() {
    std::vector<PackKind> kinds;
    for (size_t i = partitions_.size(); i > 0; --i) {
      std::vector<uint16_t> lengths(partitions_.begin(i - 1),
                                    partitions_.end(i - 1));
      emit(std::move(lengths), static_cast<uint64_t>(uses_[i - 1]), 0, &kinds);
    }
    for (size_t length = 1; length < left_.size(); ++length) {
      kinds.push_back({{static_cast<uint16_t>(length)},
                       static_cast<uint64_t>(left_[length])});
    }
    return kinds;
  }

  /// Adds `count` packs of `lengths`, some without the lengths from `at` on
  /// that are padding.
  void emit(std::vector<uint16_t> lengths, uint64_t count, size_t at,
            std::vector<PackKind> *kinds) {
    for (; count > 0 && at < lengths.size(); ++at) {
      uint64_t empty =
          std::min(count, static_cast<uint64_t>(padding_[lengths[at]]));
      if (empty == 0) {
        continue;
      }
      padding_[lengths[at]] -= static_cast<int64_t>(empty);
      std::vector<uint16_t> fewer = lengths;
      fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(at));
      emit(std::move(fewer), empty, at, kinds);
      count -= empty;
    }
    if (count > 0) {
      kinds->push_back({std::move(lengths), count});
    }
  }

  int maxLength_;
  Partitions partitions_;
  /// Sequences by length that are not in a pack yet.
  Counts left_;
  /// Places by length that no sequence fills.
  Counts padding_;
  /// Packs by partition.
  Counts uses_;
  SparseColumns matrix_;
  Eigen::VectorXd weights_;
};

} // namespace

PackingPlan planLeastSquares(const LengthHistogram &histogram,
                             int maxSequencesPerPack) {
  return LeastSquaresPacker(histogram, maxSequencesPerPack).run();
}

} // namespace bertc
