// SPDX-License-Identifier: Apache-2.0
//
// The executor: memory blocks, lazily prepared entries, the loop over steps.

#include "bertc/runtime.h"
#include "runtime/core/EntryProgram.h"
#include "runtime/core/MemoryBlock.h"
#include "runtime/core/ParallelMemory.h"
#include "runtime/core/PlanFile.h"
#include "runtime/core/Threads.h"
#include "runtime/core/VariableStore.h"
#include "runtime/onednn/PackedWeights.h"

#include <chrono>
#include <optional>
#include <set>

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

Status checkView(const char *what, const TensorInfo &info, DType dtype,
                 const Shape &shape, const void *data) {
  if (dtype != info.dtype || shape != info.shape) {
    return invalidArgument(std::string(what) + " '" + info.name + "' is " +
                           dtypeName(dtype) + " " + shapeString(shape) +
                           ", the plan has " + dtypeName(info.dtype) + " " +
                           shapeString(info.shape));
  }
  if (data == nullptr) {
    return invalidArgument(std::string(what) + " '" + info.name +
                           "' has no data");
  }
  return Status();
}

// Position of `name` in the bindings, or NotFound listing what there is.
StatusOr<size_t> findBinding(const std::vector<TensorInfo> &bindings,
                             const char *what, const std::string &entry,
                             const std::string &name) {
  std::string known;
  for (size_t i = 0; i < bindings.size(); ++i) {
    if (bindings[i].name == name) {
      return i;
    }
    known += (i == 0 ? "" : ", ") + bindings[i].name;
  }
  return notFound("entry '" + entry + "' has no " + what + " '" + name +
                  "', it has: " + known);
}

} // namespace

struct Session::Impl {
  explicit Impl(Plan p)
      : plan(std::move(p)), file(plan.file()), entries(file.entries().size()) {}

  StatusOr<size_t> findEntry(const std::string &name) const;
  Status prepare(size_t index);
  Status bindInputs(size_t index, const NamedInputs &inputs);
  Status checkOutputs(size_t index, const NamedOutputs &outputs,
                      std::vector<size_t> *positions) const;
  Status execute(size_t index);
  Status runSteps(size_t index);
  Status repack(uint32_t index);
  void account(size_t entry, uint32_t index, const ProgramStep &step,
               int64_t begin, int64_t end);
  std::byte *storageBase(plan::Storage storage, uint32_t index);

  Plan plan;
  const PlanFile &file;
  int threads = 1;
  std::optional<VariableStore> variables;
  MemoryBlock arena;
  MemoryBlock scratch;
  std::unique_ptr<PackedWeights> packed;
  std::vector<EntryState> entries;
  ProfileHook hook;
  KindTime times[static_cast<size_t>(plan::Params::MAX) + 1];
};

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

StatusOr<std::unique_ptr<Session>>
Session::create(const Plan &plan, const SessionOptions &options) {
  if (options.threads < 0 || options.threads > 4096) {
    return invalidArgument("threads is " + std::to_string(options.threads) +
                           ", expected 0 to 4096");
  }
  uint64_t needed = plan.stateBytes() + plan.arenaBytes();
  for (const plan::PackedWeight *w : *plan.file().root().packed_weights()) {
    needed += w->max_bytes();
  }
  size_t available = physicalMemoryBytes();
  if (needed > available) {
    return resourceExhausted(
        "plan " + plan.path() + " needs " + std::to_string(needed) +
        " bytes of memory, this machine has " + std::to_string(available) +
        "; compile it for a smaller batch");
  }
  auto impl = std::make_unique<Impl>(plan);
  Impl *raw = impl.get();
  raw->threads = resolveThreads(options.threads);
  BERTC_ASSIGN_OR_RETURN(raw->variables, VariableStore::create(plan.file_));
  BERTC_ASSIGN_OR_RETURN(raw->arena,
                         MemoryBlock::map(plan.arenaBytes(), "arena"));
  raw->packed = std::make_unique<PackedWeights>(
      raw->file.root(),
      [raw](uint32_t i) -> void * {
        return const_cast<std::byte *>(raw->variables->data(i));
      },
      options.packWeights);
  return std::unique_ptr<Session>(new Session(std::move(impl)));
}

const Plan &Session::plan() const { return impl_->plan; }
int Session::threads() const { return impl_->threads; }

// ---- variables -------------------------------------------------------------

Status Session::initialise(uint64_t seed) {
  RunThreads scope(impl_->threads);
  VariableStore &store = *impl_->variables;
  const std::vector<VariableInfo> &infos = impl_->file.variables();
  for (uint32_t i = 0; i < infos.size(); ++i) {
    bool zeros = infos[i].init == InitKind::Constant && infos[i].initValue == 0;
    if (zeros && store.pristine(i)) {
      store.markChanged(i);
      continue;
    }
    // Every element is overwritten, so a bound value need not be copied home.
    initialiseVariable(infos[i], seed, store.overwrite(i));
    store.markChanged(i);
  }
  return Status();
}

Status Session::setVariable(const std::string &name,
                            const ConstTensorView &value) {
  RunThreads scope(impl_->threads);
  BERTC_ASSIGN_OR_RETURN(uint32_t i, impl_->variables->check(name, value));
  impl_->variables->copyIn(i, value.data);
  return Status();
}

Status Session::bindVariable(const std::string &name,
                             const ConstTensorView &value) {
  RunThreads scope(impl_->threads);
  BERTC_ASSIGN_OR_RETURN(uint32_t i, impl_->variables->check(name, value));
  impl_->variables->bind(i, value.data);
  return Status();
}

StatusOr<ConstTensorView> Session::variable(const std::string &name) const {
  BERTC_ASSIGN_OR_RETURN(uint32_t i, impl_->variables->find(name));
  const VariableInfo &info = impl_->file.variables()[i];
  return ConstTensorView(info.dtype, info.shape, impl_->variables->data(i));
}

StatusOr<TensorView> Session::mutableVariable(const std::string &name) {
  BERTC_ASSIGN_OR_RETURN(uint32_t i, impl_->variables->find(name));
  const VariableInfo &info = impl_->file.variables()[i];
  void *data = impl_->variables->writable(i);
  impl_->variables->markChanged(i);
  return TensorView{info.dtype, info.shape, data};
}

// ---- preparing -------------------------------------------------------------

StatusOr<size_t> Session::Impl::findEntry(const std::string &name) const {
  int index = file.findEntry(name);
  if (index >= 0) {
    return static_cast<size_t>(index);
  }
  std::string known;
  for (const EntryInfo &entry : file.entries()) {
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  return notFound("plan " + file.path() + " has no entry '" + name +
                  "', it has: " + known);
}

std::byte *Session::Impl::storageBase(plan::Storage storage, uint32_t index) {
  switch (storage) {
  case plan::Storage::Arena:
    return arena.data();
  case plan::Storage::Variable:
    return const_cast<std::byte *>(variables->data(index));
  case plan::Storage::Constant:
    // Never written: the verifier refuses steps that would.
    return reinterpret_cast<std::byte *>(
        const_cast<uint8_t *>(file.root().constants()->data()));
  case plan::Storage::Packed:
    break;
  }
  return nullptr;
}

Status Session::Impl::prepare(size_t index) {
  EntryState &state = entries[index];
  const plan::Entry &entry =
      *file.root().entries()->Get(static_cast<uint32_t>(index));
  if (state.writes.empty()) {
    state.writes = writtenVariables(file.root(), entry);
    state.filled.assign(file.entries()[index].inputs.size(), false);
  }
  for (uint32_t i = 0; i < state.writes.size(); ++i) {
    if (state.writes[i]) {
      variables->writable(i);
    }
  }
  if (state.program && state.generation == variables->generation()) {
    return Status();
  }
  state.program.reset();
  BERTC_ASSIGN_OR_RETURN(EntryProgram program,
                         prepareEntry(
                             file.root(), entry,
                             [this](plan::Storage storage, uint32_t i) {
                               return storageBase(storage, i);
                             },
                             threads, packed.get()));
  if (program.scratchBytes > scratch.size()) {
    BERTC_ASSIGN_OR_RETURN(scratch,
                           MemoryBlock::map(program.scratchBytes, "scratch"));
  }
  state.program = std::move(program);
  state.generation = variables->generation();
  return Status();
}

Status Session::prepare(const std::string &entry) {
  RunThreads scope(impl_->threads);
  BERTC_ASSIGN_OR_RETURN(size_t index, impl_->findEntry(entry));
  BERTC_RETURN_IF_ERROR(impl_->prepare(index));
  const EntryState &state = impl_->entries[index];
  for (uint32_t i : state.program->packed) {
    uint32_t variable = impl_->file.root().packed_weights()->Get(i)->variable();
    BERTC_RETURN_IF_ERROR(
        impl_->packed->refresh(i, impl_->variables->version(variable)));
  }
  return Status();
}

// ---- running ---------------------------------------------------------------

Status Session::Impl::bindInputs(size_t index, const NamedInputs &inputs) {
  const EntryInfo &info = file.entries()[index];
  EntryState &state = entries[index];
  std::vector<size_t> positions;
  std::vector<bool> given = state.filled;
  std::set<std::string> names;
  for (const auto &[name, view] : inputs) {
    BERTC_ASSIGN_OR_RETURN(size_t at,
                           findBinding(info.inputs, "input", info.name, name));
    BERTC_RETURN_IF_ERROR(
        checkView("input", info.inputs[at], view.dtype, view.shape, view.data));
    if (!names.insert(name).second) {
      return invalidArgument("input '" + name + "' is given twice");
    }
    given[at] = true;
    positions.push_back(at);
  }
  for (size_t i = 0; i < given.size(); ++i) {
    if (!given[i]) {
      return invalidArgument("input '" + info.inputs[i].name + "' of entry '" +
                             info.name + "' is missing");
    }
  }
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

Status Session::Impl::checkOutputs(size_t index, const NamedOutputs &outputs,
                                   std::vector<size_t> *positions) const {
  const EntryInfo &info = file.entries()[index];
  for (const auto &[name, view] : outputs) {
    BERTC_ASSIGN_OR_RETURN(
        size_t at, findBinding(info.outputs, "output", info.name, name));
    BERTC_RETURN_IF_ERROR(checkView("output", info.outputs[at], view.dtype,
                                    view.shape, view.data));
    positions->push_back(at);
  }
  return Status();
}

void Session::Impl::account(size_t entry, uint32_t index,
                            const ProgramStep &step, int64_t begin,
                            int64_t end) {
  KindTime &time = times[static_cast<size_t>(step.kindId)];
  ++time.calls;
  time.seconds += static_cast<double>(end - begin) * 1e-9;
  time.flops += step.flops;
  time.bytes += step.bytes;
  if (hook) {
    hook({file.entries()[entry].name.c_str(), index, step.scope.c_str(),
          step.kind, step.step->implementation(), step.flops, step.bytes, begin,
          end});
  }
}

Status Session::Impl::runSteps(size_t index) {
  EntryProgram &program = *entries[index].program;
  RunContext context{scratch.data(), threads};
  int64_t begin = nowNs();
  for (uint32_t i = 0; i < program.steps.size(); ++i) {
    ProgramStep &step = program.steps[i];
    Status status = step.step->run(context);
    for (size_t k = 0; status.ok() && k < step.repacks.size(); ++k) {
      status = repack(step.repacks[k]);
    }
    if (!status.ok()) {
      return status.annotate("entry '" + file.entries()[index].name + "', " +
                             stepName(i, step.kind, step.scope));
    }
    int64_t end = nowNs();
    account(index, i, step, begin, end);
    begin = hook ? nowNs() : end;
  }
  return Status();
}

// Makes packed copy `index` of a variable that the running entry has written
// for the last time; execute() will count that as one change.
Status Session::Impl::repack(uint32_t index) {
  uint32_t variable = file.root().packed_weights()->Get(index)->variable();
  return packed->inUse(index)
             ? packed->refresh(index, variables->version(variable) + 1)
             : Status();
}

Status Session::Impl::execute(size_t index) {
  EntryState &state = entries[index];
  for (uint32_t i : state.program->packed) {
    uint32_t variable = file.root().packed_weights()->Get(i)->variable();
    BERTC_RETURN_IF_ERROR(packed->refresh(i, variables->version(variable)));
  }
  Status status = runSteps(index);
  for (uint32_t i = 0; i < state.writes.size(); ++i) {
    if (state.writes[i]) {
      variables->markChanged(i);
    }
  }
  return status;
}

Status Session::run(const std::string &entry, const NamedInputs &inputs,
                    const NamedOutputs &outputs) {
  RunThreads scope(impl_->threads);
  BERTC_ASSIGN_OR_RETURN(size_t index, impl_->findEntry(entry));
  BERTC_RETURN_IF_ERROR(impl_->prepare(index));
  std::vector<size_t> positions;
  BERTC_RETURN_IF_ERROR(impl_->checkOutputs(index, outputs, &positions));
  BERTC_RETURN_IF_ERROR(impl_->bindInputs(index, inputs));
  BERTC_RETURN_IF_ERROR(impl_->execute(index));
  const EntryProgram &program = *impl_->entries[index].program;
  for (size_t i = 0; i < outputs.size(); ++i) {
    copyToDense(program.outputs[positions[i]], outputs[i].second.data);
  }
  return Status();
}

StatusOr<TensorView> Session::inputBuffer(const std::string &entry,
                                          const std::string &name) {
  RunThreads scope(impl_->threads);
  BERTC_ASSIGN_OR_RETURN(size_t index, impl_->findEntry(entry));
  const EntryInfo &info = impl_->file.entries()[index];
  BERTC_ASSIGN_OR_RETURN(size_t at,
                         findBinding(info.inputs, "input", entry, name));
  BERTC_RETURN_IF_ERROR(impl_->prepare(index));
  EntryState &state = impl_->entries[index];
  state.filled[at] = true;
  return TensorView{info.inputs[at].dtype, info.inputs[at].shape,
                    state.program->inputs[at].data};
}

StatusOr<ConstTensorView> Session::outputBuffer(const std::string &entry,
                                                const std::string &name) {
  BERTC_ASSIGN_OR_RETURN(size_t index, impl_->findEntry(entry));
  const EntryInfo &info = impl_->file.entries()[index];
  BERTC_ASSIGN_OR_RETURN(size_t at,
                         findBinding(info.outputs, "output", entry, name));
  const EntryState &state = impl_->entries[index];
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

void Session::setProfileHook(ProfileHook hook) {
  impl_->hook = std::move(hook);
}

std::vector<KindTime> Session::timeByKind() const {
  std::vector<KindTime> result;
  for (size_t kind = 0; kind < std::size(impl_->times); ++kind) {
    if (impl_->times[kind].calls != 0) {
      result.push_back(impl_->times[kind]);
      result.back().kind = stepKindName(static_cast<plan::Params>(kind));
    }
  }
  return result;
}

void Session::resetTimes() {
  for (KindTime &time : impl_->times) {
    time = KindTime();
  }
}

MemoryReport Session::memory() const {
  MemoryReport report;
  report.state = impl_->variables->stateBytes();
  report.arena = impl_->arena.size();
  report.packedWeights = impl_->packed->bytes();
  report.scratch = impl_->scratch.size();
  const auto *constants = impl_->file.root().constants();
  report.constants = constants == nullptr ? 0 : constants->size();
  return report;
}

} // namespace bertc::rt
