// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/DeviceVariables.h"

#include <algorithm>

namespace bertc::rt::syn {

StatusOr<DeviceVariables>
DeviceVariables::make(const DevicePtr &device,
                      std::shared_ptr<const PlanFile> file) {
  DeviceVariables variables;
  variables.file_ = std::move(file);
  const std::vector<VariableInfo> &infos = variables.file_->variables();
  variables.uploaded_.assign(infos.size(), 0);
  variables.newOnDevice_.assign(infos.size(), false);
  // As in the plan's state block, but with the device's alignment.
  uint64_t alignment = device->alignment();
  uint64_t end = 0;
  for (const VariableInfo &info : infos) {
    variables.offsets_.push_back(end);
    end += (info.bytes() + alignment - 1) / alignment * alignment;
  }
  BERTC_ASSIGN_OR_RETURN(variables.block_,
                         DeviceBuffer::make(device, end, "variables"));
  BERTC_ASSIGN_OR_RETURN(VariableStore store,
                         VariableStore::create(variables.file_));
  variables.host_ = std::make_unique<VariableStore>(std::move(store));
  return variables;
}

bool DeviceVariables::upToDate(const std::vector<uint32_t> &variables) const {
  return std::all_of(variables.begin(), variables.end(), [&](uint32_t i) {
    return newOnDevice_[i] || uploaded_[i] == host_->version(i);
  });
}

Status DeviceVariables::toDevice(const Stream &stream, Staging &staging,
                                 const std::vector<uint32_t> &variables) {
  std::vector<CopyPiece> pieces;
  bool zeroed = false;
  for (uint32_t i : variables) {
    if (newOnDevice_[i] || uploaded_[i] == host_->version(i)) {
      continue;
    }
    uint64_t bytes = file_->variables()[i].bytes();
    if (host_->pristine(i)) {
      BERTC_RETURN_IF_ERROR(stream.fillZero(address(i), bytes));
      zeroed = true;
      continue;
    }
    pieces.push_back(
        {address(i), const_cast<std::byte *>(host_->data(i)), bytes});
  }
  BERTC_RETURN_IF_ERROR(staging.upload(stream, pieces));
  if (zeroed) {
    BERTC_RETURN_IF_ERROR(stream.synchronize());
  }
  for (uint32_t i : variables) {
    if (!newOnDevice_[i]) {
      uploaded_[i] = host_->version(i);
    }
  }
  return Status();
}

Status DeviceVariables::toHost(const Stream &stream, Staging &staging,
                               uint32_t i) {
  if (!newOnDevice_[i]) {
    return Status();
  }
  BERTC_RETURN_IF_ERROR(staging.download(
      stream,
      {{address(i), host_->overwrite(i), file_->variables()[i].bytes()}}));
  newOnDevice_[i] = false;
  host_->markChanged(i);
  uploaded_[i] = host_->version(i);
  return Status();
}

} // namespace bertc::rt::syn
