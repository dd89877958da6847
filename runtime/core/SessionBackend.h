// SPDX-License-Identifier: Apache-2.0
//
// What a Session does, once for each kind of target: CpuSession executes the
// steps of a plan, SynapseSession (runtime/synapse) launches its graphs.
// Session picks one by the target of the plan and hands every call over.
#pragma once

#include "bertc/exchange.h"
#include "bertc/runtime.h"

namespace bertc::rt {

/// The functions are those of Session (bertc/runtime.h), with its errors.
class SessionBackend {
public:
  virtual ~SessionBackend() = default;

  virtual const Plan &plan() const = 0;
  virtual int threads() const = 0;
  virtual std::string device() const = 0;

  virtual Status initialise(uint64_t seed) = 0;
  virtual Status setVariable(const std::string &name,
                             const ConstTensorView &value) = 0;
  virtual Status bindVariable(const std::string &name,
                              const ConstTensorView &value) = 0;
  /// Not const: a device's value is fetched when it is asked for.
  virtual StatusOr<ConstTensorView> variable(const std::string &name) = 0;
  virtual StatusOr<TensorView> mutableVariable(const std::string &name) = 0;

  virtual Status shardOptimizer(OptimizerShard shard) {
    (void)shard;
    return failedPrecondition("plan " + plan().path() + " is compiled for " +
                              plan().target() +
                              "; optimizer state is sharded in plans of "
                              "--target cpu only");
  }

  virtual Status prepare(const std::string &entry) = 0;
  virtual Status run(const std::string &entry, const NamedInputs &inputs,
                     const NamedOutputs &outputs) = 0;
  virtual Status wait() = 0;
  virtual StatusOr<TensorView> inputBuffer(const std::string &entry,
                                           const std::string &name) = 0;
  virtual StatusOr<ConstTensorView> outputBuffer(const std::string &entry,
                                                 const std::string &name) = 0;

  /// Kept where entries have all-reduces.
  virtual void setExchange(GradientExchange *exchange) { (void)exchange; }

  virtual void setProfileHook(ProfileHook hook) = 0;
  virtual std::vector<KindTime> timeByKind() const = 0;
  virtual void resetTimes() = 0;
  virtual MemoryReport memory() const = 0;

  virtual DeviceCollective *deviceCollective() { return nullptr; }
};

} // namespace bertc::rt
