// SPDX-License-Identifier: Apache-2.0
#include "data/packing/Nnls.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Jacobi>

namespace bertc {

double SparseColumns::dot(size_t column, const Eigen::VectorXd &vector) const {
  double sum = 0;
  for (const Entry *e = begin(column); e != end(column); ++e) {
    sum += e->value * vector[e->row];
  }
  return sum;
}

void SparseColumns::addTo(size_t column, double factor,
                          Eigen::VectorXd *vector) const {
  for (const Entry *e = begin(column); e != end(column); ++e) {
    (*vector)[e->row] += factor * e->value;
  }
}

namespace {

/// The least squares problem of the chosen columns, as R x = z with R upper
/// triangular: R'R = C'C and R'z = C'b for the matrix C of these columns.
class ChosenColumns {
public:
  ChosenColumns(const SparseColumns &matrix, const Eigen::VectorXd &b)
      : matrix_(matrix), b_(b), dense_(Eigen::VectorXd::Zero(b.size())) {
    auto most =
        static_cast<Eigen::Index>(std::min(matrix.rows(), matrix.columns()));
    r_.setZero(most, most);
    z_.setZero(most);
  }

  size_t size() const { return columns_.size(); }
  const std::vector<size_t> &columns() const { return columns_; }

  /// Adds a column; false when it depends on those that are there.
  bool add(size_t column) {
    auto n = static_cast<Eigen::Index>(size());
    if (n == r_.rows()) {
      return false;
    }
    matrix_.addTo(column, 1, &dense_);
    Eigen::VectorXd y(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      y[i] = matrix_.dot(columns_[static_cast<size_t>(i)], dense_);
    }
    double square = matrix_.dot(column, dense_);
    matrix_.addTo(column, -1, &dense_);
    r_.topLeftCorner(n, n)
        .triangularView<Eigen::Upper>()
        .transpose()
        .solveInPlace(y);
    double rest = square - y.squaredNorm();
    if (rest <= square * 1e-12) {
      return false;
    }
    double diagonal = std::sqrt(rest);
    r_.col(n).head(n) = y;
    r_(n, n) = diagonal;
    z_[n] = (matrix_.dot(column, b_) - y.dot(z_.head(n))) / diagonal;
    columns_.push_back(column);
    return true;
  }

  /// Takes out the column at `place`: R loses a column, and rotations make it
  /// triangular again.
  void remove(size_t place) {
    auto n = static_cast<Eigen::Index>(size());
    auto at = static_cast<Eigen::Index>(place);
    for (Eigen::Index c = at; c + 1 < n; ++c) {
      r_.col(c).head(c + 2) = r_.col(c + 1).head(c + 2);
    }
    for (Eigen::Index c = at; c + 1 < n; ++c) {
      Eigen::JacobiRotation<double> rotation;
      rotation.makeGivens(r_(c, c), r_(c + 1, c));
      r_.block(0, c, n, n - 1 - c).applyOnTheLeft(c, c + 1, rotation.adjoint());
      z_.head(n).applyOnTheLeft(c, c + 1, rotation.adjoint());
      r_(c + 1, c) = 0;
    }
    r_.col(n - 1).setZero();
    columns_.erase(columns_.begin() + at);
  }

  Eigen::VectorXd solve() const {
    auto n = static_cast<Eigen::Index>(size());
    return r_.topLeftCorner(n, n).triangularView<Eigen::Upper>().solve(
        z_.head(n));
  }

private:
  const SparseColumns &matrix_;
  const Eigen::VectorXd &b_;
  std::vector<size_t> columns_;
  Eigen::MatrixXd r_;
  Eigen::VectorXd z_;
  /// All zero between calls.
  Eigen::VectorXd dense_;
};

class NnlsSolver {
public:
  NnlsSolver(const SparseColumns &matrix, const Eigen::VectorXd &b)
      : matrix_(matrix), b_(b), chosen_(matrix, b),
        in_(matrix.columns(), false), refused_(matrix.columns(), false) {}

  Eigen::VectorXd run(size_t maxSteps) {
    double largest = 0;
    for (size_t column = 0; column < matrix_.columns(); ++column) {
      largest = std::max(largest, std::abs(matrix_.dot(column, b_)));
    }
    const double tolerance = largest * 1e-11;
    for (size_t step = 0; step < maxSteps; ++step) {
      size_t column = best(tolerance);
      if (column == matrix_.columns()) {
        break;
      }
      if (!chosen_.add(column)) {
        refused_[column] = true;
        continue;
      }
      in_[column] = true;
      x_.push_back(0);
      settle();
    }
    auto columns = static_cast<Eigen::Index>(matrix_.columns());
    Eigen::VectorXd result = Eigen::VectorXd::Zero(columns);
    for (size_t i = 0; i < chosen_.size(); ++i) {
      result[static_cast<Eigen::Index>(chosen_.columns()[i])] = x_[i];
    }
    return result;
  }

private:
  /// The column that lowers the residual most steeply, or none.
  size_t best(double tolerance) {
    Eigen::VectorXd residual = b_;
    for (size_t i = 0; i < chosen_.size(); ++i) {
      matrix_.addTo(chosen_.columns()[i], -x_[i], &residual);
    }
    size_t found = matrix_.columns();
    double steepest = tolerance;
    for (size_t column = 0; column < matrix_.columns(); ++column) {
      if (in_[column] || refused_[column]) {
        continue;
      }
      double slope = matrix_.dot(column, residual);
      if (slope > steepest) {
        steepest = slope;
        found = column;
      }
    }
    return found;
  }

  /// Moves x_ towards the solution for the chosen columns; what becomes zero on
  /// the way is no longer chosen. The column that came last is refused when it
  /// did not help, which only rounding errors can bring about.
  void settle() {
    const size_t last = chosen_.columns().back();
    bool moved = false;
    for (;;) {
      Eigen::VectorXd target = chosen_.solve();
      double reach = 1;
      size_t blocking = x_.size();
      for (size_t i = 0; i < x_.size(); ++i) {
        double aim = target[static_cast<Eigen::Index>(i)];
        // Zero to zero blocks too.
        double ratio = aim > 0 ? 1 : aim == x_[i] ? 0 : x_[i] / (x_[i] - aim);
        if (aim <= 0 && ratio < reach) {
          reach = ratio;
          blocking = i;
        }
      }
      moved = moved || (reach > 0 && in_[last]);
      for (size_t i = 0; i < x_.size(); ++i) {
        double aim = target[static_cast<Eigen::Index>(i)];
        x_[i] = blocking == x_.size() ? aim : x_[i] + reach * (aim - x_[i]);
      }
      if (blocking == x_.size()) {
        break;
      }
      x_[blocking] = 0;
      dropZeros();
    }
    if (moved) {
      std::fill(refused_.begin(), refused_.end(), false);
    } else {
      refused_[last] = true;
    }
  }

  void dropZeros() {
    double zero = *std::max_element(x_.begin(), x_.end()) * 1e-14;
    for (size_t i = x_.size(); i > 0; --i) {
      if (x_[i - 1] <= zero) {
        in_[chosen_.columns()[i - 1]] = false;
        chosen_.remove(i - 1);
        x_.erase(x_.begin() + static_cast<ptrdiff_t>(i - 1));
      }
    }
  }

  const SparseColumns &matrix_;
  const Eigen::VectorXd &b_;
  ChosenColumns chosen_;
  std::vector<bool> in_;
  /// Columns that depended on the chosen ones; until those change.
  std::vector<bool> refused_;
  /// Of the chosen columns, in their order.
  std::vector<double> x_;
};

} // namespace

Eigen::VectorXd solveNnls(const SparseColumns &matrix, const Eigen::VectorXd &b,
                          size_t maxSteps) {
  return NnlsSolver(matrix, b).run(maxSteps);
}

} // namespace bertc
