// SPDX-License-Identifier: Apache-2.0
//
// Three streams: uploads, compute, downloads. A run writes its inputs into a
// slot, queues their upload, and queues its graphs behind that; the results are
// queued behind the graphs. The host waits only for outputs it was asked for,
// for a slot that is still in use, and for variables.

#include "runtime/synapse/SynapseSession.h"

#include "runtime/core/Bindings.h"
#include "runtime/core/ParallelMemory.h"
#include "runtime/core/Threads.h"
#include "runtime/synapse/DeviceVariables.h"
#include "runtime/synapse/EntryExchange.h"
#include "runtime/synapse/EntryGraphs.h"
#include "runtime/synapse/HcclCollective.h"
#include "runtime/synapse/LaunchSlot.h"
#include "runtime/synapse/Profiler.h"

#include <algorithm>
#include <chrono>
#include <optional>

namespace bertc::rt {
namespace {

using namespace syn;

int64_t nowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

const char *sourceName(RecipeCache::Source source) {
  switch (source) {
  case RecipeCache::Source::Embedded:
    return "recipe of the plan";
  case RecipeCache::Source::Cached:
    return "cached recipe";
  case RecipeCache::Source::Compiled:
    break;
  }
  return "compiled recipe";
}

// An entry of the session and what has been done to it.
struct EntryState {
  InputLayout layout;
  /// With dropout, and without.
  std::optional<EntryGraphs> graphs[2];
  /// Inputs written through inputBuffer() since the last run.
  std::vector<bool> filled;
  /// Outputs of the last run that were asked for in place.
  std::vector<std::vector<std::byte>> fetched;
};

class SynapseSession : public SessionBackend {
public:
  SynapseSession(const Plan &plan, const SessionOptions &options)
      : plan_(plan), file_(plan_.file()), options_(options),
        entries_(file_.entries().size()) {}
  ~SynapseSession() override;
  Status open();

  const Plan &plan() const override { return plan_; }
  int threads() const override { return threads_; }
  std::string device() const override { return device_->name(); }
  Status initialise(uint64_t seed) override;
  Status setVariable(const std::string &name,
                     const ConstTensorView &value) override;
  Status bindVariable(const std::string &name,
                      const ConstTensorView &value) override;
  StatusOr<ConstTensorView> variable(const std::string &name) override;
  StatusOr<TensorView> mutableVariable(const std::string &name) override;
  Status prepare(const std::string &entry) override;
  Status run(const std::string &entry, const NamedInputs &inputs,
             const NamedOutputs &outputs) override;
  Status wait() override;
  StatusOr<TensorView> inputBuffer(const std::string &entry,
                                   const std::string &name) override;
  StatusOr<ConstTensorView> outputBuffer(const std::string &entry,
                                         const std::string &name) override;
  void setExchange(GradientExchange *exchange) override {
    exchange_ = exchange;
  }
  void setProfileHook(ProfileHook hook) override;
  std::vector<KindTime> timeByKind() const override;
  void resetTimes() override;
  MemoryReport memory() const override;
  DeviceCollective *deviceCollective() override;

private:
  enum Kind { Graphs, Uploads, Downloads, NumKinds };

  const plan::Entry &entryAt(size_t index) const {
    return *file_.root().entries()->Get(static_cast<uint32_t>(index));
  }
  Status openMemory();
  uint64_t addressOf(const plan::GraphTensor &tensor) const;
  StatusOr<EntryGraphs *> prepareEntry(size_t index, bool deterministic);
  Status growWorkspace(uint64_t bytes);
  StatusOr<LaunchSlot *> freeSlot();
  Status harvest(LaunchSlot &slot);
  Status fetchVariable(uint32_t i);
  Status queueInputs(size_t index, LaunchSlot &slot);
  Status queueGraphs(size_t index, EntryGraphs &graphs, LaunchSlot &slot);
  Status launch(size_t index, PreparedGraph &graph, const LaunchSlot &slot);
  Status download(const std::vector<CopyPiece> &pieces);
  CopyPiece outputPiece(size_t index, size_t at, void *host) const;
  void account(Kind kind, double seconds, uint64_t calls, uint64_t flops,
               uint64_t bytes);

  Plan plan_;
  const PlanFile &file_;
  SessionOptions options_;
  int threads_ = 1;
  LibraryPtr library_;
  DevicePtr device_;
  std::optional<RecipeCache> cache_;
  // What follows ends before the device does, in this order from the bottom.
  Stream upload_, compute_, download_;
  Staging staging_;
  std::optional<DeviceVariables> variables_;
  DeviceBuffer arena_, constants_, workspace_;
  std::unique_ptr<DeviceCollective> collective_;
  LaunchSlot slots_[2];
  size_t nextSlot_ = 0;
  std::vector<EntryState> entries_;
  /// Whose outputs the arena holds; entries_.size() for none.
  size_t lastEntry_ = 0;
  /// Null: a run of one worker.
  GradientExchange *exchange_ = nullptr;
  std::optional<Profiler> profiler_;
  ProfileHook hook_;
  /// Of runs that setProfileHook() waited for: the next wait() returns it.
  Status late_;
  KindTime times_[NumKinds];
};

// ---- setting up and ending --------------------------------------------------

SynapseSession::~SynapseSession() {
  // First, as queued runs may wait for other processes through it.
  bool aborted = collective_ && collective_->isAborted();
  collective_.reset();
  // Nothing may be given back that a queued run still uses.
  if (device_ && compute_.get() != nullptr) {
    synStatus status =
        library_->functions().synDeviceSynchronize(device_->id());
    if (!aborted) { // then it is known that what was queued has failed
      library_->given(status, "synDeviceSynchronize");
    }
  }
}

Status SynapseSession::open() {
  threads_ = resolveThreads(options_.threads);
  BERTC_ASSIGN_OR_RETURN(synDeviceType type, deviceTypeOf(plan_.target()));
  BERTC_ASSIGN_OR_RETURN(RecipeCacheSettings settings,
                         RecipeCacheSettings::resolve(options_));
  cache_.emplace(std::move(settings));
  BERTC_ASSIGN_OR_RETURN(library_, openLibrary(options_.synapseLibrary));
  BERTC_ASSIGN_OR_RETURN(device_,
                         acquireDevice(library_, type, options_.deviceIndex));
  BERTC_RETURN_IF_ERROR(
      checkDeviceMemory(*device_, plan_, options_.deterministic));
  BERTC_ASSIGN_OR_RETURN(upload_, Stream::make(device_));
  BERTC_ASSIGN_OR_RETURN(compute_, Stream::make(device_));
  BERTC_ASSIGN_OR_RETURN(download_, Stream::make(device_));
  return openMemory();
}

Status SynapseSession::openMemory() {
  BERTC_ASSIGN_OR_RETURN(staging_, Staging::make(device_));
  BERTC_ASSIGN_OR_RETURN(variables_,
                         DeviceVariables::make(device_, plan_.sharedFile()));
  BERTC_ASSIGN_OR_RETURN(
      arena_, DeviceBuffer::make(device_, plan_.arenaBytes(), "the arena"));
  uint64_t slotBytes = InputLayout::kStride;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const EntryInfo &info = file_.entries()[i];
    entries_[i].layout = InputLayout::of(entryAt(i), info);
    entries_[i].filled.assign(info.inputs.size(), false);
    entries_[i].fetched.resize(info.outputs.size());
    slotBytes = std::max(slotBytes, entries_[i].layout.bytes);
  }
  lastEntry_ = entries_.size();
  for (LaunchSlot &slot : slots_) {
    BERTC_ASSIGN_OR_RETURN(slot, LaunchSlot::make(device_, slotBytes));
  }
  const auto *constants = file_.root().constants();
  if (constants == nullptr || constants->size() == 0) {
    return Status();
  }
  BERTC_ASSIGN_OR_RETURN(
      constants_, DeviceBuffer::make(device_, constants->size(), "constants"));
  auto *data =
      reinterpret_cast<std::byte *>(const_cast<uint8_t *>(constants->data()));
  return staging_.upload(upload_,
                         {{constants_.address(), data, constants->size()}});
}

// ---- variables --------------------------------------------------------------

Status SynapseSession::initialise(uint64_t seed) {
  RunThreads scope(threads_);
  variables_->host().initialise(seed);
  for (uint32_t i = 0; i < file_.variables().size(); ++i) {
    variables_->changedOnHost(i);
  }
  return Status();
}

Status SynapseSession::setVariable(const std::string &name,
                                   const ConstTensorView &value) {
  RunThreads scope(threads_);
  VariableStore &store = variables_->host();
  BERTC_ASSIGN_OR_RETURN(uint32_t i, store.check(name, value));
  store.copyIn(i, value.data);
  variables_->changedOnHost(i);
  return Status();
}

Status SynapseSession::bindVariable(const std::string &name,
                                    const ConstTensorView &value) {
  RunThreads scope(threads_);
  VariableStore &store = variables_->host();
  BERTC_ASSIGN_OR_RETURN(uint32_t i, store.check(name, value));
  store.bind(i, value.data);
  variables_->changedOnHost(i);
  return Status();
}

Status SynapseSession::fetchVariable(uint32_t i) {
  if (!variables_->newOnDevice(i)) {
    return Status();
  }
  RunThreads scope(threads_);
  BERTC_RETURN_IF_ERROR(wait());
  return variables_->toHost(download_, staging_, i)
      .annotate("variable '" + file_.variables()[i].name + "'");
}

StatusOr<ConstTensorView> SynapseSession::variable(const std::string &name) {
  BERTC_ASSIGN_OR_RETURN(uint32_t i, variables_->host().find(name));
  BERTC_RETURN_IF_ERROR(fetchVariable(i));
  const VariableInfo &info = file_.variables()[i];
  return ConstTensorView(info.dtype, info.shape, variables_->host().data(i));
}

StatusOr<TensorView> SynapseSession::mutableVariable(const std::string &name) {
  BERTC_ASSIGN_OR_RETURN(uint32_t i, variables_->host().find(name));
  BERTC_RETURN_IF_ERROR(fetchVariable(i));
  const VariableInfo &info = file_.variables()[i];
  void *data = variables_->host().writable(i);
  variables_->host().markChanged(i);
  variables_->changedOnHost(i);
  return TensorView{info.dtype, info.shape, data};
}

// ---- preparing --------------------------------------------------------------

uint64_t SynapseSession::addressOf(const plan::GraphTensor &tensor) const {
  switch (tensor.storage()) {
  case plan::GraphStorage::Variable:
    return variables_->address(tensor.index()) + tensor.offset();
  case plan::GraphStorage::Constant:
    return constants_.address() + tensor.offset();
  case plan::GraphStorage::Arena:
    return arena_.address() + tensor.offset();
  case plan::GraphStorage::Workspace:
  case plan::GraphStorage::Derived:
    break;
  }
  return 0;
}

Status SynapseSession::growWorkspace(uint64_t bytes) {
  if (bytes <= workspace_.size()) {
    return Status();
  }
  BERTC_RETURN_IF_ERROR(wait());
  // The old one goes first: nothing in it outlives a launch.
  workspace_ = DeviceBuffer();
  BERTC_ASSIGN_OR_RETURN(workspace_,
                         DeviceBuffer::make(device_, bytes, "the workspace"));
  return Status();
}

StatusOr<EntryGraphs *> SynapseSession::prepareEntry(size_t index,
                                                     bool deterministic) {
  // Entries without dropout have one set of graphs.
  bool same = graphsOf(entryAt(index), deterministic) ==
              graphsOf(entryAt(index), false);
  std::optional<EntryGraphs> &graphs = entries_[index].graphs[same ? 0 : 1];
  if (!graphs) {
    BERTC_ASSIGN_OR_RETURN(
        graphs,
        prepareGraphs(library_, device_->type(), *cache_, entryAt(index),
                      deterministic, [this](const plan::GraphTensor &tensor) {
                        return addressOf(tensor);
                      }));
  }
  BERTC_RETURN_IF_ERROR(growWorkspace(graphs->workspaceBytes));
  return &*graphs;
}

Status SynapseSession::prepare(const std::string &entry) {
  RunThreads scope(threads_);
  BERTC_ASSIGN_OR_RETURN(size_t index, findEntryIndex(file_, entry));
  return prepareEntry(index, options_.deterministic).status();
}

// ---- running ----------------------------------------------------------------

void SynapseSession::account(Kind kind, double seconds, uint64_t calls,
                             uint64_t flops, uint64_t bytes) {
  KindTime &time = times_[kind];
  time.seconds += seconds;
  time.calls += calls;
  time.flops += flops;
  time.bytes += bytes;
}

// Waits until the run in the slot is done and takes its time.
Status SynapseSession::harvest(LaunchSlot &slot) {
  if (!slot.inFlight) {
    return Status();
  }
  slot.inFlight = false;
  BERTC_RETURN_IF_ERROR(slot.done.wait());
  uint64_t nanoseconds = 0;
  BERTC_SYN(*library_, synEventElapsedTime, &nanoseconds, slot.begun.get(),
            slot.done.get());
  account(Graphs, static_cast<double>(nanoseconds) * 1e-9, slot.launches,
          slot.flops, slot.bytes);
  return Status();
}

StatusOr<LaunchSlot *> SynapseSession::freeSlot() {
  LaunchSlot &slot = slots_[nextSlot_];
  BERTC_RETURN_IF_ERROR(late_.ok() ? harvest(slot) : wait());
  return &slot;
}

Status SynapseSession::wait() {
  if (!late_.ok()) {
    return std::exchange(late_, Status());
  }
  BERTC_RETURN_IF_ERROR(compute_.synchronize());
  BERTC_RETURN_IF_ERROR(harvest(slots_[nextSlot_]));
  return harvest(slots_[1 - nextSlot_]);
}

// Upload on its stream; then, in the order of compute, to where graphs read.
Status SynapseSession::queueInputs(size_t index, LaunchSlot &slot) {
  const InputLayout &layout = entries_[index].layout;
  if (layout.bytes == 0) {
    return compute_.record(slot.begun);
  }
  BERTC_RETURN_IF_ERROR(
      upload_.upload(slot.host.data(), slot.device.address(), layout.bytes));
  BERTC_RETURN_IF_ERROR(upload_.record(slot.uploaded));
  BERTC_RETURN_IF_ERROR(compute_.waitFor(slot.uploaded));
  BERTC_RETURN_IF_ERROR(compute_.record(slot.begun));
  std::vector<uint64_t> from, bytes, to;
  for (const InputLayout::Copy &copy : layout.copies) {
    from.push_back(slot.device.address() + copy.slot);
    to.push_back(arena_.address() + copy.arena);
    bytes.push_back(copy.bytes);
  }
  return from.empty()
             ? Status()
             : BERTC_SYN_STATUS(*library_, synMemCopyAsyncMultiple,
                                compute_.get(), from.data(), bytes.data(),
                                to.data(), DRAM_TO_DRAM, from.size());
}

Status SynapseSession::launch(size_t index, PreparedGraph &graph,
                              const LaunchSlot &slot) {
  for (const PreparedGraph::Derived &derived : graph.derived) {
    graph.tensors[derived.tensor].pTensorAddress =
        slot.derivedAddress(derived.index);
  }
  uint64_t workspace = graph.workspaceBytes == 0 ? 0 : workspace_.address();
  Status status = BERTC_SYN_STATUS(*library_, synLaunch, compute_.get(),
                                   graph.tensors.data(),
                                   static_cast<uint32_t>(graph.tensors.size()),
                                   workspace, graph.recipe.get(), 0);
  return status.annotate("entry '" + file_.entries()[index].name +
                         "', graph '" + graph.graph->name()->str() + "'");
}

Status SynapseSession::queueGraphs(size_t index, EntryGraphs &graphs,
                                   LaunchSlot &slot) {
  slot.launches = slot.flops = slot.bytes = 0;
  for (uint32_t i = 0; i < graphs.graphs.size(); ++i) {
    PreparedGraph &prepared = graphs.graphs[i];
    const plan::Graph &graph = *prepared.graph;
    int64_t begin = nowNs();
    BERTC_RETURN_IF_ERROR(launch(index, prepared, slot));
    ++slot.launches;
    slot.flops += graph.flops();
    slot.bytes += graph.bytes();
    if (hook_) {
      BERTC_RETURN_IF_ERROR(compute_.synchronize());
      hook_({file_.entries()[index].name.c_str(), i, graph.name()->c_str(),
             "Graph", sourceName(prepared.source), graph.flops(), graph.bytes(),
             begin, nowNs()});
    }
  }
  BERTC_RETURN_IF_ERROR(compute_.record(slot.done));
  slot.inFlight = true;
  return Status();
}

CopyPiece SynapseSession::outputPiece(size_t index, size_t at,
                                      void *host) const {
  const plan::Entry &entry = entryAt(index);
  uint32_t tensor = entry.outputs()->Get(static_cast<uint32_t>(at))->tensor();
  const TensorInfo &info = file_.entries()[index].outputs[at];
  auto bytes =
      static_cast<uint64_t>(numElements(info.shape)) * dtypeBytes(info.dtype);
  return {arena_.address() + entry.tensors()->Get(tensor)->offset(),
          static_cast<std::byte *>(host), bytes};
}

Status SynapseSession::download(const std::vector<CopyPiece> &pieces) {
  uint64_t bytes = 0;
  for (const CopyPiece &piece : pieces) {
    bytes += piece.bytes;
  }
  int64_t begin = nowNs();
  BERTC_RETURN_IF_ERROR(staging_.download(download_, pieces));
  account(Downloads, static_cast<double>(nowNs() - begin) * 1e-9, 1, 0, bytes);
  return Status();
}

Status SynapseSession::run(const std::string &name, const NamedInputs &inputs,
                           const NamedOutputs &outputs) {
  RunThreads scope(threads_);
  BERTC_ASSIGN_OR_RETURN(size_t index, findEntryIndex(file_, name));
  const EntryInfo &info = file_.entries()[index];
  EntryState &state = entries_[index];
  BERTC_ASSIGN_OR_RETURN(std::vector<size_t> wanted,
                         checkOutputs(info, outputs));
  BERTC_ASSIGN_OR_RETURN(std::vector<size_t> given,
                         checkInputs(info, inputs, state.filled));
  BERTC_ASSIGN_OR_RETURN(LaunchSlot * slot, freeSlot());
  int64_t begin = nowNs();
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::byte *to = slot->input(state.layout, given[i]);
    if (to != inputs[i].second.data) {
      parallelCopy(to, inputs[i].second.data, inputs[i].second.bytes());
    }
  }
  for (EntryState &entry : entries_) {
    entry.filled.assign(entry.filled.size(), false);
  }
  BERTC_RETURN_IF_ERROR(
      slot->checkRows(state.layout, info).annotate("entry '" + name + "'"));
  BERTC_RETURN_IF_ERROR(slot->derive(entryAt(index), state.layout)
                            .annotate("entry '" + name + "'"));
  bool deterministic = slot->stepInputs(state.layout).deterministic();
  BERTC_ASSIGN_OR_RETURN(EntryGraphs * graphs,
                         prepareEntry(index, deterministic));
  if (!variables_->upToDate(graphs->variables)) {
    BERTC_RETURN_IF_ERROR(wait());
    BERTC_RETURN_IF_ERROR(
        variables_->toDevice(upload_, staging_, graphs->variables));
  }
  account(Uploads, static_cast<double>(nowNs() - begin) * 1e-9, 1, 0,
          state.layout.bytes);
  lastEntry_ = entries_.size();
  if (exchange_) {
    BERTC_RETURN_IF_ERROR(
        addUpFirst(*exchange_, file_, index, *variables_, hook_)
            .annotate("entry '" + name + "'"));
  }
  BERTC_RETURN_IF_ERROR(
      queueInputs(index, *slot).annotate("entry '" + name + "'"));
  for (uint32_t i : graphs->written) {
    variables_->changedOnDevice(i);
  }
  BERTC_RETURN_IF_ERROR(queueGraphs(index, *graphs, *slot));
  nextSlot_ = 1 - nextSlot_;
  lastEntry_ = index;
  for (std::vector<std::byte> &bytes : state.fetched) {
    bytes.clear();
  }
  if (outputs.empty()) {
    return Status();
  }
  std::vector<CopyPiece> pieces;
  for (size_t i = 0; i < outputs.size(); ++i) {
    pieces.push_back(outputPiece(index, wanted[i], outputs[i].second.data));
  }
  BERTC_RETURN_IF_ERROR(harvest(*slot).annotate("entry '" + name + "'"));
  return download(pieces);
}

DeviceCollective *SynapseSession::deviceCollective() {
  if (!collective_) {
    collective_ = makeHcclCollective({device_, *variables_, staging_, upload_,
                                      compute_, [this] { return wait(); }});
  }
  return collective_.get();
}

StatusOr<TensorView> SynapseSession::inputBuffer(const std::string &entry,
                                                 const std::string &name) {
  BERTC_ASSIGN_OR_RETURN(size_t index, findEntryIndex(file_, entry));
  const EntryInfo &info = file_.entries()[index];
  BERTC_ASSIGN_OR_RETURN(size_t at,
                         findBinding(info.inputs, "input", entry, name));
  BERTC_ASSIGN_OR_RETURN(LaunchSlot * slot, freeSlot());
  EntryState &state = entries_[index];
  state.filled[at] = true;
  return TensorView{info.inputs[at].dtype, info.inputs[at].shape,
                    slot->input(state.layout, at)};
}

StatusOr<ConstTensorView>
SynapseSession::outputBuffer(const std::string &entry,
                             const std::string &name) {
  BERTC_ASSIGN_OR_RETURN(size_t index, findEntryIndex(file_, entry));
  const EntryInfo &info = file_.entries()[index];
  BERTC_ASSIGN_OR_RETURN(size_t at,
                         findBinding(info.outputs, "output", entry, name));
  if (lastEntry_ != index) {
    return failedPrecondition("entry '" + entry +
                              "' is not what ran last; its outputs are gone");
  }
  RunThreads scope(threads_);
  std::vector<std::byte> &bytes = entries_[index].fetched[at];
  if (bytes.empty()) {
    BERTC_RETURN_IF_ERROR(wait());
    bytes.resize(outputPiece(index, at, nullptr).bytes);
    BERTC_RETURN_IF_ERROR(download({outputPiece(index, at, bytes.data())}));
  }
  return ConstTensorView(info.outputs[at].dtype, info.outputs[at].shape,
                         bytes.data());
}

// ---- reports ----------------------------------------------------------------

void SynapseSession::setProfileHook(ProfileHook hook) {
  if (hook_ && profiler_) {
    late_ = wait();
    warnAbout(profiler_->stop(hook_).annotate("SynapseAI's profiler"));
    profiler_.reset();
  }
  hook_ = std::move(hook);
  if (hook_) {
    profiler_.emplace(device_);
    warnAbout(profiler_->start().annotate("SynapseAI's profiler"));
  }
}

std::vector<KindTime> SynapseSession::timeByKind() const {
  static constexpr const char *kNames[] = {"Graph", "Upload", "Download"};
  std::vector<KindTime> result;
  for (size_t kind = 0; kind < NumKinds; ++kind) {
    if (times_[kind].calls != 0) {
      result.push_back(times_[kind]);
      result.back().kind = kNames[kind];
    }
  }
  return result;
}

void SynapseSession::resetTimes() {
  for (KindTime &time : times_) {
    time = KindTime();
  }
}

MemoryReport SynapseSession::memory() const {
  MemoryReport report;
  report.state = variables_->bytes();
  report.arena = arena_.size();
  report.scratch = workspace_.size();
  report.constants = constants_.size();
  report.onDevice = true;
  return report;
}

} // namespace

StatusOr<std::unique_ptr<SessionBackend>>
createSynapseSession(const Plan &plan, const SessionOptions &options) {
  auto session = std::make_unique<SynapseSession>(plan, options);
  BERTC_RETURN_IF_ERROR(session->open().annotate(
      "cannot execute plan " + plan.path() + " for " + plan.target()));
  return std::unique_ptr<SessionBackend>(std::move(session));
}

} // namespace bertc::rt
