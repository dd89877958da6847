// SPDX-License-Identifier: Apache-2.0
#include "run/CheckpointStore.h"

#include "io/Checkpoint.h"
#include "run/ModelState.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <sys/statvfs.h>

namespace bertc {

StatusOr<std::string>
CheckpointStore::newest(std::vector<std::string> *notes) const {
  if (!directoryExists(directory_)) {
    return std::string();
  }
  removeStaleCheckpointFiles(directory_);
  std::vector<std::string> rejected;
  StatusOr<std::string> prefix = latestCheckpoint(directory_, &rejected);
  for (const std::string &line : rejected) {
    notes->push_back("passed over a damaged checkpoint: " + line);
  }
  if (!prefix.ok() && prefix.status().code() == StatusCode::NotFound) {
    return std::string();
  }
  return prefix;
}

namespace {

/// global_step and the run state of an open checkpoint.
Status readState(const std::string &prefix,
                 CheckpointStore::Restored *restored) {
  BERTC_ASSIGN_OR_RETURN(CheckpointReader reader,
                         CheckpointReader::open(prefix));
  if (reader.find("global_step")) {
    BERTC_RETURN_IF_ERROR(reader.read("global_step", &restored->globalStep,
                                      sizeof(restored->globalStep)));
  }
  if (!reader.find(runStateName)) {
    restored->notes.push_back(fmt::format(
        "{} has no {}: the position in the data is derived from its step",
        prefix, runStateName));
    return Status::okStatus();
  }
  BERTC_ASSIGN_OR_RETURN(std::string text, reader.readBytes(runStateName));
  StatusOr<RunState> state = RunState::fromJson(text);
  BERTC_RETURN_IF_ERROR(state.status().annotate(prefix));
  if (state->updateStep != restored->globalStep) {
    return corrupt(fmt::format("{}: global_step is {} but {} says {}", prefix,
                               restored->globalStep, runStateName,
                               state->updateStep));
  }
  restored->state = *std::move(state);
  return Status::okStatus();
}

} // namespace

StatusOr<CheckpointStore::Restored>
CheckpointStore::restore(rt::Session &session, const std::string &prefix,
                         LoadScope scope) {
  Restored restored;
  restored.prefix = prefix;
  BERTC_RETURN_IF_ERROR(readState(prefix, &restored));
  BERTC_ASSIGN_OR_RETURN(LoadReport report,
                         loadVariables(session, prefix, scope));
  if (!report.missing.empty()) {
    return failedPrecondition(fmt::format(
        "{}: lacks {}, which the plan has; it belongs to another model", prefix,
        listNames(report.missing)));
  }
  if (!report.unused.empty()) {
    restored.notes.push_back(fmt::format("{}: not used by this plan: {}",
                                         prefix, listNames(report.unused)));
  }
  return restored;
}

StatusOr<std::string>
CheckpointStore::save(const rt::Session &session, const RunState &state,
                      const CheckpointWriter::Fetch &fetchSlot) const {
  BERTC_RETURN_IF_ERROR(checkSpace(session.plan(), 1));
  BERTC_ASSIGN_OR_RETURN(std::vector<TensorSource> tensors,
                         variableSources(session, /*accumulators=*/false));
  for (TensorSource &tensor : tensors) {
    bool isSlot = session.plan().findVariable(tensor.info.name)->role !=
                  rt::VariableRole::Weight;
    if (fetchSlot && isSlot) {
      tensor.data = nullptr;
    }
  }
  std::string text = state.toJson();
  tensors.push_back({{"global_step", DataType::I64, {}}, &state.updateStep});
  tensors.push_back(
      {{runStateName, DataType::U8, {static_cast<int64_t>(text.size())}},
       text.data()});
  SaveOptions options;
  options.keepMax = keepMax_;
  options.fetch = fetchSlot;
  return saveCheckpoint(directory_, state.updateStep, tensors, options);
}

uint64_t CheckpointStore::checkpointBytes(const rt::Plan &plan) {
  uint64_t bytes = 64 << 10;
  for (const rt::VariableInfo &info : plan.variables()) {
    if (info.role != rt::VariableRole::Accum) {
      // Also the index entry.
      bytes += info.bytes() + info.name.size() + 64;
    }
  }
  return bytes;
}

Status CheckpointStore::checkSpace(const rt::Plan &plan, int64_t saves) const {
  int64_t count = saves;
  if (keepMax_ > 0) {
    // One more than is kept, while the newest is verified.
    count = std::min<int64_t>(saves, keepMax_ + 1);
  }
  StatusOr<CheckpointState> existing = readCheckpointState(directory_);
  if (existing.ok() && count > 1) {
    count = std::max<int64_t>(
        1, count - static_cast<int64_t>(existing->all.size()));
  }
  // In f64: a product of two large counts must not wrap to a small one.
  double needed =
      static_cast<double>(checkpointBytes(plan)) * static_cast<double>(count);
  struct statvfs disk = {};
  if (statvfs(directory_.c_str(), &disk) != 0) {
    return ioError(fmt::format("{}: cannot tell the free space: {}", directory_,
                               std::strerror(errno)));
  }
  double available =
      static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
  if (available < needed) {
    return resourceExhausted(fmt::format(
        "{}: {} checkpoint{} need {:.1f} MB, the disk has {:.1f} MB free; free "
        "some, or lower --keep-checkpoint-max",
        directory_, count, count == 1 ? "" : "s", needed / 1e6,
        available / 1e6));
  }
  return Status::okStatus();
}

} // namespace bertc
