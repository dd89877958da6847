// SPDX-License-Identifier: Apache-2.0
//
// Matmul steps against naive loops in double, through whole plans: every
// combination of layout, batch, bias, scale, residual and accumulation.
// Tolerance: 2e-6 of the sum of absolute products in f32 (about K rounding
// errors at the sizes used), 2^-7 in bf16.

#include "test/unit/runtime/PlanBuilder.h"

#include <cmath>
#include <cstring>
#include <gmock/gmock.h>
#include <random>

namespace bertc::rt::test {
namespace {

using ::testing::HasSubstr;

// A strided operand: the buffer it is a window of, and the window.
struct Operand {
  Shape buffer;
  Shape shape;
  Shape strides;
  int64_t offset = 0;
};

Operand dense(Shape shape) {
  Operand o{shape, shape, Shape(shape.size()), 0};
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    o.strides[i] = stride;
    stride *= shape[i];
  }
  return o;
}

// [.., rows, cols] stored column by column.
Operand columnMajor(Shape shape) {
  std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
  Operand o = dense(shape);
  std::swap(o.shape[shape.size() - 1], o.shape[shape.size() - 2]);
  std::swap(o.strides[shape.size() - 1], o.strides[shape.size() - 2]);
  return o;
}

// [B,A,S,D] as heads of columns [at, at + A*D) of a buffer [B*S, width].
Operand heads(int64_t b, int64_t a, int64_t s, int64_t d, int64_t width,
              int64_t at) {
  return {{b * s, width}, {b, a, s, d}, {s * width, d, width, 1}, at};
}

// Both axes strided: no library layout fits.
Operand holes(int64_t rows, int64_t cols) {
  return {{rows * 2, cols * 3}, {rows, cols}, {cols * 6, 3}, 0};
}

Operand flipped(Operand o) {
  size_t n = o.shape.size();
  std::swap(o.shape[n - 1], o.shape[n - 2]);
  std::swap(o.strides[n - 1], o.strides[n - 2]);
  return o;
}

struct Case {
  Operand a, b, c;
  bool bias = false;
  bool residual = false;
  /// The residual is c itself.
  bool inPlace = false;
  bool accumulate = false;
  float scale = 1.0f;
  DType in = DType::F32;
  DType out = DType::F32;
  bool factor = false;
  plan::UnaryKind activation = plan::UnaryKind::Copy;
};

double activated(plan::UnaryKind kind, double x) {
  switch (kind) {
  case plan::UnaryKind::GeluErf:
    return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
  case plan::UnaryKind::GeluTanh:
    return x / 2 *
           (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  case plan::UnaryKind::Relu:
    return std::max(x, 0.0);
  case plan::UnaryKind::Tanh:
    return std::tanh(x);
  default:
    return x;
  }
}

float toFloat(DType dtype, const void *data, int64_t i) {
  if (dtype == DType::F32) {
    return static_cast<const float *>(data)[i];
  }
  uint32_t bits = uint32_t{static_cast<const uint16_t *>(data)[i]} << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

struct Buffer {
  DType dtype = DType::F32;
  Shape shape;
  std::vector<std::byte> bytes;
  double at(int64_t i) const { return toFloat(dtype, bytes.data(), i); }
};

Buffer randomBuffer(DType dtype, const Shape &shape, std::mt19937 &random) {
  Buffer buffer{dtype, shape, {}};
  size_t size = dtypeBytes(dtype);
  buffer.bytes.resize(static_cast<size_t>(numElements(shape)) * size);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (size_t i = 0; i < buffer.bytes.size(); i += size) {
    float value = uniform(random);
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    bits >>= dtype == DType::BF16 ? 16 : 0;
    std::memcpy(&buffer.bytes[i], &bits, size);
  }
  return buffer;
}

// Offset of the batch entry `index` of c's batch axes in an operand whose
// missing or size-1 axes repeat.
int64_t batchOffset(const Operand &o, const Operand &c, int64_t index) {
  int64_t at = o.offset;
  auto axes = static_cast<int64_t>(c.shape.size()) - 2;
  for (int64_t i = axes - 1; i >= 0; --i) {
    int64_t position = index % c.shape[static_cast<size_t>(i)];
    index /= c.shape[static_cast<size_t>(i)];
    int64_t own = i - static_cast<int64_t>(c.shape.size() - o.shape.size());
    if (own >= 0 && o.shape[static_cast<size_t>(own)] != 1) {
      at += position * o.strides[static_cast<size_t>(own)];
    }
  }
  return at;
}

int64_t batches(const Operand &c) {
  return numElements(Shape(c.shape.begin(), c.shape.end() - 2));
}

ConstTensorView inputView(const Buffer &b) {
  return {b.dtype, b.shape, b.bytes.data()};
}

class Trial {
public:
  Trial(const Case &c, uint32_t seed) : case_(c), random_(seed) {}

  void check() {
    Status status = execute();
    ASSERT_TRUE(status.ok()) << status.message();
    compare();
  }

  Status execute() {
    PlanBuilder builder;
    uint32_t a = operand(builder, "a", case_.a, case_.in, &a_);
    uint32_t b = operand(builder, "b", case_.b, case_.in, &b_);
    uint32_t c = operand(builder, "c", case_.c, case_.out, &c_);
    std::vector<uint32_t> inputs = {a, b, kNoOperand, kNoOperand};
    if (case_.bias) {
      inputs[2] = operand(builder, "bias", dense({case_.c.shape.back()}),
                          DType::F32, &bias_);
    }
    if (case_.inPlace) {
      inputs[3] = c;
    } else if (case_.residual) {
      inputs[3] = operand(builder, "residual", dense(case_.c.shape), case_.out,
                          &residual_);
    }
    if (case_.factor) {
      inputs.push_back(operand(builder, "factor", dense(case_.c.shape),
                               case_.out, &factor_));
    }
    plan::MatmulParamsT params;
    params.activation = case_.activation;
    params.scale = case_.scale;
    params.accumulate = case_.accumulate;
    builder.step(params, inputs, {c});
    builder.output("result", cBase_);
    BERTC_ASSIGN_OR_RETURN(Plan plan, builder.load());
    BERTC_ASSIGN_OR_RETURN(auto session, Session::create(plan, {2}));
    NamedInputs given = {
        {"a", inputView(a_)}, {"b", inputView(b_)}, {"c", inputView(c_)}};
    if (case_.bias) {
      given.push_back({"bias", inputView(bias_)});
    }
    if (case_.residual && !case_.inPlace) {
      given.push_back({"residual", inputView(residual_)});
    }
    if (case_.factor) {
      given.push_back({"factor", inputView(factor_)});
    }
    result_ = c_;
    return session->run(
        "main", given,
        {{"result", {c_.dtype, c_.shape, result_.bytes.data()}}});
  }

private:
  uint32_t operand(PlanBuilder &builder, const std::string &name,
                   const Operand &o, DType dtype, Buffer *buffer) {
    uint32_t base = builder.arena(o.buffer, dtype);
    builder.input(name, base);
    *buffer = randomBuffer(dtype, o.buffer, random_);
    if (name == "c") {
      cBase_ = base;
    }
    return builder.view(base, o.shape, o.strides, o.offset);
  }

  // What c[batch, i, j] must be; `magnitude` sums absolute values.
  double expected(int64_t batch, int64_t i, int64_t j, double *magnitude) {
    size_t rank = case_.c.shape.size();
    auto strides = [](const Operand &o) {
      return std::pair(o.strides[o.strides.size() - 2], o.strides.back());
    };
    auto [aRow, aCol] = strides(case_.a);
    auto [bRow, bCol] = strides(case_.b);
    int64_t aAt = batchOffset(case_.a, case_.c, batch) + i * aRow;
    int64_t bAt = batchOffset(case_.b, case_.c, batch) + j * bCol;
    double sum = 0;
    *magnitude = 1;
    for (int64_t k = 0; k < case_.a.shape.back(); ++k) {
      double product = a_.at(aAt + k * aCol) * b_.at(bAt + k * bRow);
      sum += product;
      *magnitude += std::fabs(product * case_.scale);
    }
    sum *= case_.scale;
    sum += case_.bias ? bias_.at(j) : 0;
    sum = activated(case_.activation, sum);
    if (case_.factor) {
      sum *= factor_.at(
          (batch * case_.c.shape[rank - 2] + i) * case_.c.shape[rank - 1] + j);
    }
    auto [cRow, cCol] = strides(case_.c);
    double old =
        c_.at(batchOffset(case_.c, case_.c, batch) + i * cRow + j * cCol);
    sum += case_.inPlace || case_.accumulate ? old : 0;
    if (case_.residual && !case_.inPlace) {
      sum += residual_.at(
          (batch * case_.c.shape[rank - 2] + i) * case_.c.shape[rank - 1] + j);
    }
    return sum;
  }

  void compare() {
    size_t rank = case_.c.shape.size();
    double tolerance = case_.out == DType::BF16 ? 1.0 / 128 : 2e-6;
    std::vector<bool> written(static_cast<size_t>(numElements(c_.shape)));
    for (int64_t batch = 0; batch < batches(case_.c); ++batch) {
      for (int64_t i = 0; i < case_.c.shape[rank - 2]; ++i) {
        for (int64_t j = 0; j < case_.c.shape[rank - 1]; ++j) {
          double magnitude = 0;
          double want = expected(batch, i, j, &magnitude);
          int64_t at = batchOffset(case_.c, case_.c, batch) +
                       i * case_.c.strides[rank - 2] +
                       j * case_.c.strides[rank - 1];
          written[static_cast<size_t>(at)] = true;
          ASSERT_NEAR(result_.at(at), want, tolerance * magnitude)
              << "batch " << batch << " row " << i << " column " << j;
        }
      }
    }
    // Elements between those of a strided c stay as they were.
    for (size_t i = 0; i < written.size(); ++i) {
      if (!written[i]) {
        auto at = static_cast<int64_t>(i);
        ASSERT_EQ(result_.at(at), c_.at(at)) << "element " << i;
      }
    }
  }

  const Case &case_;
  std::mt19937 random_;
  Buffer a_, b_, c_, bias_, residual_, result_, factor_;
  uint32_t cBase_ = 0;
};

void check(const Case &c) { Trial(c, 17).check(); }

TEST(MatmulStep, everyLayoutOfA2dProduct) {
  for (auto [m, k, n] :
       {std::tuple(1, 1, 1), std::tuple(3, 5, 7), std::tuple(17, 64, 2),
        std::tuple(64, 33, 31), std::tuple(1, 40, 65), std::tuple(130, 1, 9)}) {
    for (const Operand &a : {dense({m, k}), columnMajor({m, k}), holes(m, k)}) {
      for (const Operand &b :
           {dense({k, n}), columnMajor({k, n}), holes(k, n)}) {
        for (const Operand &c :
             {dense({m, n}), columnMajor({m, n}), holes(m, n)}) {
          SCOPED_TRACE("m " + std::to_string(m) + " k " + std::to_string(k) +
                       " n " + std::to_string(n) + " strides " +
                       shapeString(a.strides) + shapeString(b.strides) +
                       shapeString(c.strides));
          check({a, b, c});
          if (::testing::Test::HasFatalFailure()) {
            return;
          }
        }
      }
    }
  }
}

TEST(MatmulStep, everyEpilogue) {
  for (int bits = 0; bits < 32; ++bits) {
    Case c{dense({9, 20}), dense({20, 13}), dense({9, 13})};
    c.bias = (bits & 1) != 0;
    c.residual = (bits & 2) != 0;
    c.inPlace = (bits & 4) != 0;
    c.accumulate = (bits & 8) != 0;
    c.scale = (bits & 16) != 0 ? 0.125f : 1.0f;
    if (c.inPlace && c.accumulate) {
      continue;
    }
    SCOPED_TRACE("bits " + std::to_string(bits));
    check(c);
    c.c = columnMajor({9, 13});
    check(c);
    c.c = holes(9, 13);
    check(c);
  }
}

// Activation, factor and residual in this order, with bf16 as well.
TEST(MatmulStep, activationsAndFactors) {
  using K = plan::UnaryKind;
  uint32_t seed = 60;
  for (K kind : {K::Copy, K::GeluErf, K::GeluTanh, K::Relu, K::Tanh}) {
    for (DType type : {DType::F32, DType::BF16}) {
      for (bool factor : {false, true}) {
        Case c{dense({33, 24}), dense({24, 40}), dense({33, 40})};
        c.bias = true;
        c.residual = factor;
        c.factor = factor;
        c.activation = kind;
        c.in = c.out = type;
        SCOPED_TRACE(testing::Message()
                     << "activation " << static_cast<int>(kind) << ", dtype "
                     << dtypeName(type) << ", factor " << factor);
        Trial(c, seed++).check();
      }
    }
  }
  Case folded{dense({2, 3, 5, 8}), dense({8, 6}), dense({2, 3, 5, 6})};
  folded.factor = true;
  Trial(folded, seed).check();
}

TEST(MatmulStep, refusesAnEpilogueOfWhatIsAddedTo) {
  Case c{dense({4, 8}), dense({8, 6}), dense({4, 6})};
  c.accumulate = true;
  c.factor = true;
  EXPECT_THAT(Trial(c, 70).execute().message(),
              HasSubstr("has an activation or a factor as well"));
  c.accumulate = c.factor = false;
  c.inPlace = true;
  c.activation = plan::UnaryKind::Relu;
  EXPECT_THAT(Trial(c, 71).execute().message(),
              HasSubstr("has an activation or a factor as well"));
  c.inPlace = false;
  c.activation = plan::UnaryKind::Exp;
  EXPECT_THAT(Trial(c, 72).execute().message(),
              HasSubstr("activation is unary kind 2"));
}

TEST(MatmulStep, refusesAFactorOfAResultWithGaps) {
  Case c{dense({4, 8}), dense({8, 6}), columnMajor({4, 6})};
  c.factor = true;
  EXPECT_THAT(Trial(c, 73).execute().message(),
              HasSubstr("c, which has a factor,"));
}

TEST(MatmulStep, aBatchOfRowsIsOneProduct) {
  check({dense({2, 3, 5, 16}), dense({16, 9}), dense({2, 3, 5, 9})});
}

TEST(MatmulStep, aStridedBatchOverOneMatrix) {
  check({heads(2, 3, 5, 8, 24, 0), dense({8, 9}), dense({2, 3, 5, 9})});
}

TEST(MatmulStep, oneMatrixOverABatch) {
  check({dense({5, 16}), dense({3, 16, 9}), dense({3, 5, 9})});
  check({dense({1, 5, 16}), dense({3, 16, 9}), dense({3, 5, 9})});
}

// The products of attention and of its gradient, on heads inside wide buffers.
TEST(MatmulStep, attentionOnHeadsInPlace) {
  constexpr int64_t b = 2, a = 3, s = 10, d = 8, h = a * d;
  for (int64_t width : {h, 3 * h}) {
    int64_t at = width == h ? 0 : h;
    Operand head = heads(b, a, s, d, width, at);
    Operand scores = dense({b, a, s, s});
    Case qk{head, flipped(head), scores};
    qk.scale = 0.35355f;
    check(qk);                            // scores = scale q k^T
    check({scores, head, head});          // context = p v
    check({flipped(scores), head, head}); // dv = p^T do
    check({head, flipped(head), scores}); // dp = do v^T
  }
}

// A row pitch of 4 KiB makes b go through scratch.
TEST(MatmulStep, aPagePitchedBIsPackedFirst) {
  Case c{columnMajor({260, 5}), dense({5, 1024}), dense({260, 1024})};
  check(c);
  c.accumulate = true;
  check(c);
}

// Where c is smaller than such a b, c is made transposed and copied.
TEST(MatmulStep, aSmallResultIsCopiedInPlaceOfAPagePitchedB) {
  Case c{columnMajor({260, 300}), dense({300, 1024}), dense({260, 1024})};
  check(c);
  c.scale = 0.5f;
  check(c);
  c.bias = true;
  check(c);
}

TEST(MatmulStep, bf16InAndOut) {
  for (DType out : {DType::BF16, DType::F32}) {
    Case c{dense({9, 32}), columnMajor({32, 12}), dense({9, 12})};
    c.in = DType::BF16;
    c.out = out;
    c.bias = true;
    check(c);
  }
}

// On every CPU: without bf16 arithmetic operands are widened on the way.
TEST(MatmulStep, bf16OnHeadsInPlace) {
  Case scores{heads(2, 3, 5, 8, 24, 0), flipped(heads(2, 3, 7, 8, 24, 0)),
              dense({2, 3, 5, 7})};
  scores.in = scores.out = DType::BF16;
  scores.scale = 0.25f;
  check(scores);
  Case context{dense({2, 3, 5, 7}), heads(2, 3, 7, 8, 24, 0),
               heads(2, 3, 5, 8, 24, 0)};
  context.in = context.out = DType::BF16;
  check(context);
}

TEST(MatmulStep, bf16InEveryLayout) {
  constexpr uint32_t kSeed = 98;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  auto size = [&] { return 1 + static_cast<int64_t>(random() % 50); };
  for (int round = 0; round < 40; ++round) {
    // More rows than are widened at a time, a page of f32 in columns.
    int64_t m = round % 8 ? size() : 1024, k = size();
    int64_t n = round % 16 ? size() : 1024;
    auto any = [&](int64_t rows, int64_t cols) {
      int kind = random() % 3;
      return kind == 0   ? dense({rows, cols})
             : kind == 1 ? columnMajor({rows, cols})
                         : holes(rows, cols);
    };
    Case c{any(m, k), any(k, n), any(m, n)};
    c.in = DType::BF16;
    c.out = random() % 2 == 0 ? DType::BF16 : DType::F32;
    c.bias = random() % 2 == 0;
    c.residual = random() % 2 == 0;
    c.accumulate = random() % 2 == 0;
    SCOPED_TRACE("round " + std::to_string(round));
    check(c);
    if (::testing::Test::HasFatalFailure()) {
      return;
    }
  }
}

TEST(MatmulStep, randomShapesAndEpilogues) {
  constexpr uint32_t kSeed = 99;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  auto size = [&] { return 1 + static_cast<int64_t>(random() % 50); };
  for (int round = 0; round < 60; ++round) {
    int64_t m = size(), k = size(), n = size();
    auto any = [&](int64_t rows, int64_t cols) {
      switch (random() % 3) {
      case 0:
        return dense({rows, cols});
      case 1:
        return columnMajor({rows, cols});
      default:
        return holes(rows, cols);
      }
    };
    Case c{any(m, k), any(k, n), any(m, n)};
    c.bias = random() % 2 == 0;
    c.residual = random() % 2 == 0;
    c.accumulate = random() % 2 == 0;
    c.scale = random() % 2 == 0 ? 1.0f : 0.5f;
    SCOPED_TRACE("round " + std::to_string(round));
    check(c);
    if (::testing::Test::HasFatalFailure()) {
      return;
    }
  }
}

// Large enough for our own kernels, in every layout and with what they take
// and what they leave to the library.
TEST(MatmulStep, largeProducts) {
  constexpr int64_t m = 256, k = 260, n = 270;
  for (int bits = 0; bits < 8; ++bits) {
    auto any = [&](int bit, Shape shape) {
      return bits & bit ? columnMajor(shape) : dense(shape);
    };
    Case c{any(1, {m, k}), any(2, {k, n}), any(4, {m, n})};
    check(c);
    c.accumulate = true;
    check(c);
    c.residual = true;
    check(c);
  }
  Case c{dense({m, k}), dense({k, n}), dense({m, n})};
  c.bias = c.factor = true;
  c.activation = plan::UnaryKind::GeluErf;
  c.scale = 0.5f;
  check(c);
  c = {dense({m, k}), columnMajor({k, n}), dense({m, n})};
  c.residual = c.inPlace = true;
  check(c);
  check({holes(m, k), dense({k, n}), dense({m, n})});
}

// ---- refusals --------------------------------------------------------------

} // namespace
} // namespace bertc::rt::test
