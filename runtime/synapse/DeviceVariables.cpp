// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/DeviceVariables.h"

#include <algorithm>
#include <numeric>

namespace bertc::rt::syn {

StatusOr<DeviceVariables>
DeviceVariables::make(const DevicePtr &device,
                      std::shared_ptr<const PlanFile> file) {
  DeviceVariables variables;
  variables.file_ = std::move(file);
  const std::vector<VariableInfo> &infos = variables.file_->variables();
  variables.uploaded_.assign(infos.size(), 0);
  variables.newOnDevice_.assign(infos.size(), false);
  // In the order of the plan's state block, but with the device's alignment.
  uint64_t alignment = variables.alignment_ = device->alignment();
  const auto *planned = variables.file_->root().variables();
  std::vector<uint32_t> order(infos.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return planned->Get(a)->offset() < planned->Get(b)->offset();
  });
  variables.offsets_.resize(infos.size());
  uint64_t end = 0;
  for (uint32_t i : order) {
    variables.offsets_[i] = end;
    end += (infos[i].bytes() + alignment - 1) / alignment * alignment;
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

StatusOr<std::vector<DeviceVariables::Stretch>>
DeviceVariables::stretches(const std::vector<uint32_t> &variables) const {
  std::vector<uint32_t> order = variables;
  std::sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) {
    return offsets_[a] < offsets_[b];
  });
  std::vector<Stretch> all;
  for (uint32_t i : order) {
    const VariableInfo &info = file_->variables()[i];
    if (info.dtype != DType::F32) {
      return invalidArgument("variable '" + info.name + "' is " +
                             dtypeName(info.dtype) +
                             ", devices exchange f32 variables");
    }
    uint64_t end = address(i) + info.bytes();
    if (!all.empty()) {
      Stretch &last = all.back();
      uint64_t lastEnd = last.address + last.elements * sizeof(float);
      if (address(i) - lastEnd < alignment_) {
        last.elements = (end - last.address) / sizeof(float);
        continue;
      }
    }
    all.push_back({address(i), info.bytes() / sizeof(float)});
  }
  return all;
}

} // namespace bertc::rt::syn
