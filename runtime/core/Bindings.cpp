// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/Bindings.h"

#include <set>

namespace bertc::rt {

StatusOr<size_t> findEntryIndex(const PlanFile &file, const std::string &name) {
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

Status checkView(const char *what, const TensorInfo &info,
                 const ConstTensorView &view) {
  if (view.dtype != info.dtype || view.shape != info.shape) {
    return invalidArgument(
        std::string(what) + " '" + info.name + "' is " + dtypeName(view.dtype) +
        " " + shapeString(view.shape) + ", the plan has " +
        dtypeName(info.dtype) + " " + shapeString(info.shape));
  }
  if (view.data == nullptr) {
    return invalidArgument(std::string(what) + " '" + info.name +
                           "' has no data");
  }
  return Status();
}

StatusOr<std::vector<size_t>> checkInputs(const EntryInfo &entry,
                                          const NamedInputs &inputs,
                                          const std::vector<bool> &filled) {
  std::vector<size_t> positions;
  std::vector<bool> given = filled;
  std::set<std::string> names;
  for (const auto &[name, view] : inputs) {
    BERTC_ASSIGN_OR_RETURN(
        size_t at, findBinding(entry.inputs, "input", entry.name, name));
    BERTC_RETURN_IF_ERROR(checkView("input", entry.inputs[at], view));
    if (!names.insert(name).second) {
      return invalidArgument("input '" + name + "' is given twice");
    }
    given[at] = true;
    positions.push_back(at);
  }
  for (size_t i = 0; i < given.size(); ++i) {
    if (!given[i]) {
      return invalidArgument("input '" + entry.inputs[i].name + "' of entry '" +
                             entry.name + "' is missing");
    }
  }
  return positions;
}

StatusOr<std::vector<size_t>> checkOutputs(const EntryInfo &entry,
                                           const NamedOutputs &outputs) {
  std::vector<size_t> positions;
  for (const auto &[name, view] : outputs) {
    BERTC_ASSIGN_OR_RETURN(
        size_t at, findBinding(entry.outputs, "output", entry.name, name));
    BERTC_RETURN_IF_ERROR(checkView("output", entry.outputs[at], view));
    positions.push_back(at);
  }
  return positions;
}

Status checkThreads(const SessionOptions &options) {
  if (options.threads < 0 || options.threads > 4096) {
    return invalidArgument("threads is " + std::to_string(options.threads) +
                           ", expected 0 to 4096");
  }
  return Status();
}

} // namespace bertc::rt
