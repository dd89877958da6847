// SPDX-License-Identifier: Apache-2.0
#include "data/packing/Nnls.h"

#include <random>

#include <gtest/gtest.h>

namespace bertc {
namespace {

SparseColumns fromDense(const Eigen::MatrixXd &dense) {
  SparseColumns matrix(static_cast<size_t>(dense.rows()));
  for (Eigen::Index c = 0; c < dense.cols(); ++c) {
    for (Eigen::Index r = 0; r < dense.rows(); ++r) {
      if (dense(r, c) != 0) {
        matrix.add(static_cast<uint32_t>(r), dense(r, c));
      }
    }
    matrix.endColumn();
  }
  return matrix;
}

/// The conditions of Karush, Kuhn and Tucker, which only the solution meets:
/// no column that is used has a slope, no other one a positive slope.
void expectSolution(const Eigen::MatrixXd &a, const Eigen::VectorXd &b,
                    const Eigen::VectorXd &x) {
  Eigen::VectorXd slopes = a.transpose() * (b - a * x);
  double scale = (a.transpose() * b).cwiseAbs().maxCoeff();
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    EXPECT_GE(x[i], 0);
    EXPECT_LT(slopes[i], 1e-8 * scale) << i;
    if (x[i] > 0) {
      EXPECT_GT(slopes[i], -1e-8 * scale) << i;
    }
  }
}

TEST(Nnls, KeepsWhatIsPositiveAndCutsTheRest) {
  Eigen::MatrixXd a(2, 2);
  a << 1, 0, 0, 1;
  Eigen::VectorXd b(2);
  b << 3, -1;
  Eigen::VectorXd x = solveNnls(fromDense(a), b, 10);
  EXPECT_DOUBLE_EQ(x[0], 3);
  EXPECT_EQ(x[1], 0);
}

TEST(Nnls, RandomProblemsMeetTheOptimalityConditions) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform(-1, 1);
    auto rows = static_cast<Eigen::Index>(1 + random() % 20);
    auto columns = static_cast<Eigen::Index>(1 + random() % 60);
    Eigen::MatrixXd a(rows, columns);
    Eigen::VectorXd b(rows);
    for (Eigen::Index r = 0; r < rows; ++r) {
      b[r] = uniform(random);
      for (Eigen::Index c = 0; c < columns; ++c) {
        a(r, c) = random() % 3 == 0 ? uniform(random) : 0;
      }
    }
    expectSolution(a, b, solveNnls(fromDense(a), b, 2000));
  }
}

TEST(Nnls, DependentColumnsAndZeroColumns) {
  Eigen::MatrixXd a(3, 5);
  a << 1, 2, 0, 1, 0, 0, 0, 0, 1, 1, 1, 2, 0, 0, 1;
  Eigen::VectorXd b(3);
  b << 2, 3, 5;
  expectSolution(a, b, solveNnls(fromDense(a), b, 100));
  expectSolution(a, -b, solveNnls(fromDense(a), -b, 100));
  EXPECT_TRUE(solveNnls(fromDense(a), Eigen::VectorXd::Zero(3), 100).isZero(0));
}

TEST(Nnls, FewStepsStillGiveSomethingFeasible) {
  Eigen::MatrixXd a = Eigen::MatrixXd::Identity(8, 8);
  Eigen::VectorXd x = solveNnls(fromDense(a), Eigen::VectorXd::Ones(8) * 4, 3);
  EXPECT_DOUBLE_EQ(x.sum(), 12);
  EXPECT_GE(x.minCoeff(), 0);
}

} // namespace
} // namespace bertc
