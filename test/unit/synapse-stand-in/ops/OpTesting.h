// SPDX-License-Identifier: Apache-2.0
//
// Tensors with memory, random numbers with a seed that is printed, and nodes
// written in one line, for the tests of the stand-in's kernels.
#pragma once

#include "runtime/synapse/KernelParams.h"
#include "tools/synapse-stand-in/ops/OpCheck.h"
#include "tools/synapse-stand-in/ops/Ops.h"

#include <gmock/gmock.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

namespace bertc::standin::testing {

using rt::syn::synDeviceGaudi;
using rt::syn::synDeviceGaudi2;

/// A dense tensor that owns its memory. Numbers go in and out as double.
class Tensor {
public:
  Tensor() = default;
  /// Filled with bytes that are no small number, so that what a kernel leaves
  /// out is seen.
  Tensor(rt::syn::synDataType dtype, Shape shape);

  static Tensor of(rt::syn::synDataType dtype, Shape shape,
                   const std::vector<double> &values);
  /// Uniform in [low, high], integers for i32 and i8.
  static Tensor random(rt::syn::synDataType dtype, Shape shape,
                       double low = -1.0, double high = 1.0);

  OpTensor op() const;
  size_t count() const { return elementCount(shape_); }
  const Shape &shape() const { return shape_; }
  double operator[](size_t at) const;
  void set(size_t at, double value);
  std::vector<double> values() const;

private:
  rt::syn::synDataType dtype_ = rt::syn::syn_type_na;
  Shape shape_;
  std::vector<char> bytes_;
};

/// The generator of a test, seeded anew for each test and printed on failure.
std::mt19937_64 &generator();

/// A node over tensors; an empty Tensor is an absent operand.
class Node {
public:
  Node(std::string guid, std::vector<Tensor> in, std::vector<Tensor> out);
  template <typename T>
  Node(std::string guid, std::vector<Tensor> in, std::vector<Tensor> out,
       const T &params)
      : Node(std::move(guid), std::move(in), std::move(out)) {
    const char *bytes = reinterpret_cast<const char *>(&params);
    params_.assign(bytes, bytes + sizeof(T));
  }

  OpCall call() const;
  std::string check(rt::syn::synDeviceType device = synDeviceGaudi2) const;
  /// Checks, runs and gives the results; a node that is refused fails the test.
  std::vector<Tensor> run() const;

private:
  std::string guid_;
  std::vector<Tensor> in_, out_;
  std::vector<char> params_;
};

/// Nodes that must be refused, each with its message.
struct Refused {
  Node node;
  const char *message;
};
void expectRefused(const std::vector<Refused> &cases);

/// x rounded to bf16, to nearest even.
double toBf16(double x);

/// The largest difference allowed: of f32 and of a result rounded to bf16.
double tolerance(rt::syn::synDataType dtype, double magnitude = 1.0);

/// Every element of `actual` is within `allowed` of f(index), relative to
/// numbers above 1.
void expectNear(const Tensor &actual, const std::vector<double> &expected,
                double allowed);

/// The gradient of sum(weights * f(x)) by x at each element, from central
/// differences of a function on doubles.
std::vector<double> numericalGradient(
    const std::function<double(const std::vector<double> &)> &loss,
    std::vector<double> x, double step = 1e-4);

/// The coordinates of element `at` of a tensor of that shape, fastest first.
std::vector<uint64_t> coordinates(const Shape &shape, uint64_t at);
/// The element at coordinates; dimensions of size 1 are repeated.
uint64_t elementAt(const Shape &shape, const std::vector<uint64_t> &position);

} // namespace bertc::standin::testing
