// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/HcclCollective.h"

#include "runtime/synapse/Hccl.h"

#include <atomic>
#include <optional>
#include <thread>

namespace bertc::rt::syn {
namespace {

// A thread that joins. It may outlive the collective, as HCCL offers no way to
// end a join that waits for a rank that never comes.
struct Joining {
  std::atomic<bool> ended{false};
  std::optional<StatusOr<Communicator>> result;
};

class HcclCollective final : public DeviceCollective {
public:
  explicit HcclCollective(HcclSession session) : session_(std::move(session)) {}
  ~HcclCollective() override;

  StatusOr<std::string> makeUniqueId() override;
  Status startJoin(int ranks, int rank, const std::string &id) override;
  Status broadcast(const std::vector<uint32_t> &variables) override;
  Status allReduceSum(const std::vector<uint32_t> &variables) override;
  Status fillZero(const std::vector<uint32_t> &variables) override;
  StatusOr<bool> done() const override;
  void abort() override;
  bool isAborted() const override { return aborted_; }
  uint64_t reducedBytes() const override { return reducedBytes_; }

private:
  using Call = std::function<Status(const Communicator &, uint64_t address,
                                    uint64_t elements)>;
  Status queue(const std::vector<uint32_t> &variables, const Call &call);
  Status bringUp(const std::vector<uint32_t> &variables);
  StatusOr<Communicator *> communicator();

  HcclSession session_;
  Stream stream_;
  /// The compute stream has come to a call; the call is done.
  Event ready_, finished_;
  std::shared_ptr<Joining> joining_;
  std::thread thread_;
  /// Something was queued that done() has not yet seen the end of.
  mutable std::atomic<bool> pending_{false};
  bool aborted_ = false;
  uint64_t reducedBytes_ = 0;
};

HcclCollective::~HcclCollective() {
  // A rank that goes before the end of a call must not wait for the others.
  if (pending_) {
    abort();
  }
  if (thread_.joinable()) {
    joining_->ended ? thread_.join() : thread_.detach();
  }
}

StatusOr<std::string> HcclCollective::makeUniqueId() {
  BERTC_ASSIGN_OR_RETURN(UniqueId id,
                         syn::makeUniqueId(session_.device->sharedLibrary()));
  return id.bytes;
}

Status HcclCollective::startJoin(int ranks, int rank, const std::string &id) {
  if (joining_) {
    return failedPrecondition("the device has joined others already");
  }
  // What can be known alone is not left to the thread.
  BERTC_RETURN_IF_ERROR(
      HcclFunctions::bind(session_.device->sharedLibrary()).status());
  BERTC_ASSIGN_OR_RETURN(stream_, Stream::make(session_.device));
  BERTC_ASSIGN_OR_RETURN(ready_, Event::make(session_.device));
  BERTC_ASSIGN_OR_RETURN(finished_, Event::make(session_.device));
  joining_ = std::make_shared<Joining>();
  thread_ = std::thread(
      [joining = joining_, device = session_.device, ranks, rank, id] {
        joining->result = Communicator::join(device, ranks, rank, {id});
        joining->ended = true;
      });
  return Status();
}

StatusOr<Communicator *> HcclCollective::communicator() {
  if (aborted_ || !joining_ || !joining_->ended) {
    return failedPrecondition(aborted_ ? "the devices were taken apart"
                                       : "the device has joined no others");
  }
  BERTC_RETURN_IF_ERROR(joining_->result->status());
  return &**joining_->result;
}

// Variables that the host has changed, and zeros that were never uploaded.
Status HcclCollective::bringUp(const std::vector<uint32_t> &variables) {
  if (session_.variables.upToDate(variables)) {
    return Status();
  }
  BERTC_RETURN_IF_ERROR(session_.wait());
  return session_.variables.toDevice(session_.upload, session_.staging,
                                     variables);
}

// After what the compute stream has, and before what it gets next.
Status HcclCollective::queue(const std::vector<uint32_t> &variables,
                             const Call &call) {
  BERTC_ASSIGN_OR_RETURN(Communicator * all, communicator());
  BERTC_ASSIGN_OR_RETURN(std::vector<DeviceVariables::Stretch> stretches,
                         session_.variables.stretches(variables));
  BERTC_RETURN_IF_ERROR(session_.compute.record(ready_));
  BERTC_RETURN_IF_ERROR(stream_.waitFor(ready_));
  pending_ = true;
  for (const DeviceVariables::Stretch &stretch : stretches) {
    BERTC_RETURN_IF_ERROR(call(*all, stretch.address, stretch.elements));
  }
  for (uint32_t i : variables) {
    session_.variables.changedOnDevice(i);
  }
  BERTC_RETURN_IF_ERROR(stream_.record(finished_));
  return session_.compute.waitFor(finished_);
}

Status HcclCollective::broadcast(const std::vector<uint32_t> &variables) {
  BERTC_ASSIGN_OR_RETURN(Communicator * all, communicator());
  if (all->rank() == 0) {
    BERTC_RETURN_IF_ERROR(bringUp(variables));
  }
  return queue(variables, [&](const Communicator &comm, uint64_t address,
                              uint64_t elements) {
    return comm.broadcast(stream_, address, elements, DType::F32, 0);
  });
}

Status HcclCollective::allReduceSum(const std::vector<uint32_t> &variables) {
  BERTC_RETURN_IF_ERROR(bringUp(variables));
  return queue(variables, [&](const Communicator &comm, uint64_t address,
                              uint64_t elements) {
    reducedBytes_ += elements * sizeof(float);
    return comm.allReduceSum(stream_, address, elements, DType::F32);
  });
}

Status HcclCollective::fillZero(const std::vector<uint32_t> &variables) {
  BERTC_ASSIGN_OR_RETURN(std::vector<DeviceVariables::Stretch> stretches,
                         session_.variables.stretches(variables));
  for (const DeviceVariables::Stretch &stretch : stretches) {
    BERTC_RETURN_IF_ERROR(session_.compute.fillZero(
        stretch.address, stretch.elements * sizeof(float)));
  }
  for (uint32_t i : variables) {
    session_.variables.changedOnDevice(i);
  }
  return Status();
}

StatusOr<bool> HcclCollective::done() const {
  if (joining_ && !joining_->ended) {
    return false;
  }
  if (joining_) {
    BERTC_RETURN_IF_ERROR(joining_->result->status());
  }
  if (!pending_) {
    return true;
  }
  BERTC_ASSIGN_OR_RETURN(bool over, finished_.isOver());
  if (over) {
    pending_ = false;
    BERTC_RETURN_IF_ERROR((*joining_->result)->asyncError());
  }
  return over;
}

void HcclCollective::abort() {
  bool joined = joining_ && joining_->ended && joining_->result->ok();
  if (joined && !aborted_) {
    (*joining_->result)->abort();
  }
  aborted_ = true;
}

} // namespace

std::unique_ptr<DeviceCollective> makeHcclCollective(HcclSession session) {
  return std::make_unique<HcclCollective>(std::move(session));
}

} // namespace bertc::rt::syn
