// SPDX-License-Identifier: Apache-2.0
#include "run/VariableCollective.h"

#include "run/Workers.h"
#include "runtime/core/DeviceCollective.h"

#include <algorithm>
#include <fmt/format.h>

namespace bertc {

namespace {

/// In the host's memory, by a ring of processes.
class HostVariables final : public VariableCollective {
public:
  HostVariables(rt::Session &session, const Workers &workers)
      : session_(session), all_(*workers.collective),
        wire_(workers.wireType()) {}

  Status broadcast(const std::vector<uint32_t> &variables,
                   const std::string &what) override;
  Status allReduceSum(const std::vector<uint32_t> &variables,
                      const std::string &what) override;
  Status fillZero(const std::vector<uint32_t> &variables) override;
  uint64_t reducedBytes() const override { return all_.traffic().reduced; }

private:
  /// Memory that holds the variables and nothing else but the few bytes, always
  /// zero, that align them.
  StatusOr<std::vector<rt::FloatStretch>>
  stretches(const std::vector<uint32_t> &variables) const;

  rt::Session &session_;
  rt::Collective &all_;
  rt::WireType wire_;
};

/// Plans lay all accumulators out side by side, so this is one as a rule.
StatusOr<std::vector<rt::FloatStretch>>
HostVariables::stretches(const std::vector<uint32_t> &variables) const {
  constexpr int64_t most = 64 / sizeof(float);
  std::vector<rt::FloatStretch> all;
  for (uint32_t i : variables) {
    const rt::VariableInfo &info = session_.plan().variables()[i];
    BERTC_ASSIGN_OR_RETURN(rt::TensorView view,
                           session_.mutableVariable(info.name));
    all.push_back({view.as<float>(), rt::numElements(info.shape)});
  }
  std::sort(all.begin(), all.end(),
            [](const rt::FloatStretch &a, const rt::FloatStretch &b) {
              return a.data < b.data;
            });
  std::vector<rt::FloatStretch> merged;
  for (const rt::FloatStretch &next : all) {
    if (!merged.empty()) {
      rt::FloatStretch &last = merged.back();
      int64_t gap = next.data - (last.data + last.elements);
      if (gap >= 0 && gap < most) {
        last.elements += gap + next.elements;
        continue;
      }
    }
    merged.push_back(next);
  }
  return merged;
}

Status HostVariables::broadcast(const std::vector<uint32_t> &variables,
                                const std::string &) {
  for (uint32_t i : variables) {
    const std::string &name = session_.plan().variables()[i].name;
    BERTC_ASSIGN_OR_RETURN(rt::TensorView view, session_.mutableVariable(name));
    BERTC_RETURN_IF_ERROR(all_.broadcast(view.data, view.bytes(), name));
  }
  return Status();
}

Status HostVariables::allReduceSum(const std::vector<uint32_t> &variables,
                                   const std::string &what) {
  BERTC_ASSIGN_OR_RETURN(std::vector<rt::FloatStretch> all,
                         stretches(variables));
  std::vector<rt::Collective::Ticket> tickets;
  for (const rt::FloatStretch &stretch : all) {
    tickets.push_back(
        all_.startAllReduceSum(stretch.data, stretch.elements, wire_, what));
  }
  for (rt::Collective::Ticket ticket : tickets) {
    BERTC_RETURN_IF_ERROR(all_.wait(ticket));
  }
  return Status();
}

Status HostVariables::fillZero(const std::vector<uint32_t> &variables) {
  BERTC_ASSIGN_OR_RETURN(std::vector<rt::FloatStretch> all,
                         stretches(variables));
  for (const rt::FloatStretch &stretch : all) {
    std::fill_n(stretch.data, stretch.elements, 0.0f);
  }
  return Status();
}

/// In the memory of devices. The processes carry what devices need to find each
/// other, and watch whether all are alive while these are at work.
class DeviceVariables final : public VariableCollective {
public:
  DeviceVariables(rt::DeviceCollective &devices, rt::Collective &processes)
      : devices_(devices), processes_(processes) {}

  Status join();
  Status broadcast(const std::vector<uint32_t> &variables,
                   const std::string &what) override {
    return wait(devices_.broadcast(variables), what);
  }
  Status allReduceSum(const std::vector<uint32_t> &variables,
                      const std::string &what) override {
    return wait(devices_.allReduceSum(variables), what);
  }
  Status fillZero(const std::vector<uint32_t> &variables) override {
    return devices_.fillZero(variables);
  }
  uint64_t reducedBytes() const override { return devices_.reducedBytes(); }

private:
  Status wait(const Status &queued, const std::string &what);

  rt::DeviceCollective &devices_;
  rt::Collective &processes_;
};

/// Until what was queued is done, as long as all ranks are alive.
Status DeviceVariables::wait(const Status &queued, const std::string &what) {
  Status status = queued.annotate(what);
  if (status.ok()) {
    status = processes_.waitUntil(
        [this, what]() -> StatusOr<bool> {
          StatusOr<bool> done = devices_.done();
          return done.ok() ? done : done.status().annotate(what);
        },
        what);
  }
  if (!status.ok()) {
    devices_.abort();
  }
  return status;
}

Status DeviceVariables::join() {
  std::string id;
  if (processes_.isRoot()) {
    BERTC_ASSIGN_OR_RETURN(id, devices_.makeUniqueId());
  }
  BERTC_RETURN_IF_ERROR(
      processes_.broadcast(&id, "what devices find each other by"));
  return wait(devices_.startJoin(processes_.size(), processes_.rank(), id),
              "the meeting of the devices");
}

} // namespace

StatusOr<std::unique_ptr<VariableCollective>>
openVariableCollective(rt::Session &session, const Workers &workers) {
  if (workers.size() == 1) {
    return std::unique_ptr<VariableCollective>();
  }
  rt::DeviceCollective *devices = session.deviceCollective();
  if (!devices) {
    return std::unique_ptr<VariableCollective>(
        std::make_unique<HostVariables>(session, workers));
  }
  if (workers.wireType() != rt::WireType::F32) {
    return failedPrecondition(fmt::format(
        "--allreduce-precision bf16: the gradients of plans for {} are added "
        "up in f32 on the devices, and HCCL adds in the type that it is given, "
        "so that every sum would be rounded; leave the flag out",
        session.plan().target()));
  }
  auto variables =
      std::make_unique<DeviceVariables>(*devices, *workers.collective);
  BERTC_RETURN_IF_ERROR(variables->join().annotate(
      fmt::format("cannot connect {} with the devices of the other ranks",
                  session.device())));
  return std::unique_ptr<VariableCollective>(std::move(variables));
}

} // namespace bertc
