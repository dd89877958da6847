// SPDX-License-Identifier: Apache-2.0
//
// The public face of a PlanFile, and the question whether this machine may run
// it (tools that only look at plans use PlanFile and do not ask).

#include "bertc/runtime.h"
#include "runtime/core/CpuFeatures.h"
#include "runtime/core/PlanFile.h"

namespace bertc::rt {
namespace {

template <typename T>
const T *findByName(const std::vector<T> &items, const std::string &name) {
  for (const T &item : items) {
    if (item.name == name) {
      return &item;
    }
  }
  return nullptr;
}

// A plan of another target, or of an instruction set above this CPU's. Whether
// there is a device is seen when a session is made.
Status checkMachine(const PlanFile &file) {
  BERTC_RETURN_IF_ERROR(checkMaxIsa());
  const std::string &target = file.target();
  if (target == "gaudi" || target == "gaudi2") {
    return Status();
  }
  if (target != "cpu") {
    return failedPrecondition(
        "plan " + file.path() + " is for target '" + target +
        "', this runtime executes 'cpu', 'gaudi' and 'gaudi2'");
  }
  StatusOr<Isa> needed = parseIsa(file.cpuIsa());
  if (!needed.ok()) {
    return corrupt("plan " + file.path() + ": " + needed.status().message());
  }
  if (*needed > usableIsa()) {
    bool capped = usableIsa() < detectedIsa();
    return failedPrecondition(
        "plan " + file.path() + " needs " + isaName(*needed) + ", " +
        (capped ? "BERTC_MAX_ISA allows " : "this CPU has ") +
        isaName(usableIsa()) + "; compile it with a lower --cpu-isa");
  }
  return Status();
}

} // namespace

const TensorInfo *EntryInfo::findInput(const std::string &name) const {
  return findByName(inputs, name);
}

const TensorInfo *EntryInfo::findOutput(const std::string &name) const {
  return findByName(outputs, name);
}

StatusOr<Plan> Plan::load(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(std::shared_ptr<const PlanFile> file,
                         PlanFile::load(path));
  BERTC_RETURN_IF_ERROR(checkMachine(*file));
  return Plan(std::move(file));
}

StatusOr<Plan> Plan::fromBytes(const void *bytes, size_t size,
                               const std::string &name) {
  BERTC_ASSIGN_OR_RETURN(std::shared_ptr<const PlanFile> file,
                         PlanFile::fromBytes(bytes, size, name));
  BERTC_RETURN_IF_ERROR(checkMachine(*file));
  return Plan(std::move(file));
}

const std::string &Plan::path() const { return file_->path(); }
const ModelInfo &Plan::model() const { return file_->model(); }
const std::string &Plan::producer() const { return file_->producer(); }
const std::string &Plan::target() const { return file_->target(); }
const std::string &Plan::cpuIsa() const { return file_->cpuIsa(); }
const std::string &Plan::sha256() const { return file_->sha256(); }
uint64_t Plan::stateBytes() const { return file_->root().state_bytes(); }
uint64_t Plan::arenaBytes() const { return file_->root().arena_bytes(); }
uint64_t Plan::peakBytes() const { return file_->root().peak_bytes(); }

const std::vector<EntryInfo> &Plan::entries() const { return file_->entries(); }

const std::vector<VariableInfo> &Plan::variables() const {
  return file_->variables();
}

const ExchangeInfo *Plan::exchange() const { return file_->exchange(); }

const EntryInfo *Plan::findEntry(const std::string &name) const {
  int index = file_->findEntry(name);
  return index < 0 ? nullptr : &entries()[static_cast<size_t>(index)];
}

const VariableInfo *Plan::findVariable(const std::string &name) const {
  int index = file_->findVariable(name);
  return index < 0 ? nullptr : &variables()[static_cast<size_t>(index)];
}

std::string cpuIsa() { return isaName(usableIsa()); }

} // namespace bertc::rt
