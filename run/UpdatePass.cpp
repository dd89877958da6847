// SPDX-License-Identifier: Apache-2.0
#include "run/UpdatePass.h"

#include "run/Quantile.h"
#include "run/Trace.h"
#include "runtime/core/MemoryBlock.h"
#include "runtime/core/Threads.h"
#include "runtime/kernels/common/ZeroMemory.h"
#include "runtime/kernels/optimizer/PlainPass.h"

#include <map>

namespace bertc {

namespace {

/// The memory of every weight that has all its slots.
StatusOr<std::vector<rt::kernels::OptimizerArgs>>
updatedMemory(rt::Session &session) {
  using Role = rt::VariableRole;
  std::map<uint32_t, rt::kernels::OptimizerArgs> owners;
  for (const rt::VariableInfo &info : session.plan().variables()) {
    if (info.dtype != rt::DType::F32) {
      continue;
    }
    BERTC_ASSIGN_OR_RETURN(rt::TensorView view,
                           session.mutableVariable(info.name));
    rt::kernels::OptimizerArgs &args = owners[info.owner];
    args.elements = rt::numElements(info.shape);
    float *&place = info.role == Role::Weight  ? args.var
                    : info.role == Role::AdamM ? args.m
                    : info.role == Role::AdamV ? args.v
                                               : args.gradient;
    place = static_cast<float *>(view.data);
  }
  std::vector<rt::kernels::OptimizerArgs> all;
  for (const auto &[owner, args] : owners) {
    if (args.var && args.m && args.v && args.gradient) {
      all.push_back(args);
    }
  }
  return all;
}

/// Median of five: `pass` over every weight, then copies made.
double medianMs(const std::vector<rt::kernels::OptimizerArgs> &weights,
                void (*pass)(const rt::kernels::OptimizerArgs &),
                rt::MemoryBlock &copies, uint64_t copyBytes) {
  std::vector<double> times;
  for (int i = 0; i < 6; ++i) {
    int64_t begin = monotonicNs();
    for (const rt::kernels::OptimizerArgs &args : weights) {
      pass(args);
    }
    rt::kernels::zeroMemory(copies.data(), static_cast<int64_t>(copyBytes));
    if (i > 0) { // the first one makes the copies resident
      times.push_back(static_cast<double>(monotonicNs() - begin) * 1e-6);
    }
  }
  return median(times);
}

} // namespace

StatusOr<PlainUpdate> plainUpdate(rt::Session &session) {
  BERTC_ASSIGN_OR_RETURN(std::vector<rt::kernels::OptimizerArgs> weights,
                         updatedMemory(session));
  PlainUpdate result;
  if (weights.empty()) {
    return result;
  }
  uint64_t copyBytes = session.memory().packedWeights;
  BERTC_ASSIGN_OR_RETURN(
      rt::MemoryBlock copies,
      rt::MemoryBlock::map(copyBytes, "copies of the plain pass"));
  rt::RunThreads scope(session.threads());
  auto measured = [&](auto pass) {
    return medianMs(weights, pass, copies, copyBytes);
  };
  result.passMs = measured(rt::kernels::plainPass);
  bool twice = session.plan().model().optimizer == "lamb";
  result.trafficMs =
      twice ? measured(rt::kernels::plainTwoPasses) : result.passMs;
  return result;
}

} // namespace bertc
