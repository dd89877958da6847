// SPDX-License-Identifier: Apache-2.0
//
// Executes plans: load one, give its variables values, run its entries.
//
//   using namespace bertc::rt;
//   auto plan = Plan::load("base.plan");                  // verified fully
//   auto session = Session::create(*plan);
//   (*session)->setVariable("bert/pooler/dense/bias", {DType::F32, {768}, p});
//   (*session)->run("predict",
//                   {{"input_ids", {DType::I32, {1, 128}, ids}}, ...},
//                   {{"pooled_output", {DType::F32, {1, 768}, out}}});
//
// Every function that can fail returns a Status (bertc/status.h); nothing here
// throws or aborts. All tensors handed over are dense and row-major, shapes are
// listed outermost axis first, BF16 is the upper half of an IEEE float. A
// Session is used by one thread at a time; it runs its work on OpenMP threads.
#pragma once

#include "bertc/status.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bertc::rt {

class PlanFile;

/// Element types. Bool is one byte, 0 or 1.
enum class DType : uint8_t { F32 = 0, BF16, I32, I64, Bool };

/// Bytes of one element: 4, 2, 4, 8, 1.
size_t dtypeBytes(DType dtype);
/// "f32", "bf16", "i32", "i64" or "bool".
const char *dtypeName(DType dtype);

using Shape = std::vector<int64_t>;

/// Product of the dimensions (1 for a scalar).
int64_t numElements(const Shape &shape);
/// "[2,128]", "[]" for a scalar.
std::string shapeString(const Shape &shape);

/// A dense row-major tensor owned by somebody else, written through `data`.
struct TensorView {
  DType dtype = DType::F32;
  Shape shape;
  void *data = nullptr;

  size_t bytes() const {
    return static_cast<size_t>(numElements(shape)) * dtypeBytes(dtype);
  }
  template <typename T> T *as() const { return static_cast<T *>(data); }
};

/// The same, only read.
struct ConstTensorView {
  DType dtype = DType::F32;
  Shape shape;
  const void *data = nullptr;

  ConstTensorView() = default;
  ConstTensorView(DType dtype, Shape shape, const void *data)
      : dtype(dtype), shape(std::move(shape)), data(data) {}
  ConstTensorView(const TensorView &view)
      : dtype(view.dtype), shape(view.shape), data(view.data) {}

  size_t bytes() const {
    return static_cast<size_t>(numElements(shape)) * dtypeBytes(dtype);
  }
  template <typename T> const T *as() const {
    return static_cast<const T *>(data);
  }
};

using NamedInputs = std::vector<std::pair<std::string, ConstTensorView>>;
using NamedOutputs = std::vector<std::pair<std::string, TensorView>>;

/// An input or output of an entry.
struct TensorInfo {
  std::string name;
  DType dtype = DType::F32;
  Shape shape;
};

/// One function of a plan, e.g. "predict" or "train_step".
struct EntryInfo {
  std::string name;
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  uint64_t numSteps = 0;
  /// Bytes of the arena it touches; floating point operations of one run.
  uint64_t arenaBytes = 0;
  uint64_t flops = 0;

  /// Null when there is no input (output) of that name.
  const TensorInfo *findInput(const std::string &name) const;
  const TensorInfo *findOutput(const std::string &name) const;
};

/// What a variable is for. The last three belong to a weight, their owner.
enum class VariableRole : uint8_t { Weight = 0, AdamM, AdamV, Accum };

/// How a variable starts: TruncatedNormal has mean 0, deviation `initValue`
/// and is cut at two deviations; Constant has every element `initValue`.
enum class InitKind : uint8_t { Constant = 0, TruncatedNormal };

/// A tensor that outlives runs.
struct VariableInfo {
  std::string name;
  DType dtype = DType::F32;
  Shape shape;
  VariableRole role = VariableRole::Weight;
  /// Index into Plan::variables() of the weight it belongs to.
  uint32_t owner = 0;
  bool trainable = false;
  /// Subject to weight decay.
  bool decay = false;
  InitKind init = InitKind::Constant;
  float initValue = 0;

  size_t bytes() const {
    return static_cast<size_t>(numElements(shape)) * dtypeBytes(dtype);
  }
};

/// What the plan was compiled from; see the Model table of plan.fbs.
struct ModelInfo {
  std::string task, mode, hiddenAct, precision, optimizer, configJson;
  uint32_t batchSize = 0, maxSeqLength = 0, maxPredictionsPerSeq = 0;
  uint32_t numLabels = 0, packed = 0;
  uint64_t numParameters = 0;
};

/// How the workers of a data-parallel run add up their gradients, as a plan was
/// compiled for it (docs/distributed.md).
struct ExchangeInfo {
  /// How many were planned for.
  uint32_t workers = 0;
  /// After every micro-batch, not once an update.
  bool microBatches = false;
  /// As bf16 on their way.
  bool bf16 = false;
  /// Indices into Plan::variables(), of all accumulators; those of a bucket lie
  /// side by side in a session's memory, in this order.
  std::vector<std::vector<uint32_t>> buckets;
};

/// A verified plan. Copies share one mapping of the file.
class Plan {
public:
  /// Maps and verifies `path`. Errors: NotFound, Corrupt (damaged or hostile
  /// content), FailedPrecondition (schema version, target or ISA this runtime
  /// or CPU does not have).
  static StatusOr<Plan> load(const std::string &path);

  /// Copies and verifies `size` bytes; `name` stands for a path in messages.
  static StatusOr<Plan> fromBytes(const void *bytes, size_t size,
                                  const std::string &name = "plan");

  const std::string &path() const;
  const ModelInfo &model() const;
  const std::string &producer() const;
  /// "cpu", "gaudi" or "gaudi2".
  const std::string &target() const;
  /// "avx2", "avx512", "avx512_bf16" or "amx": the least the CPU must have.
  const std::string &cpuIsa() const;
  /// SHA-256 of the file, 64 lower-case hexadecimal digits.
  const std::string &sha256() const;
  uint64_t stateBytes() const;
  uint64_t arenaBytes() const;
  uint64_t peakBytes() const;

  const std::vector<EntryInfo> &entries() const;
  const std::vector<VariableInfo> &variables() const;
  /// Null when it was compiled for one worker.
  const ExchangeInfo *exchange() const;
  /// Null when the plan has none of that name.
  const EntryInfo *findEntry(const std::string &name) const;
  const VariableInfo *findVariable(const std::string &name) const;

  /// The typed file behind the plan (runtime/core/PlanFile.h), for tools.
  const PlanFile &file() const { return *file_; }
  const std::shared_ptr<const PlanFile> &sharedFile() const { return file_; }

private:
  explicit Plan(std::shared_ptr<const PlanFile> file)
      : file_(std::move(file)) {}

  std::shared_ptr<const PlanFile> file_;
};

struct SessionOptions {
  /// OpenMP threads; 0 means OMP_NUM_THREADS, else every core.
  int threads = 0;
  /// Keeps weights a second time in the layout matmuls like best: 3 to 10%
  /// faster runs, once packed. False gives the first result sooner and takes
  /// less memory; right for a handful of runs.
  bool packWeights = true;

  // ---- plans for Gaudi (docs/gaudi.md) -------------------------------------

  /// SynapseAI's library; empty: BERTC_SYNAPSE_LIBRARY, else what the loader
  /// finds as libSynapse.so or libSynapse.so.1.
  std::string synapseLibrary;
  /// Folder of compiled graphs; empty: BERTC_RECIPE_CACHE_DIR, else
  /// bertc/recipes in XDG_CACHE_HOME or ~/.cache; "off": none.
  std::string recipeCache;
  /// Most bytes kept in it, in MiB; negative: BERTC_RECIPE_CACHE_MB, else
  /// 4096. 0 turns the cache off.
  int64_t recipeCacheMb = -1;
  /// Of several processes on this host, the number of this one, counted from 0:
  /// each takes another device where HLS_MODULE_ID does not say which.
  /// Negative: any device that is free.
  int deviceIndex = -1;
  /// prepare() compiles the graphs of runs without dropout (rng flags bit 0)
  /// in place of those with it. The others are compiled when first run.
  bool deterministic = false;
  /// Takes a line for people before each graph that is compiled, which takes
  /// seconds to minutes; empty: nothing is said.
  std::function<void(const std::string &)> say;
};

/// Elements [begin, end) of a variable, in row-major order.
struct VariableRange {
  std::string variable;
  int64_t begin = 0;
  int64_t end = 0;
};

/// What one of several sessions of a plan updates of its weights; see
/// Session::shardOptimizer.
struct OptimizerShard {
  /// At most one of each weight; nothing of those that are not named.
  std::vector<VariableRange> ranges;
  /// Gives the texts of all sessions for that of this one. Called once in each
  /// run of an entry with LAMB updates, by all sessions alike.
  std::function<StatusOr<std::vector<std::string>>(const std::string &)>
      exchange;
};

/// One executed step, handed to the profile hook after the step ended. The
/// pointers are valid during the call.
struct StepEvent {
  const char *entry;
  uint32_t index;
  /// Scope name of the operation, step kind ("Matmul"), chosen implementation
  /// ("" when there is only one).
  const char *scope;
  const char *kind;
  const char *implementation;
  uint64_t flops;
  /// Bytes of all operands read and written.
  uint64_t bytes;
  /// Nanoseconds of the monotonic clock.
  int64_t beginNs;
  int64_t endNs;
  /// Which line of a timeline it belongs to: null for the entry's own steps,
  /// else the name of a unit of the device ("TPC 3").
  const char *track = nullptr;
};
using ProfileHook = std::function<void(const StepEvent &)>;

/// Time spent in all steps of one kind since the last resetTimes().
struct KindTime {
  std::string kind;
  uint64_t calls = 0;
  double seconds = 0;
  uint64_t flops = 0;
  uint64_t bytes = 0;
};

/// Bytes set aside by a session. Blocks are mapped whole and become resident
/// page by page as they are touched.
struct MemoryReport {
  /// Without optimizer slots that other sessions have.
  uint64_t state = 0;
  uint64_t arena = 0;
  uint64_t packedWeights = 0;
  uint64_t scratch = 0;
  uint64_t constants = 0;
  /// True when these are bytes of a device, and scratch its workspace.
  bool onDevice = false;
};

class DeviceCollective;
class SessionBackend;
class GradientExchange;

/// A plan with memory: variables, arena and prepared steps or graphs.
class Session {
public:
  /// Maps the blocks; nothing is prepared yet. Variables are zero.
  /// Errors: ResourceExhausted naming bytes needed and bytes there are;
  /// Unavailable when the device of the plan or its library is missing or busy.
  static StatusOr<std::unique_ptr<Session>>
  create(const Plan &plan, const SessionOptions &options = {});
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  const Plan &plan() const;
  /// OpenMP threads that runs use.
  int threads() const;
  /// What executes: "cpu avx512", "gaudi2 module 0".
  std::string device() const;

  // ---- variables -----------------------------------------------------------

  /// Gives every variable its initial value. The same seed gives a variable of
  /// the same name the same numbers at any thread count and in any plan.
  Status initialise(uint64_t seed);
  /// Copies `value` in. Errors: NotFound, InvalidArgument (dtype, shape).
  Status setVariable(const std::string &name, const ConstTensorView &value);
  /// Uses the caller's memory in place of a copy; it must stay unchanged until
  /// the session ends or the variable is set again. Falls back to a copy where
  /// that cannot be (data not aligned to its element). An entry that writes the
  /// variable first copies it, so the memory itself is never written.
  Status bindVariable(const std::string &name, const ConstTensorView &value);
  /// The current value; valid until the next set, bind or run.
  StatusOr<ConstTensorView> variable(const std::string &name) const;
  /// Writable in place; counts as changed now. Valid until the next bind.
  StatusOr<TensorView> mutableVariable(const std::string &name);

  /// Shares the optimizer's work with other sessions of the plan: from now on
  /// LAMB and AdamW change only these elements of the weights, with the bits
  /// that a session has which changes all, and leave the rest to its owners, as
  /// they leave their accumulators. adam_m and adam_v exist only for these
  /// elements: the memory of the others is given back, and what is set there is
  /// dropped. Errors: NotFound, InvalidArgument (a range outside of its
  /// weight, or two of one); FailedPrecondition for plans for Gaudi.
  Status shardOptimizer(OptimizerShard shard);

  // ---- running -------------------------------------------------------------

  /// Checks and binds the steps of one entry, creates primitives, packs
  /// weights. run() does so by itself; calling it early moves the cost.
  Status prepare(const std::string &entry);

  /// Copies `inputs` in, executes, copies the wanted `outputs` out. Every input
  /// of the entry must be given unless it was written through inputBuffer();
  /// outputs may be a subset. Errors: NotFound, InvalidArgument (dtype, shape,
  /// missing or repeated name, index out of range in the data).
  /// A run on a device that is asked for no outputs returns once it is queued;
  /// whatever needs its results waits for it, and so do its errors.
  Status run(const std::string &entry, const NamedInputs &inputs,
             const NamedOutputs &outputs);

  /// Until every run is done.
  Status wait();

  /// What all-reduces of entries call (bertc/exchange.h); it must outlive its
  /// use. Null, as at first: a run of one worker.
  void setExchange(GradientExchange *exchange);

  /// Where an input is read from in the next run of `entry`: fill it, then call
  /// run() without that input. Any run may overwrite it.
  StatusOr<TensorView> inputBuffer(const std::string &entry,
                                   const std::string &name);
  /// An output of the last run, in place; only right after a run of `entry`.
  /// Errors: FailedPrecondition when the output is not dense in memory.
  StatusOr<ConstTensorView> outputBuffer(const std::string &entry,
                                         const std::string &name);

  // ---- reports -------------------------------------------------------------

  /// Called after every step; an empty function turns it off.
  void setProfileHook(ProfileHook hook);
  std::vector<KindTime> timeByKind() const;
  void resetTimes();
  MemoryReport memory() const;

  /// What the device does with those of other processes
  /// (runtime/core/DeviceCollective.h), for programs of several; null for plans
  /// of the CPU.
  DeviceCollective *deviceCollective();

private:
  explicit Session(std::unique_ptr<SessionBackend> backend);
  std::unique_ptr<SessionBackend> backend_;
};

/// What this CPU and operating system can run, capped by BERTC_MAX_ISA:
/// "avx2", "avx512", "avx512_bf16", "amx", or "none" below AVX2.
std::string cpuIsa();

} // namespace bertc::rt
