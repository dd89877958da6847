// SPDX-License-Identifier: Apache-2.0
//
// How a step of a plan becomes something that runs. For each step kind there is
// one prepare function. It is called once per step when an entry is prepared,
// checks everything that can be checked before data is there (operand count,
// dtypes, shapes, strides, overlaps: a plan may come from anywhere, and run()
// checks no more), and returns an object bound to resolved pointers.
//
//   StatusOr<std::unique_ptr<PreparedStep>> prepareAddN(StepContext &ctx) {
//     BERTC_RETURN_IF_ERROR(ctx.expectOperands(1, SIZE_MAX, 1, 1));
//     ...
//   }
//   void registerReduceSteps(StepRegistry &registry) {
//     registry.add(plan::Params::AddNParams, "AddN", prepareAddN);
//   }
//
// The plan verifier has already made sure that every operand index is in range,
// every window lies inside its storage, dimensions are positive, strides are
// positive and no window overlaps itself, outputs are in the arena or in a
// variable, and only operand b of a Matmul or MatmulGroup is packed.
#pragma once

#include "bertc/exchange.h"
#include "bertc/runtime.h"
#include "bertc/status.h"
#include "runtime/core/SplitUpdate.h"
#include "runtime/schema/plan_generated.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bertc::rt {

/// Most axes a tensor of a plan has.
constexpr int kMaxRank = 8;

/// A resolved operand: a typed, strided window.
struct TensorRef {
  DType dtype = DType::F32;
  plan::Storage storage = plan::Storage::Arena;
  /// Variable or packed weight, by storage.
  uint32_t index = 0;
  int rank = 0;
  int64_t dims[kMaxRank] = {};
  /// In elements; of an axis of size 1 meaningless.
  int64_t strides[kMaxRank] = {};
  /// Aligned to the element size; arena tensors that are not views to 64 bytes.
  /// Variables may lie in foreign memory: assume element alignment only.
  /// Null for packed weights and for a missing optional operand.
  void *data = nullptr;
  bool present = false;
  /// The matrix that fills the window lies in blocks of 32 x 32
  /// (kernels/amx/Panels.h); only where the handler's LayoutsFn takes it so,
  /// and with the columns that it says.
  bool blocked = false;

  template <typename T> T *as() const { return static_cast<T *>(data); }
  int64_t numElements() const;
  /// Bytes from the first to just past the last element.
  size_t extentBytes() const;
  /// Row-major without gaps.
  bool isDense() const;
  Shape shape() const { return Shape(dims, dims + rank); }
  /// "f32 [2,3]", with strides when not dense.
  std::string describe() const;
};

/// Shape and strides of a verified plan tensor; no data yet.
TensorRef describeTensor(const plan::Tensor &tensor);

/// True when the shapes are equal.
bool sameShape(const TensorRef &a, const TensorRef &b);
/// True when a and b are the same elements at the same places (in-place use).
bool sameWindow(const TensorRef &a, const TensorRef &b);
/// True when the byte ranges from first to last element meet. Interleaved
/// windows that share no byte (columns of one matrix) do not overlap when
/// `a` and `b` have the same strides.
bool overlaps(const TensorRef &a, const TensorRef &b);

/// What a step is given when it runs.
struct RunContext {
  /// At least as many bytes as the step asked for, 64-byte aligned; content
  /// undefined.
  std::byte *scratch = nullptr;
  int threads = 1;
  /// The other workers; null in a run of one.
  GradientExchange *exchange = nullptr;
};

/// A step ready to run any number of times.
class PreparedStep {
public:
  virtual ~PreparedStep() = default;
  /// Only data-dependent errors are left (an index out of range).
  virtual Status run(const RunContext &context) = 0;
  /// For profiles, e.g. "brgemm:avx512_core"; "" when there is no choice.
  virtual const char *implementation() const { return ""; }
};

/// Wraps a callable `Status()` or `Status(const RunContext &)`, so that most
/// handlers need no class of their own:
///   return makeStep([=] { fill(y, n, value); return Status(); });
template <typename Fn> std::unique_ptr<PreparedStep> makeStep(Fn fn) {
  struct Step final : PreparedStep {
    explicit Step(Fn fn) : fn(std::move(fn)) {}
    Status run(const RunContext &context) override {
      if constexpr (std::is_invocable_v<Fn &, const RunContext &>) {
        return fn(context);
      } else {
        (void)context;
        return fn();
      }
    }
    Fn fn;
  };
  return std::make_unique<Step>(std::move(fn));
}

/// Services of the session that only matmuls need (runtime/onednn).
class PackedWeights;

/// One step with its operands, as a prepare function sees it.
class StepContext {
public:
  StepContext(const plan::Step &step, std::vector<TensorRef> inputs,
              std::vector<TensorRef> outputs, int threads,
              PackedWeights *packed)
      : step_(step), inputs_(std::move(inputs)), outputs_(std::move(outputs)),
        threads_(threads), packed_(packed) {}

  const plan::Step &step() const { return step_; }
  /// The parameters, e.g. params<plan::ReduceParams>(); the caller's prepare
  /// function was chosen by their type.
  template <typename T> const T &params() const {
    return *step_.params_as<T>();
  }

  size_t numInputs() const { return inputs_.size(); }
  size_t numOutputs() const { return outputs_.size(); }
  /// Operand i; one with present == false beyond the end or when missing.
  const TensorRef &input(size_t i) const;
  const TensorRef &output(size_t i) const;

  int threads() const { return threads_; }

  /// What this session updates of each variable, by index; null when it updates
  /// everything.
  const std::vector<WeightShard> *shards() const { return shards_; }
  void setShards(const std::vector<WeightShard> *shards) { shards_ = shards; }
  /// Before the steps of a run, sessions that share an update exchange what
  /// `split` (null: nothing of this one) has to say. Whether a step asks for
  /// that must not depend on what this session has of its variable.
  void requestExchange(std::shared_ptr<SplitUpdate> split);
  bool wantsExchange() const { return wantsExchange_; }
  std::vector<std::shared_ptr<SplitUpdate>> takeSplits() {
    return std::move(splits_);
  }

  /// Null in tests that prepare a step by hand.
  PackedWeights *packedWeights() const { return packed_; }

  /// Asks for scratch memory of run(); the largest request of all steps is
  /// allocated once.
  void requestScratch(size_t bytes);
  size_t scratchBytes() const { return scratchBytes_; }

  /// Error unless the operand counts lie in the ranges and every operand below
  /// the minimum is present.
  Status expectOperands(size_t minInputs, size_t maxInputs, size_t minOutputs,
                        size_t maxOutputs) const;
  /// Errors that name the operand, what was found and what was expected.
  Status expectDType(const TensorRef &t, const char *operand,
                     DType dtype) const;
  Status expectShape(const TensorRef &t, const char *operand,
                     const Shape &shape) const;
  Status expectDense(const TensorRef &t, const char *operand) const;
  /// Error when an output overlaps an input or another output, except that
  /// output o may be the very same window as input i where
  /// allowInPlace(i, o) says so.
  Status expectNoOverlap(
      const std::function<bool(size_t i, size_t o)> &allowInPlace = {}) const;

  /// InvalidArgument-like error about this step (code Corrupt: the plan is at
  /// fault), prefixed with kind and scope by the caller.
  Status bad(const std::string &message) const { return corrupt(message); }

private:
  const plan::Step &step_;
  std::vector<TensorRef> inputs_;
  std::vector<TensorRef> outputs_;
  int threads_;
  PackedWeights *packed_;
  size_t scratchBytes_ = 0;
  const std::vector<WeightShard> *shards_ = nullptr;
  bool wantsExchange_ = false;
  std::vector<std::shared_ptr<SplitUpdate>> splits_;
};

using PrepareFn = StatusOr<std::unique_ptr<PreparedStep>> (*)(StepContext &);

/// How a step may find a bf16 operand in memory.
enum class Layouts : uint8_t {
  /// Row by row.
  Rows,
  /// That or in blocks of 32 x 32, whatever the others are in.
  Any,
  /// That or in blocks, like all other operands of which this is said.
  Alike,
};
struct LayoutChoice {
  Layouts layouts = Layouts::Rows;
  /// Columns of the matrix that the step takes the operand for: row-major,
  /// without gaps, whatever the axes of the operand are.
  int64_t columns = 0;
};
/// By operand; those not mentioned are row by row.
struct StepLayouts {
  std::vector<LayoutChoice> inputs, outputs;
};

/// What the step takes, for the operands of which it would be prepared. Asked
/// of every step before the first is prepared, and only where there is a tile
/// unit to use blocks. All is row by row where the step is not one to prepare.
using LayoutsFn = StepLayouts (*)(StepContext &);

/// Step kind -> handler. Filled once, by explicit calls (runtime/Registry.cpp);
/// no static initialisers.
class StepRegistry {
public:
  struct Handler {
    const char *name = nullptr;
    PrepareFn prepare = nullptr;
    /// Null where all operands are row by row.
    LayoutsFn layouts = nullptr;
  };

  /// `name` is a string literal, the kind as profiles show it.
  void add(plan::Params kind, const char *name, PrepareFn prepare,
           LayoutsFn layouts = nullptr);
  /// Null when no handler was added for `kind`.
  const Handler *find(plan::Params kind) const;

private:
  Handler handlers_[static_cast<size_t>(plan::Params::MAX) + 1];
};

/// Every handler of the runtime.
const StepRegistry &stepRegistry();

} // namespace bertc::rt
