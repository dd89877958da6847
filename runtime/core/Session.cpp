// SPDX-License-Identifier: Apache-2.0
//
// The public face of the backends: the target of a plan picks one.

#include "bertc/runtime.h"
#include "runtime/core/Bindings.h"
#include "runtime/core/CpuSession.h"
#include "runtime/core/PlanFile.h"
#include "runtime/synapse/SynapseSession.h"

namespace bertc::rt {

static StatusOr<std::unique_ptr<SessionBackend>>
createBackend(const Plan &plan, const SessionOptions &options) {
  BERTC_RETURN_IF_ERROR(checkThreads(options));
  return plan.target() == "cpu" ? createCpuSession(plan, options)
                                : createSynapseSession(plan, options);
}

Session::Session(std::unique_ptr<SessionBackend> backend)
    : backend_(std::move(backend)) {}
Session::~Session() = default;

StatusOr<std::unique_ptr<Session>>
Session::create(const Plan &plan, const SessionOptions &options) {
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<SessionBackend> backend,
                         createBackend(plan, options));
  return std::unique_ptr<Session>(new Session(std::move(backend)));
}

const Plan &Session::plan() const { return backend_->plan(); }
int Session::threads() const { return backend_->threads(); }
std::string Session::device() const { return backend_->device(); }

Status Session::initialise(uint64_t seed) { return backend_->initialise(seed); }

Status Session::setVariable(const std::string &name,
                            const ConstTensorView &value) {
  return backend_->setVariable(name, value);
}

Status Session::bindVariable(const std::string &name,
                             const ConstTensorView &value) {
  return backend_->bindVariable(name, value);
}

StatusOr<ConstTensorView> Session::variable(const std::string &name) const {
  return backend_->variable(name);
}

StatusOr<TensorView> Session::mutableVariable(const std::string &name) {
  return backend_->mutableVariable(name);
}

Status Session::shardOptimizer(OptimizerShard shard) {
  return backend_->shardOptimizer(std::move(shard));
}

Status Session::prepare(const std::string &entry) {
  return backend_->prepare(entry);
}

Status Session::run(const std::string &entry, const NamedInputs &inputs,
                    const NamedOutputs &outputs) {
  return backend_->run(entry, inputs, outputs);
}

Status Session::wait() { return backend_->wait(); }

StatusOr<TensorView> Session::inputBuffer(const std::string &entry,
                                          const std::string &name) {
  return backend_->inputBuffer(entry, name);
}

StatusOr<ConstTensorView> Session::outputBuffer(const std::string &entry,
                                                const std::string &name) {
  return backend_->outputBuffer(entry, name);
}

void Session::setExchange(GradientExchange *exchange) {
  backend_->setExchange(exchange);
}

void Session::setProfileHook(ProfileHook hook) {
  backend_->setProfileHook(std::move(hook));
}

std::vector<KindTime> Session::timeByKind() const {
  return backend_->timeByKind();
}

void Session::resetTimes() { backend_->resetTimes(); }

MemoryReport Session::memory() const { return backend_->memory(); }

DeviceCollective *Session::deviceCollective() {
  return backend_->deviceCollective();
}

} // namespace bertc::rt
