// SPDX-License-Identifier: Apache-2.0
//
// Non-negative least squares for matrices of many columns with few entries:
// the x >= 0 that makes |A x - b| smallest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <Eigen/Core>

namespace bertc {

/// A matrix by columns; only what is not zero.
class SparseColumns {
public:
  struct Entry {
    uint32_t row;
    double value;
  };

  explicit SparseColumns(size_t rows) : rows_(rows) { starts_.push_back(0); }

  /// Rows may repeat; their values count together.
  void add(uint32_t row, double value) { entries_.push_back({row, value}); }
  void endColumn() { starts_.push_back(entries_.size()); }

  size_t rows() const { return rows_; }
  size_t columns() const { return starts_.size() - 1; }
  const Entry *begin(size_t column) const {
    return entries_.data() + starts_[column];
  }
  const Entry *end(size_t column) const {
    return entries_.data() + starts_[column + 1];
  }

  /// Column times a dense vector.
  double dot(size_t column, const Eigen::VectorXd &vector) const;
  /// vector += factor * column.
  void addTo(size_t column, double factor, Eigen::VectorXd *vector) const;

private:
  size_t rows_;
  std::vector<Entry> entries_;
  std::vector<size_t> starts_;
};

/// Lawson and Hanson's active set method ("Solving Least Squares Problems",
/// 1974, chapter 23), with the triangular factor of the chosen columns updated
/// as they come and go. Ends when no column could lower the residual by more
/// than rounding errors do, or after `maxSteps` columns have come in; then the
/// result is still non-negative, only not the best. Deterministic.
Eigen::VectorXd solveNnls(const SparseColumns &matrix, const Eigen::VectorXd &b,
                          size_t maxSteps);

} // namespace bertc
