// SPDX-License-Identifier: Apache-2.0
//
// Helpers of the tests of the stand-in's kernels.
#include "test/unit/synapse-stand-in/ops/OpTesting.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace bertc::standin::testing {
namespace {

/// Seeds the generator before each test and prints the seed of one that fails.
class SeedPrinter : public ::testing::EmptyTestEventListener {
public:
  void OnTestStart(const ::testing::TestInfo &) override {
    const char *fixed = std::getenv("BERTC_TEST_SEED");
    seed_ = fixed ? std::strtoull(fixed, nullptr, 10) : std::random_device()();
    generator().seed(seed_);
  }
  void OnTestEnd(const ::testing::TestInfo &info) override {
    if (info.result()->Failed()) {
      std::cout << "seed: BERTC_TEST_SEED=" << seed_ << "\n";
    }
  }

private:
  uint64_t seed_ = 0;
};

const bool listening = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new SeedPrinter);
  return true;
}();

} // namespace

std::mt19937_64 &generator() {
  static std::mt19937_64 numbers;
  return numbers;
}

double toBf16(double x) {
  float value = static_cast<float>(x);
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  uint32_t low = bits & 0xffff;
  bits &= 0xffff0000u;
  if (low > 0x8000 || (low == 0x8000 && (bits & 0x10000))) {
    bits += 0x10000;
  }
  std::memcpy(&value, &bits, 4);
  return value;
}

Tensor::Tensor(rt::syn::synDataType dtype, Shape shape)
    : dtype_(dtype), shape_(std::move(shape)),
      bytes_(elementCount(shape_) * elementBytes(dtype), 0x7b) {}

Tensor Tensor::of(rt::syn::synDataType dtype, Shape shape,
                  const std::vector<double> &values) {
  Tensor tensor(dtype, std::move(shape));
  for (size_t i = 0; i < tensor.count(); ++i) {
    tensor.set(i, values.at(i));
  }
  return tensor;
}

Tensor Tensor::random(rt::syn::synDataType dtype, Shape shape, double low,
                      double high) {
  Tensor tensor(dtype, std::move(shape));
  std::uniform_real_distribution<double> numbers(low, high);
  for (size_t i = 0; i < tensor.count(); ++i) {
    tensor.set(i, numbers(generator()));
  }
  return tensor;
}

OpTensor Tensor::op() const {
  OpTensor tensor;
  tensor.dtype = dtype_;
  tensor.rank = static_cast<int>(shape_.size());
  for (size_t d = 0; d < shape_.size(); ++d) {
    tensor.sizes[d] = shape_[d];
  }
  tensor.data = const_cast<char *>(bytes_.data());
  return tensor;
}

double Tensor::operator[](size_t at) const {
  const char *from = bytes_.data() + at * elementBytes(dtype_);
  if (dtype_ == F32) {
    float value;
    std::memcpy(&value, from, 4);
    return value;
  }
  if (dtype_ == BF16) {
    uint16_t half;
    std::memcpy(&half, from, 2);
    uint32_t bits = static_cast<uint32_t>(half) << 16;
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
  }
  int32_t value = 0;
  if (dtype_ == I32) {
    std::memcpy(&value, from, 4);
    return value;
  }
  return static_cast<signed char>(*from);
}

void Tensor::set(size_t at, double value) {
  char *to = bytes_.data() + at * elementBytes(dtype_);
  if (dtype_ == F32 || dtype_ == BF16) {
    float number = static_cast<float>(dtype_ == F32 ? value : toBf16(value));
    char parts[4];
    std::memcpy(parts, &number, 4);
    std::memcpy(to, dtype_ == F32 ? parts : parts + 2, dtype_ == F32 ? 4 : 2);
  } else if (dtype_ == I32) {
    int32_t number = static_cast<int32_t>(std::lround(value));
    std::memcpy(to, &number, 4);
  } else {
    *to = static_cast<char>(std::lround(value));
  }
}

std::vector<double> Tensor::values() const {
  std::vector<double> all(count());
  for (size_t i = 0; i < all.size(); ++i) {
    all[i] = (*this)[i];
  }
  return all;
}

Node::Node(std::string guid, std::vector<Tensor> in, std::vector<Tensor> out)
    : guid_(std::move(guid)), in_(std::move(in)), out_(std::move(out)) {}

OpCall Node::call() const {
  OpCall call;
  call.guid = guid_.c_str();
  for (const Tensor &tensor : in_) {
    call.in.push_back(tensor.op());
  }
  for (const Tensor &tensor : out_) {
    call.out.push_back(tensor.op());
  }
  call.params = params_.empty() ? nullptr : params_.data();
  call.paramsSize = static_cast<unsigned>(params_.size());
  return call;
}

std::string Node::check(rt::syn::synDeviceType device) const {
  return checkOp(call(), device);
}

std::vector<Tensor> Node::run() const {
  EXPECT_EQ(check(), "");
  if (!::testing::Test::HasFailure()) {
    runOp(call());
  }
  return out_;
}

void expectRefused(const std::vector<Refused> &cases) {
  for (const Refused &refused : cases) {
    EXPECT_EQ(refused.node.check(), refused.message);
  }
}

double tolerance(rt::syn::synDataType dtype, double magnitude) {
  return magnitude * (dtype == BF16 ? 1.0 / 256 : 1e-5);
}

void expectNear(const Tensor &actual, const std::vector<double> &expected,
                double allowed) {
  ASSERT_EQ(actual.count(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    double scale = std::max(1.0, std::fabs(expected[i]));
    ASSERT_LE(std::fabs(actual[i] - expected[i]), allowed * scale)
        << "element " << i << " is " << actual[i] << ", expected "
        << expected[i];
  }
}

std::vector<double> numericalGradient(
    const std::function<double(const std::vector<double> &)> &loss,
    std::vector<double> x, double step) {
  std::vector<double> gradient(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    double kept = x[i];
    x[i] = kept + step;
    double above = loss(x);
    x[i] = kept - step;
    double below = loss(x);
    x[i] = kept;
    gradient[i] = (above - below) / (2 * step);
  }
  return gradient;
}

std::vector<uint64_t> coordinates(const Shape &shape, uint64_t at) {
  std::vector<uint64_t> position;
  for (uint64_t size : shape) {
    position.push_back(at % size);
    at /= size;
  }
  return position;
}

uint64_t elementAt(const Shape &shape, const std::vector<uint64_t> &position) {
  uint64_t at = 0, stride = 1;
  for (size_t d = 0; d < shape.size(); ++d) {
    at += (shape[d] == 1 ? 0 : position.at(d)) * stride;
    stride *= shape[d];
  }
  return at;
}

} // namespace bertc::standin::testing
