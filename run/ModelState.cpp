// SPDX-License-Identifier: Apache-2.0
#include "run/ModelState.h"

#include "io/VariableNames.h"
#include "io/WeightSource.h"

#include <algorithm>
#include <fmt/format.h>

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

} // namespace

StatusOr<LoadReport> loadVariables(rt::Session &session,
                                   const std::string &path, LoadScope scope) {
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<WeightSource> source,
                         WeightSource::open(path));
  LoadReport report;
  std::vector<ReadRequest> requests;
  size_t weights = 0;
  for (const rt::VariableInfo &info : session.plan().variables()) {
    bool isWeight = info.role == rt::VariableRole::Weight;
    if (!isWeight && scope == LoadScope::Weights) {
      continue;
    }
    if (!source->find(info.name)) {
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
  report.unused = unusedTensors(*source, session.plan());
  if (weights == 0) {
    return failedPrecondition(fmt::format(
        "{}: none of its {} tensors is a weight of the plan, which has {}",
        path, source->tensors().size() + source->unknown().size(),
        listNames(report.missing)));
  }
  BERTC_RETURN_IF_ERROR(source->readF32(requests));
  report.loaded = requests.size();
  return report;
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
