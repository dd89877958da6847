// SPDX-License-Identifier: Apache-2.0

#include "compiler/inspect/PlanStatistics.h"

#include <algorithm>
#include <cctype>
#include <map>

namespace bertc {

namespace {

/// "GeluErfGrad" as "gelu_erf_grad".
std::string snakeCase(const char *name) {
  std::string text;
  for (const char *c = name; *c != '\0'; ++c) {
    if (std::isupper(static_cast<unsigned char>(*c)) && c != name) {
      text += '_';
    }
    text += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  }
  return text;
}

} // namespace

std::string stepKind(const plan::Step &step) {
  std::string name = rt::stepKindName(step.params_type());
  if (const auto *unary = step.params_as_UnaryParams()) {
    name += " " + snakeCase(plan::EnumNameUnaryKind(unary->kind()));
  } else if (const auto *binary = step.params_as_BinaryParams()) {
    name += " " + snakeCase(plan::EnumNameBinaryKind(binary->kind()));
  } else if (const auto *reduce = step.params_as_ReduceParams()) {
    name += " " + snakeCase(plan::EnumNameReduceKind(reduce->kind()));
  }
  return name;
}

uint64_t tensorBytes(const plan::Tensor &tensor) {
  uint64_t bytes = rt::dtypeBytes(static_cast<rt::DType>(tensor.dtype()));
  for (int64_t dim : *tensor.shape()) {
    bytes *= static_cast<uint64_t>(dim);
  }
  return bytes;
}

uint64_t stepBytes(const plan::Entry &entry, const plan::Step &step) {
  uint64_t bytes = 0;
  for (const auto *operands : {step.inputs(), step.outputs()}) {
    for (uint32_t index : *operands) {
      if (index != rt::kNoOperand) {
        bytes += tensorBytes(*entry.tensors()->Get(index));
      }
    }
  }
  return bytes;
}

std::vector<KindStatistics> kindStatistics(const plan::Entry &entry) {
  std::map<std::string, KindStatistics> kinds;
  for (const plan::Step *step : *entry.steps()) {
    KindStatistics &kind = kinds[stepKind(*step)];
    kind.steps += 1;
    kind.flops += step->flops();
    kind.bytes += stepBytes(entry, *step);
  }
  std::vector<KindStatistics> sorted;
  for (auto &[name, kind] : kinds) {
    kind.kind = name;
    sorted.push_back(kind);
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const KindStatistics &a, const KindStatistics &b) {
                     return a.flops != b.flops ? a.flops > b.flops
                                               : a.bytes > b.bytes;
                   });
  return sorted;
}

std::vector<ArenaInterval> arenaMap(const plan::Entry &entry) {
  std::map<uint32_t, ArenaInterval> intervals;
  auto touch = [&](uint32_t index, uint32_t position,
                   const std::string &scope) {
    if (index == rt::kNoOperand) {
      return;
    }
    const plan::Tensor &tensor = *entry.tensors()->Get(index);
    if (tensor.storage() != plan::Storage::Arena) {
      return;
    }
    auto [found, isNew] = intervals.try_emplace(index);
    ArenaInterval &interval = found->second;
    if (isNew) {
      interval = {index,    tensor.offset(), tensorBytes(tensor),
                  position, position,        scope};
    }
    interval.last = std::max(interval.last, position);
  };
  for (const plan::Binding *input : *entry.inputs()) {
    touch(input->tensor(), 0, input->name()->str());
  }
  uint32_t position = 0;
  for (const plan::Step *step : *entry.steps()) {
    std::string scope = step->scope() ? step->scope()->str() : "";
    for (const auto *operands : {step->inputs(), step->outputs()}) {
      for (uint32_t index : *operands) {
        touch(index, position, scope);
      }
    }
    ++position;
  }
  for (const plan::Binding *output : *entry.outputs()) {
    touch(output->tensor(), position, output->name()->str());
  }
  std::vector<ArenaInterval> sorted;
  for (auto &[index, interval] : intervals) {
    sorted.push_back(std::move(interval));
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ArenaInterval &a, const ArenaInterval &b) {
                     return a.bytes > b.bytes;
                   });
  return sorted;
}

uint64_t packedBytes(const plan::Plan &plan) {
  uint64_t bytes = 0;
  for (const plan::PackedWeight *weight : *plan.packed_weights()) {
    bytes += weight->max_bytes();
  }
  return bytes;
}

} // namespace bertc
