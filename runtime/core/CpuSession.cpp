// SPDX-License-Identifier: Apache-2.0
//

#include "runtime/core/CpuSession.h"

#include "runtime/core/Bindings.h"
#include "runtime/core/EntryProgram.h"
#include "runtime/core/ExchangeReport.h"
#include "runtime/core/MemoryBlock.h"
#include "runtime/core/ParallelMemory.h"
#include "runtime/core/PlanFile.h"
#include "runtime/core/Threads.h"
#include "runtime/core/VariableStore.h"
#include "runtime/onednn/PackedWeights.h"

#include <chrono>
#include <optional>

namespace bertc::rt {
namespace {

int64_t nowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// An entry of the session and what has been done to it.
struct EntryState {
  std::optional<EntryProgram> program;
  std::vector<bool> writes;
  /// VariableStore::generation() the program is bound to.
  uint64_t generation = 0;
  /// Inputs written through inputBuffer() since the last run.
  std::vector<bool> filled;
};

class CpuSession : public SessionBackend {
public:
  explicit CpuSession(Plan p)
      : plan_(std::move(p)), file_(plan_.file()),
        entries_(file_.entries().size()) {}
  Status open(const SessionOptions &options);

  const Plan &plan() const override { return plan_; }
  int threads() const override { return threads_; }
  std::string device() const override { return "cpu " + cpuIsa(); }
  Status initialise(uint64_t seed) override;
  Status setVariable(const std::string &name,
                     const ConstTensorView &value) override;
  Status bindVariable(const std::string &name,
                      const ConstTensorView &value) override;
  StatusOr<ConstTensorView> variable(const std::string &name) override;
  StatusOr<TensorView> mutableVariable(const std::string &name) override;
  Status shardOptimizer(OptimizerShard shard) override;
  Status prepare(const std::string &entry) override;
  Status run(const std::string &entry, const NamedInputs &inputs,
             const NamedOutputs &outputs) override;
  Status wait() override { return Status(); }
  StatusOr<TensorView> inputBuffer(const std::string &entry,
                                   const std::string &name) override;
  StatusOr<ConstTensorView> outputBuffer(const std::string &entry,
                                         const std::string &name) override;
  void setExchange(GradientExchange *exchange) override {
    exchange_ = exchange;
  }
  void setProfileHook(ProfileHook hook) override { hook_ = std::move(hook); }
  std::vector<KindTime> timeByKind() const override;
  void resetTimes() override;
  MemoryReport memory() const override;

private:
  Status prepareEntryAt(size_t index);
  Status bindInputs(size_t index, const NamedInputs &inputs);
  Status execute(size_t index);
  Status exchangeSums(const EntryProgram &program);
  Status runSteps(size_t index);
  Status repack(uint32_t index);
  void account(size_t entry, uint32_t index, const ProgramStep &step,
               int64_t begin, int64_t end);
  std::byte *storageBase(plan::Storage storage, uint32_t index);

  Plan plan_;
  const PlanFile &file_;
  int threads_ = 1;
  std::optional<VariableStore> variables_;
  /// By variable; empty when this session updates everything.
  std::vector<WeightShard> shards_;
  OptimizerShard shard_;
  MemoryBlock arena_;
  MemoryBlock scratch_;
  std::unique_ptr<PackedWeights> packed_;
  std::vector<EntryState> entries_;
  GradientExchange *exchange_ = nullptr;
  ProfileHook hook_;
  KindTime times_[static_cast<size_t>(plan::Params::MAX) + 1];
};

} // namespace

Status CpuSession::open(const SessionOptions &options) {
  uint64_t needed = plan_.stateBytes() + plan_.arenaBytes();
  for (const plan::PackedWeight *w : *file_.root().packed_weights()) {
    needed += w->max_bytes();
  }
  size_t available = physicalMemoryBytes();
  if (needed > available) {
    return resourceExhausted(
        "plan " + plan_.path() + " needs " + std::to_string(needed) +
        " bytes of memory, this machine has " + std::to_string(available) +
        "; compile it for a smaller batch");
  }
  threads_ = resolveThreads(options.threads);
  BERTC_ASSIGN_OR_RETURN(variables_, VariableStore::create(plan_.sharedFile()));
  BERTC_ASSIGN_OR_RETURN(arena_, MemoryBlock::map(plan_.arenaBytes(), "arena"));
  packed_ = std::make_unique<PackedWeights>(
      file_.root(),
      [this](uint32_t i) -> void * {
        return const_cast<std::byte *>(variables_->data(i));
      },
      options.packWeights);
  return Status();
}

StatusOr<std::unique_ptr<SessionBackend>>
createCpuSession(const Plan &plan, const SessionOptions &options) {
  auto session = std::make_unique<CpuSession>(plan);
  BERTC_RETURN_IF_ERROR(session->open(options));
  return std::unique_ptr<SessionBackend>(std::move(session));
}

// ---- variables -------------------------------------------------------------

Status CpuSession::initialise(uint64_t seed) {
  RunThreads scope(threads_);
  variables_->initialise(seed);
  return Status();
}

Status CpuSession::setVariable(const std::string &name,
                               const ConstTensorView &value) {
  RunThreads scope(threads_);
  BERTC_ASSIGN_OR_RETURN(uint32_t i, variables_->check(name, value));
  variables_->copyIn(i, value.data);
  return Status();
}

Status CpuSession::bindVariable(const std::string &name,
                                const ConstTensorView &value) {
  RunThreads scope(threads_);
  BERTC_ASSIGN_OR_RETURN(uint32_t i, variables_->check(name, value));
  variables_->bind(i, value.data);
  return Status();
}

StatusOr<ConstTensorView> CpuSession::variable(const std::string &name) {
  BERTC_ASSIGN_OR_RETURN(uint32_t i, variables_->find(name));
  const VariableInfo &info = file_.variables()[i];
  return ConstTensorView(info.dtype, info.shape, variables_->data(i));
}

StatusOr<TensorView> CpuSession::mutableVariable(const std::string &name) {
  BERTC_ASSIGN_OR_RETURN(uint32_t i, variables_->find(name));
  const VariableInfo &info = file_.variables()[i];
  void *data = variables_->writable(i);
  variables_->markChanged(i);
  return TensorView{info.dtype, info.shape, data};
}

Status CpuSession::shardOptimizer(OptimizerShard shard) {
  const std::vector<VariableInfo> &infos = file_.variables();
  std::vector<WeightShard> shards(infos.size());
  for (size_t i = 0; i < infos.size(); ++i) {
    shards[i].elements = numElements(infos[i].shape);
  }
  for (const VariableRange &range : shard.ranges) {
    BERTC_ASSIGN_OR_RETURN(uint32_t i, variables_->find(range.variable));
    bool inside = 0 <= range.begin && range.begin < range.end &&
                  range.end <= shards[i].elements;
    if (!inside || shards[i].own.count() > 0 ||
        infos[i].role != VariableRole::Weight) {
      return invalidArgument(
          "elements " + std::to_string(range.begin) + " to " +
          std::to_string(range.end) + " of '" + range.variable +
          "' cannot be a session's part of it: one range, not empty, of the " +
          std::to_string(shards[i].elements) +
          " elements of a weight is "
          "expected");
    }
    shards[i].own = {range.begin, range.end};
  }
  shards_ = std::move(shards);
  shard_ = std::move(shard);
  variables_->keepShards(shards_);
  for (EntryState &entry : entries_) {
    entry.program.reset();
  }
  return Status();
}

// ---- preparing -------------------------------------------------------------

std::byte *CpuSession::storageBase(plan::Storage storage, uint32_t index) {
  switch (storage) {
  case plan::Storage::Arena:
    return arena_.data();
  case plan::Storage::Variable:
    return const_cast<std::byte *>(variables_->data(index));
  case plan::Storage::Constant:
    // Never written: the verifier refuses steps that would.
    return reinterpret_cast<std::byte *>(
        const_cast<uint8_t *>(file_.root().constants()->data()));
  case plan::Storage::Packed:
    break;
  }
  return nullptr;
}

Status CpuSession::prepareEntryAt(size_t index) {
  EntryState &state = entries_[index];
  const plan::Entry &entry =
      *file_.root().entries()->Get(static_cast<uint32_t>(index));
  if (state.writes.empty()) {
    state.writes = writtenVariables(file_.root(), entry);
    state.filled.assign(file_.entries()[index].inputs.size(), false);
  }
  for (uint32_t i = 0; i < state.writes.size(); ++i) {
    if (state.writes[i]) {
      variables_->writable(i);
    }
  }
  if (state.program && state.generation == variables_->generation()) {
    return Status();
  }
  state.program.reset();
  BERTC_ASSIGN_OR_RETURN(EntryProgram program,
                         prepareEntry(
                             file_.root(), entry,
                             [this](plan::Storage storage, uint32_t i) {
                               return storageBase(storage, i);
                             },
                             threads_, packed_.get(),
                             shards_.empty() ? nullptr : &shards_));
  if (program.scratchBytes > scratch_.size()) {
    BERTC_ASSIGN_OR_RETURN(scratch_,
                           MemoryBlock::map(program.scratchBytes, "scratch"));
  }
  state.program = std::move(program);
  state.generation = variables_->generation();
  return Status();
}

Status CpuSession::prepare(const std::string &entry) {
  RunThreads scope(threads_);
  BERTC_ASSIGN_OR_RETURN(size_t index, findEntryIndex(file_, entry));
  BERTC_RETURN_IF_ERROR(prepareEntryAt(index));
  const EntryState &state = entries_[index];
  for (uint32_t i : state.program->packed) {
    uint32_t variable = file_.root().packed_weights()->Get(i)->variable();
    BERTC_RETURN_IF_ERROR(packed_->refresh(i, variables_->version(variable)));
  }
  return Status();
}

// ---- running ---------------------------------------------------------------

Status CpuSession::bindInputs(size_t index, const NamedInputs &inputs) {
  EntryState &state = entries_[index];
  BERTC_ASSIGN_OR_RETURN(
      std::vector<size_t> positions,
      checkInputs(file_.entries()[index], inputs, state.filled));
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ConstTensorView &view = inputs[i].second;
    void *to = state.program->inputs[positions[i]].data;
    if (to != view.data) {
      parallelCopy(to, view.data, view.bytes());
    }
  }
  state.filled.assign(state.filled.size(), false);
  return Status();
}

void CpuSession::account(size_t entry, uint32_t index, const ProgramStep &step,
                         int64_t begin, int64_t end) {
  KindTime &time = times_[static_cast<size_t>(step.kindId)];
  ++time.calls;
  time.seconds += static_cast<double>(end - begin) * 1e-9;
  time.flops += step.flops;
  time.bytes += step.bytes;
  if (hook_) {
    hook_({file_.entries()[entry].name.c_str(), index, step.scope.c_str(),
           step.kind, step.step->implementation(), step.flops, step.bytes,
           begin, end});
  }
}

// Sessions that share an update tell each other what it takes to begin.
Status CpuSession::exchangeSums(const EntryProgram &program) {
  std::string own;
  for (const std::shared_ptr<SplitUpdate> &split : program.splits) {
    BERTC_RETURN_IF_ERROR(split->begin(&own));
  }
  if (!shard_.exchange) {
    return failedPrecondition("this session shares its updates with others, "
                              "but has no way to reach them");
  }
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> all, shard_.exchange(own));
  for (const std::shared_ptr<SplitUpdate> &split : program.splits) {
    BERTC_RETURN_IF_ERROR(split->take(all));
  }
  return Status();
}

Status CpuSession::runSteps(size_t index) {
  EntryProgram &program = *entries_[index].program;
  RunContext context{scratch_.data(), threads_, exchange_};
  if (program.exchanges) {
    BERTC_RETURN_IF_ERROR(exchangeSums(program));
  }
  int64_t begin = nowNs();
  for (uint32_t i = 0; i < program.steps.size(); ++i) {
    ProgramStep &step = program.steps[i];
    Status status = step.step->run(context);
    for (size_t k = 0; status.ok() && k < step.repacks.size(); ++k) {
      status = repack(step.repacks[k]);
    }
    if (!status.ok()) {
      return status.annotate("entry '" + file_.entries()[index].name + "', " +
                             stepName(i, step.kind, step.scope));
    }
    int64_t end = nowNs();
    account(index, i, step, begin, end);
    begin = hook_ ? nowNs() : end;
  }
  return Status();
}

// Makes packed copy `index` of a variable that the running entry has written
// for the last time; execute() will count that as one change.
Status CpuSession::repack(uint32_t index) {
  uint32_t variable = file_.root().packed_weights()->Get(index)->variable();
  return packed_->inUse(index)
             ? packed_->refresh(index, variables_->version(variable) + 1)
             : Status();
}

Status CpuSession::execute(size_t index) {
  EntryState &state = entries_[index];
  for (uint32_t i : state.program->packed) {
    uint32_t variable = file_.root().packed_weights()->Get(i)->variable();
    BERTC_RETURN_IF_ERROR(packed_->refresh(i, variables_->version(variable)));
  }
  Status status = runSteps(index);
  // Before anything else: what is under way is the exchange's.
  Status exchanged =
      exchange_ == nullptr
          ? Status()
          : finishExchange(*exchange_, file_.entries()[index].name, hook_);
  if (status.ok()) {
    status = exchanged;
  }
  for (uint32_t i = 0; i < state.writes.size(); ++i) {
    if (state.writes[i]) {
      variables_->markChanged(i);
    }
  }
  return status;
}

Status CpuSession::run(const std::string &entry, const NamedInputs &inputs,
                       const NamedOutputs &outputs) {
  RunThreads scope(threads_);
  BERTC_ASSIGN_OR_RETURN(size_t index, findEntryIndex(file_, entry));
  BERTC_RETURN_IF_ERROR(prepareEntryAt(index));
  BERTC_ASSIGN_OR_RETURN(std::vector<size_t> positions,
                         checkOutputs(file_.entries()[index], outputs));
  BERTC_RETURN_IF_ERROR(bindInputs(index, inputs));
  BERTC_RETURN_IF_ERROR(execute(index));
  const EntryProgram &program = *entries_[index].program;
  for (size_t i = 0; i < outputs.size(); ++i) {
    copyToDense(program.outputs[positions[i]], outputs[i].second.data);
  }
  return Status();
}

StatusOr<TensorView> CpuSession::inputBuffer(const std::string &entry,
                                             const std::string &name) {
  RunThreads scope(threads_);
  BERTC_ASSIGN_OR_RETURN(size_t index, findEntryIndex(file_, entry));
  const EntryInfo &info = file_.entries()[index];
  BERTC_ASSIGN_OR_RETURN(size_t at,
                         findBinding(info.inputs, "input", entry, name));
  BERTC_RETURN_IF_ERROR(prepareEntryAt(index));
  EntryState &state = entries_[index];
  state.filled[at] = true;
  return TensorView{info.inputs[at].dtype, info.inputs[at].shape,
                    state.program->inputs[at].data};
}

StatusOr<ConstTensorView> CpuSession::outputBuffer(const std::string &entry,
                                                   const std::string &name) {
  BERTC_ASSIGN_OR_RETURN(size_t index, findEntryIndex(file_, entry));
  const EntryInfo &info = file_.entries()[index];
  BERTC_ASSIGN_OR_RETURN(size_t at,
                         findBinding(info.outputs, "output", entry, name));
  const EntryState &state = entries_[index];
  if (!state.program) {
    return failedPrecondition("entry '" + entry + "' has not run yet");
  }
  const TensorRef &output = state.program->outputs[at];
  if (!output.isDense()) {
    return failedPrecondition("output '" + name +
                              "' is not dense in memory; take it from run()");
  }
  return ConstTensorView(output.dtype, output.shape(), output.data);
}

// ---- reports ---------------------------------------------------------------

std::vector<KindTime> CpuSession::timeByKind() const {
  std::vector<KindTime> result;
  for (size_t kind = 0; kind < std::size(times_); ++kind) {
    if (times_[kind].calls != 0) {
      result.push_back(times_[kind]);
      result.back().kind = stepKindName(static_cast<plan::Params>(kind));
    }
  }
  return result;
}

void CpuSession::resetTimes() {
  for (KindTime &time : times_) {
    time = KindTime();
  }
}

MemoryReport CpuSession::memory() const {
  MemoryReport report;
  report.state = variables_->stateBytes();
  report.arena = arena_.size();
  report.packedWeights = packed_->bytes();
  report.scratch = scratch_.size();
  const auto *constants = file_.root().constants();
  report.constants = constants == nullptr ? 0 : constants->size();
  return report;
}

} // namespace bertc::rt
