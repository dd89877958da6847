// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/differential/RandomGraph.h"

#include "fmt/format.h"

#include <algorithm>
#include <random>
#include <vector>

namespace bertc {
namespace {

using Shape = std::vector<int64_t>;

/// An f32 value of the graph.
struct Value {
  std::string name;
  Shape shape;
};

std::string typeOf(const Shape &shape, const char *element = "f32") {
  std::string dims;
  for (int64_t dim : shape) {
    dims += std::to_string(dim) + "x";
  }
  return "tensor<" + dims + element + ">";
}

class Generator {
public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  std::string generate(int steps) {
    for (const Shape &shape : {Shape{4, 6}, Shape{6, 6}, Shape{6}, Shape{4},
                               Shape{2, 2, 3, 3}, Shape{2, 1, 1, 3}}) {
      weight(shape);
      weight(shape);
    }
    for (int i = 0; i < steps; ++i) {
      step();
    }
    return finish();
  }

private:
  int below(int bound) { return static_cast<int>(random_() % bound); }

  /// Appends `op` on the operands, and returns its result.
  Value emit(const std::string &op, const std::vector<Value> &operands,
             const Shape &shape, const std::string &attributes = "",
             const std::string &extraName = "",
             const std::string &extraType = "") {
    std::string names, types;
    for (const Value &operand : operands) {
      names += (names.empty() ? "" : ", ") + operand.name;
      types += (types.empty() ? "" : ", ") + typeOf(operand.shape);
    }
    if (!extraName.empty()) {
      names += (names.empty() ? "" : ", ") + extraName;
      types += (types.empty() ? "" : ", ") + extraType;
    }
    Value result{"%v" + std::to_string(count_++), shape};
    body_ +=
        fmt::format("  {} = bert.{} {}{} : ({}) -> {}\n", result.name, op,
                    names, attributes.empty() ? "" : " {" + attributes + "}",
                    types, typeOf(shape));
    return result;
  }

  /// Makes a value available to later steps.
  void keep(const Value &value) { pool_.push_back(value); }

  void weight(const Shape &shape) {
    std::string name = "w" + std::to_string(weights_++);
    header_ += fmt::format("bert.variable @{} : {} {{trainable, init = "
                           "#bert.init<truncated_normal>, init_value = 0.5 : "
                           "f32}}\n",
                           name, typeOf(shape));
    Value value{"%" + name, shape};
    body_ += fmt::format("  {} = bert.read @{} : {}\n", value.name, name,
                         typeOf(shape));
    keep(value);
  }

  Value any() { return pool_[below(static_cast<int>(pool_.size()))]; }

  /// A random value of the shape; there always is one for the weights' shapes.
  Value any(const Shape &shape) {
    std::vector<Value> fitting;
    for (const Value &value : pool_) {
      if (value.shape == shape) {
        fitting.push_back(value);
      }
    }
    return fitting[below(static_cast<int>(fitting.size()))];
  }

  Value constant(double number, const Shape &shape) {
    return emit(
        "constant", {}, shape,
        fmt::format("value = dense<{:.4e}> : {}", number, typeOf(shape)));
  }

  std::string dropoutAttributes() {
    return fmt::format("rate = {:.4e} : f32, op_id = {} : i32",
                       below(4) == 0 ? 0.0 : 0.25, dropouts_++);
  }

  Value dropout(const Value &x) {
    return emit("dropout", {x}, x.shape, dropoutAttributes(), "%rng",
                "tensor<4xi32>");
  }

  void step() {
    using Step = void (Generator::*)();
    static constexpr Step kSteps[] = {
        &Generator::unary,     &Generator::binary,    &Generator::neutral,
        &Generator::castChain, &Generator::matmul,    &Generator::matmulBias,
        &Generator::move,      &Generator::reduce,    &Generator::attention,
        &Generator::residual,  &Generator::choose,    &Generator::addN,
        &Generator::gather,    &Generator::accumulate};
    (this->*kSteps[below(std::size(kSteps))])();
  }

  void unary() {
    static const char *const kOps[] = {
        "tanh", "gelu", "neg", "relu", "identity", "softmax", "log_softmax"};
    Value x = any();
    keep(emit(kOps[below(std::size(kOps))], {x}, x.shape));
  }

  void binary() {
    static const char *const kOps[] = {"add", "sub", "mul", "maximum",
                                       "minimum"};
    Value x = any(), y = any(x.shape);
    if (x.shape == Shape{4, 6} && below(2)) {
      y = any({6});
    }
    Value z = emit(kOps[below(std::size(kOps))], {x, y}, x.shape);
    keep(emit("tanh", {z}, z.shape));
  }

  /// Constants that fold away, and some that do not.
  void neutral() {
    Value x = any();
    bool scalar = below(2) != 0;
    Value zero = constant(below(3) ? 0 : 0.5, scalar ? Shape{} : x.shape);
    Value one = constant(below(3) ? 1 : 0.5, scalar ? Shape{} : x.shape);
    Value sum = below(2) ? emit("add", {zero, x}, x.shape)
                         : emit("sub", {x, zero}, x.shape);
    keep(below(2) ? emit("mul", {one, sum}, x.shape)
                  : emit("div", {sum, one}, x.shape));
  }

  void castChain() {
    Value x = any();
    std::string wide = typeOf(x.shape, "f64");
    std::string name = "%c" + std::to_string(count_++);
    body_ += fmt::format("  {} = bert.cast {} : ({}) -> {}\n", name, x.name,
                         typeOf(x.shape), wide);
    keep(emit("cast", {}, x.shape, "", name, wide));
  }

  /// a b with operands that are transposed by a flag, an operation, both or
  /// neither; both operands are 6x6, so that every combination fits.
  Value product() {
    Value a = any({6, 6}), b = any({6, 6});
    if (below(2)) {
      a = emit("transpose", {a}, {6, 6}, "permutation = array<i64: 1, 0>");
    }
    if (below(2)) {
      b = emit("transpose", {b}, {6, 6}, "permutation = array<i64: 1, 0>");
    }
    std::string flags = below(2) ? "transpose_a" : "";
    if (below(2)) {
      flags += flags.empty() ? "transpose_b" : ", transpose_b";
    }
    return emit("matmul", {a, b}, {6, 6}, flags);
  }

  void matmul() { keep(emit("tanh", {product()}, {6, 6})); }

  void matmulBias() {
    Value c = product();
    Value y = emit("bias_add", {c, any({6})}, {6, 6});
    if (below(3) == 0) {
      keep(c);
    }
    keep(emit("tanh", {y}, y.shape));
  }

  /// Reshapes, transposes, slices, concatenations that cancel or compose.
  void move() {
    Value x = any({4, 6});
    Value flat = emit("reshape", {x}, {24});
    Value back = emit("reshape", {flat}, below(2) ? Shape{4, 6} : Shape{6, 4});
    if (back.shape == Shape{6, 4}) {
      back =
          emit("transpose", {back}, {4, 6}, "permutation = array<i64: 1, 0>");
    }
    Value top = emit("slice", {back}, {3, 6},
                     "starts = array<i64: 0, 0>, sizes = array<i64: 3, 6>");
    Value row = emit("slice", {top}, {1, 6},
                     "starts = array<i64: 2, 0>, sizes = array<i64: 1, 6>");
    keep(emit("concat", {row, top}, {4, 6}, "axis = 0 : i64"));
    keep(emit("reshape", {row}, {6}));
  }

  void reduce() {
    static const char *const kOps[] = {"reduce_sum", "reduce_mean",
                                       "reduce_max"};
    Value x = any({4, 6});
    bool rows = below(2) != 0;
    Value y =
        emit(kOps[below(std::size(kOps))], {x}, rows ? Shape{4} : Shape{6},
             rows ? "axes = array<i64: 1>" : "axes = array<i64: 0>");
    keep(emit("tanh", {y}, y.shape));
  }

  void attention() {
    Value scores = any({2, 2, 3, 3});
    // A mask with a gradient cannot be fused; models have none.
    Value mask = below(4) ? Value{"%mask", {2, 1, 1, 3}} : any({2, 1, 1, 3});
    Value scaled = emit("mul", {scores, constant(0.7, {})}, scores.shape);
    Value masked = emit("add", {scaled, mask}, scores.shape);
    Value soft = emit("softmax", {masked}, scores.shape);
    Value dropped = below(3) ? dropout(soft) : soft;
    if (below(4) == 0) {
      keep(scaled);
    }
    if (below(4) == 0) {
      keep(soft);
    }
    bool transposed = below(2) != 0;
    Value values = any({2, 2, 3, 3});
    keep(emit("batch_matmul", {dropped, values}, scores.shape,
              transposed ? "adj_y" : ""));
  }

  void residual() {
    Value x = any({4, 6});
    Value dropped = below(3) ? dropout(x) : x;
    Value other = any({4, 6});
    Value sum = below(2) ? emit("add", {dropped, other}, x.shape)
                         : emit("add", {other, dropped}, x.shape);
    if (below(4) == 0) {
      keep(sum);
    }
    std::string y = "%v" + std::to_string(count_++);
    body_ += fmt::format(
        "  {0}, {0}_m, {0}_r = bert.layer_norm {1}, {2}, {3} {{eps = 1.0e-3 : "
        "f32}} : (tensor<4x6xf32>, tensor<6xf32>, tensor<6xf32>) -> "
        "(tensor<4x6xf32>, tensor<4xf32>, tensor<4xf32>)\n",
        y, sum.name, any({6}).name, any({6}).name);
    keep({y, {4, 6}});
  }

  void choose() {
    Value x = any({4, 6}), y = any({4, 6});
    std::string cond = "%c" + std::to_string(count_++);
    body_ += fmt::format("  {} = bert.compare {}, {} {{predicate = "
                         "#bert.predicate<lt>}} : (tensor<4x6xf32>, "
                         "tensor<4x6xf32>) -> tensor<4x6xi1>\n",
                         cond, x.name, y.name);
    Value z{"%v" + std::to_string(count_++), {4, 6}};
    body_ += fmt::format("  {} = bert.select {}, {}, {} : (tensor<4x6xi1>, "
                         "tensor<4x6xf32>, tensor<4x6xf32>) -> "
                         "tensor<4x6xf32>\n",
                         z.name, cond, any({4, 6}).name, any({4, 6}).name);
    keep(z);
  }

  void addN() {
    Value a = any({4, 6});
    Value inner = emit("add_n", {a, any({4, 6})}, a.shape);
    if (below(3) == 0) {
      keep(inner);
    }
    Value zero = constant(0, a.shape);
    keep(emit("tanh", {emit("add_n", {inner, zero, any({4, 6})}, a.shape)},
              a.shape));
  }

  void gather() {
    Value table = any({6, 6});
    keep(emit("gather", {table}, {4, 6}, "", "%indices", "tensor<4xi32>"));
  }

  /// What accumulating a clipped gradient looks like.
  void accumulate() {
    Value x = any({4, 6});
    Value scale = emit("reduce_mean", {any({6})}, {}, "axes = array<i64: 0>");
    Value product = below(2) ? emit("mul", {x, scale}, x.shape)
                             : emit("mul", {scale, x}, x.shape);
    if (below(4) == 0) {
      keep(product);
    }
    keep(emit("tanh", {emit("add", {any({4, 6}), product}, x.shape)}, x.shape));
  }

  /// The loss sums half the squares of everything.
  std::string finish() {
    std::vector<Value> parts;
    for (const Value &value : pool_) {
      parts.push_back(emit("l2_loss", {value}, {}));
    }
    Value loss = emit("add_n", parts, {});
    return header_ +
           "func.func @loss(%rng: tensor<4xi32> {bert.name = \"rng\"}, "
           "%mask: tensor<2x1x1x3xf32> {bert.name = \"mask\"}, "
           "%indices: tensor<4xi32> {bert.name = \"indices\"}) -> "
           "(tensor<f32> {bert.name = \"total_loss\"}) {\n" +
           body_ + "  return " + loss.name + " : tensor<f32>\n}\n";
  }

  std::mt19937_64 random_;
  std::vector<Value> pool_;
  std::string header_, body_;
  int count_ = 0, weights_ = 0, dropouts_ = 0;
};

} // namespace

std::string randomGraph(uint64_t seed, int steps) {
  return Generator(seed).generate(steps);
}

} // namespace bertc
