// SPDX-License-Identifier: Apache-2.0
#include "run/ModelState.h"

#include "io/Files.h"
#include "io/VariableNames.h"
#include "io/WeightSource.h"
#include "run/Pretrain.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace bertc {

DataType fileType(rt::DType dtype) {
  switch (dtype) {
  case rt::DType::F32:
    return DataType::F32;
  case rt::DType::BF16:
    return DataType::BF16;
  case rt::DType::I32:
    return DataType::I32;
  case rt::DType::I64:
    return DataType::I64;
  case rt::DType::Bool:
    return DataType::Bool;
  }
  return DataType::Other;
}

std::string listNames(const std::vector<std::string> &names, size_t limit) {
  size_t shown = std::min(limit, names.size());
  std::string text =
      fmt::format("{}", fmt::join(names.begin(), names.begin() + shown, ", "));
  if (shown < names.size()) {
    text += fmt::format(" and {} more", names.size() - shown);
  }
  return text;
}

namespace {

/// Tensors of the file that nothing asked for.
std::vector<std::string> unusedTensors(const WeightSource &source,
                                       const rt::Plan &plan) {
  std::vector<std::string> unused = source.unknown();
  for (const TensorInfo &tensor : source.tensors()) {
    if (!plan.findVariable(tensor.name) && !isTrainingState(tensor.name)) {
      unused.push_back(tensor.name);
    }
  }
  return unused;
}

/// Copies the variables of the plan that `source` has, except those that
/// `done` names; fills the report.
StatusOr<LoadReport> copyVariables(rt::Session &session,
                                   const WeightSource &source, LoadScope scope,
                                   const std::set<std::string> &done) {
  LoadReport report;
  std::vector<ReadRequest> requests;
  size_t weights = done.size();
  for (const rt::VariableInfo &info : session.plan().variables()) {
    bool isWeight = info.role == rt::VariableRole::Weight;
    if ((!isWeight && scope == LoadScope::Weights) || done.count(info.name)) {
      continue;
    }
    if (!source.find(info.name)) {
      if (isWeight) {
        report.missing.push_back(info.name);
      }
      continue;
    }
    if (info.dtype != rt::DType::F32) {
      return failedPrecondition(fmt::format(
          "{}: variable {} of the plan is {}, expected f32",
          session.plan().path(), info.name, rt::dtypeName(info.dtype)));
    }
    BERTC_ASSIGN_OR_RETURN(rt::TensorView view,
                           session.mutableVariable(info.name));
    requests.push_back({info.name, info.shape, view.as<float>()});
    weights += isWeight ? 1 : 0;
  }
  report.unused = unusedTensors(source, session.plan());
  if (weights == 0) {
    return failedPrecondition(fmt::format(
        "{}: none of its {} tensors is a weight of the plan, which has {}",
        source.path(), source.tensors().size() + source.unknown().size(),
        listNames(report.missing)));
  }
  BERTC_RETURN_IF_ERROR(source.readF32(requests));
  report.loaded = requests.size() + done.size();
  return report;
}

} // namespace

StatusOr<LoadReport> loadVariables(rt::Session &session,
                                   const std::string &path, LoadScope scope) {
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<WeightSource> source,
                         WeightSource::open(path));
  return copyVariables(session, *source, scope, {});
}

namespace {

/// Is it a part that a model for another task may do without?
bool isHead(const std::string &name) {
  return name.rfind("bert/", 0) != 0 || name.rfind("bert/pooler/", 0) == 0;
}

} // namespace

StatusOr<LoadReport> loadInitCheckpoint(rt::Session &session,
                                        const std::string &path) {
  std::string config = joinPath(path, "config.json");
  if (directoryExists(path) && fileExists(config)) {
    BERTC_RETURN_IF_ERROR(checkModelConfig(session.plan(), config));
  }
  BERTC_ASSIGN_OR_RETURN(LoadReport report,
                         loadVariables(session, path, LoadScope::Weights));
  std::vector<std::string> needed;
  std::copy_if(report.missing.begin(), report.missing.end(),
               std::back_inserter(needed),
               [](const std::string &name) { return !isHead(name); });
  if (!needed.empty()) {
    return failedPrecondition(fmt::format(
        "{}: lacks {}, which the plan has; it belongs to another model", path,
        listNames(needed)));
  }
  return report;
}

std::vector<std::string> describeLoad(const std::string &path,
                                      const LoadReport &report) {
  std::vector<std::string> lines;
  if (!report.missing.empty()) {
    lines.push_back(fmt::format("note: {} has no {}: newly initialised", path,
                                fmt::join(report.missing, ", ")));
  }
  if (!report.unused.empty()) {
    lines.push_back(
        fmt::format("note: {}: not used: {}", path, listNames(report.unused)));
  }
  return lines;
}

StatusOr<LoadReport> bindVariables(rt::Session &session,
                                   const std::string &path,
                                   SafeTensorsFile *file) {
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<WeightSource> source,
                         WeightSource::open(path));
  StatusOr<SafeTensorsFile> opened = directoryExists(path)
                                         ? SafeTensorsFile::openFolder(path)
                                         : SafeTensorsFile::open(path);
  std::set<std::string> bound;
  if (!opened.ok()) { // a checkpoint: it is copied and checked
    return copyVariables(session, *source, LoadScope::Weights, bound);
  }
  *file = *std::move(opened);
  for (const TensorView &tensor : file->tensors()) {
    MappedName mapped = {tensor.info.name, false};
    const rt::VariableInfo *info = session.plan().findVariable(mapped.name);
    if (!info &&
        fromHuggingFace(tensor.info.name, &mapped) == ForeignName::Variable) {
      info = session.plan().findVariable(mapped.name);
    }
    bool fits =
        info && !mapped.transposed && info->role == rt::VariableRole::Weight &&
        info->dtype == rt::DType::F32 && tensor.info.dtype == DataType::F32 &&
        tensor.info.shape == info->shape;
    if (fits && bound.insert(info->name).second) {
      BERTC_RETURN_IF_ERROR(session.bindVariable(
          info->name, {info->dtype, info->shape, tensor.data}));
    }
  }
  return copyVariables(session, *source, LoadScope::Weights, bound);
}

StatusOr<std::vector<TensorSource>> variableSources(const rt::Session &session,
                                                    bool accumulators) {
  std::vector<TensorSource> tensors;
  for (const rt::VariableInfo &info : session.plan().variables()) {
    if (info.role == rt::VariableRole::Accum && !accumulators) {
      continue;
    }
    BERTC_ASSIGN_OR_RETURN(rt::ConstTensorView view,
                           session.variable(info.name));
    tensors.push_back(
        {{info.name, fileType(info.dtype), info.shape}, view.data});
  }
  return tensors;
}

} // namespace bertc
