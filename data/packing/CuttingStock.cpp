// SPDX-License-Identifier: Apache-2.0
//
// The revised simplex method with an explicit inverse of the basis. Rows are
// the different lengths. Columns are patterns, which cost one pack, and steps
// down, which cost nothing: a place for one length serves the next shorter.
#include "data/packing/CuttingStock.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <Eigen/LU>

namespace bertc {
namespace {

constexpr double tolerance = 1e-9;
/// Steps after which the inverse is computed afresh.
constexpr size_t refreshSteps = 400;
/// The last hundredths of a percent take most of the steps: so many steps must
/// save at least this share of the packs.
constexpr size_t checkedSteps = 2000;
constexpr double worthwhile = 5e-4;

/// Finds the pattern of the highest value.
class Knapsack {
public:
  Knapsack(const std::vector<int> &lengths, int packLength, int maxParts)
      : lengths_(lengths), packLength_(packLength), maxParts_(maxParts),
        best_(static_cast<size_t>(maxParts),
              std::vector<double>(static_cast<size_t>(packLength) + 1)),
        choice_(best_.size(),
                std::vector<int>(static_cast<size_t>(packLength) + 1)) {}

  /// Value of the best pattern for `values` by length; its rows in *rows.
  double solve(const Eigen::VectorXd &values, std::vector<int> *rows) {
    size_t room = static_cast<size_t>(packLength_);
    for (size_t part = 0; part < best_.size(); ++part) {
      // The whole pack is all that is asked of the last part.
      fill(part, part + 1 == best_.size() ? room : 0, values);
    }
    rows->clear();
    for (size_t part = best_.size(); part > 0 && room > 0; --part) {
      int row = choice_[part - 1][room];
      if (row >= 0) {
        rows->push_back(row);
        room -= static_cast<size_t>(lengths_[static_cast<size_t>(row)]);
      }
    }
    std::sort(rows->begin(), rows->end());
    return best_.back()[static_cast<size_t>(packLength_)];
  }

private:
  /// Best value of at most part + 1 lengths within each room from `from` on.
  void fill(size_t part, size_t from, const Eigen::VectorXd &values) {
    for (size_t room = from; room <= static_cast<size_t>(packLength_); ++room) {
      double best = 0;
      int choice = -1;
      for (size_t row = 0; row < lengths_.size(); ++row) {
        auto length = static_cast<size_t>(lengths_[row]);
        if (length > room) {
          break;
        }
        double value = values[static_cast<Eigen::Index>(row)] +
                       (part == 0 ? 0 : best_[part - 1][room - length]);
        if (value > best) {
          best = value;
          choice = static_cast<int>(row);
        }
      }
      best_[part][room] = best;
      choice_[part][room] = choice;
    }
  }

  const std::vector<int> &lengths_;
  int packLength_;
  int maxParts_;
  /// By part and room.
  std::vector<std::vector<double>> best_;
  std::vector<std::vector<int>> choice_;
};

/// A column of the program: rows count +1 each; `below` >= 0 is the row that a
/// step down takes a place from.
struct Column {
  std::vector<int> rows;
  int from = -1;
  double cost() const { return from < 0 ? 1 : 0; }
};

class Simplex {
public:
  Simplex(const std::vector<int> &lengths, const std::vector<double> &counts,
          int packLength, int maxParts)
      : rows_(static_cast<Eigen::Index>(lengths.size())),
        knapsack_(lengths, packLength, maxParts) {
    need_.resize(rows_);
    prices_.setOnes(rows_);
    inverse_.setIdentity(rows_, rows_);
    for (Eigen::Index i = 0; i < rows_; ++i) {
      // Slightly different from each other, so that no two columns leave at
      // once, which could go round in circles.
      double jitter = 1e-7 * (1 + std::fmod(static_cast<double>(i) * 0.618, 1));
      need_[i] = counts[static_cast<size_t>(i)] * (1 + jitter);
      basis_.push_back({{static_cast<int>(i)}, -1});
    }
    amounts_ = need_;
  }

  void run() {
    // Far more than it takes; the solution is sound at any step.
    const size_t maxSteps = 2000 + 60 * basis_.size();
    double before = packs();
    for (size_t step = 1; step <= maxSteps; ++step) {
      Column column;
      if (!bestColumn(&column) || !pivot(column)) {
        return;
      }
      if (step % refreshSteps == 0) {
        refresh();
      }
      if (step % checkedSteps == 0) {
        if (packs() > before * (1 - worthwhile)) {
          return;
        }
        before = packs();
      }
    }
  }

  double packs() const {
    double sum = 0;
    for (size_t i = 0; i < basis_.size(); ++i) {
      sum += basis_[i].cost() * amounts_[static_cast<Eigen::Index>(i)];
    }
    return sum;
  }

  double lowerBound() const { return lowerBound_; }
  const std::vector<Column> &basis() const { return basis_; }
  const Eigen::VectorXd &amounts() const { return amounts_; }

private:
  /// A column that lowers the cost; false when none does by enough to matter.
  bool bestColumn(Column *column) {
    Eigen::Index steepest = -1;
    double gain = tolerance;
    for (Eigen::Index i = 0; i < rows_; ++i) {
      double below = i == 0 ? 0 : prices_[i - 1];
      if (below - prices_[i] > gain) {
        gain = below - prices_[i];
        steepest = i;
      }
    }
    if (steepest >= 0) {
      column->from = static_cast<int>(steepest);
      if (steepest > 0) {
        column->rows = {static_cast<int>(steepest) - 1};
      }
      return true;
    }
    double value = knapsack_.solve(prices_, &column->rows);
    // With all patterns worth at most `value`, prices / value are feasible for
    // the dual program (Farley's bound).
    double cost = packs();
    lowerBound_ = std::max(lowerBound_, cost / std::max(value, 1.0));
    return value > 1 + tolerance && cost - lowerBound_ > 1e-5 * cost + 0.25;
  }

  Eigen::VectorXd direction(const Column &column) const {
    Eigen::VectorXd result = Eigen::VectorXd::Zero(rows_);
    for (int row : column.rows) {
      result += inverse_.col(row);
    }
    if (column.from >= 0) {
      result -= inverse_.col(column.from);
    }
    return result;
  }

  /// Brings the column in for the one that reaches zero first.
  bool pivot(const Column &column) {
    Eigen::VectorXd change = direction(column);
    Eigen::Index leaves = -1;
    double amount = 0;
    for (Eigen::Index i = 0; i < rows_; ++i) {
      if (change[i] <= 1e-9) {
        continue;
      }
      double ratio = std::max(0.0, amounts_[i]) / change[i];
      if (leaves < 0 || ratio < amount ||
          (ratio == amount && change[i] > change[leaves])) {
        leaves = i;
        amount = ratio;
      }
    }
    if (leaves < 0) {
      return false;
    }
    double reducedCost = column.cost();
    for (int row : column.rows) {
      reducedCost -= prices_[row];
    }
    reducedCost += column.from >= 0 ? prices_[column.from] : 0;
    inverse_.row(leaves) /= change[leaves];
    amounts_ -= amount * change;
    amounts_[leaves] = amount;
    change[leaves] = 0;
    const Eigen::VectorXd pivotRow = inverse_.row(leaves);
    for (Eigen::Index i = 0; i < rows_; ++i) {
      // Mostly zeros, as a rule.
      if (pivotRow[i] != 0) {
        inverse_.col(i) -= pivotRow[i] * change;
      }
    }
    prices_ += reducedCost * pivotRow;
    basis_[static_cast<size_t>(leaves)] = column;
    return true;
  }

  /// Forgets the rounding errors of many steps.
  void refresh() {
    Eigen::MatrixXd matrix = Eigen::MatrixXd::Zero(rows_, rows_);
    Eigen::VectorXd costs(rows_);
    for (Eigen::Index i = 0; i < rows_; ++i) {
      const Column &column = basis_[static_cast<size_t>(i)];
      for (int row : column.rows) {
        matrix(row, i) += 1;
      }
      if (column.from >= 0) {
        matrix(column.from, i) -= 1;
      }
      costs[i] = column.cost();
    }
    inverse_ = matrix.partialPivLu().inverse();
    amounts_ = (inverse_ * need_).cwiseMax(0);
    prices_ = inverse_.transpose() * costs;
  }

  Eigen::Index rows_;
  Knapsack knapsack_;
  Eigen::VectorXd need_;
  /// What a place for each length is worth, in packs.
  Eigen::VectorXd prices_;
  Eigen::MatrixXd inverse_;
  std::vector<Column> basis_;
  Eigen::VectorXd amounts_;
  double lowerBound_ = 0;
};

} // namespace

CuttingStockSolution solveCuttingStock(const std::vector<int> &lengths,
                                       const std::vector<double> &counts,
                                       int packLength, int maxParts) {
  CuttingStockSolution solution;
  if (lengths.empty()) {
    return solution;
  }
  Simplex simplex(lengths, counts, packLength, maxParts);
  simplex.run();
  // The jitter of the counts is no part of the question.
  solution.lowerBound = simplex.lowerBound() * (1 - 3e-7);
  for (size_t i = 0; i < simplex.basis().size(); ++i) {
    const Column &column = simplex.basis()[i];
    double amount = simplex.amounts()[static_cast<Eigen::Index>(i)];
    if (column.from >= 0 || amount <= 0) {
      continue;
    }
    PatternUse use;
    use.packs = amount;
    for (int row : column.rows) {
      use.lengths.push_back(
          static_cast<uint16_t>(lengths[static_cast<size_t>(row)]));
    }
    solution.patterns.push_back(std::move(use));
  }
  return solution;
}

} // namespace bertc
