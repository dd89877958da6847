// SPDX-License-Identifier: Apache-2.0

#include "compiler/inspect/PlanPrecision.h"

#include "compiler/inspect/PlanStatistics.h"
#include "runtime/core/Bf16Rate.h"
#include "runtime/core/CpuFeatures.h"

#include <cctype>
#include <map>
#include <tuple>

namespace bertc {

namespace {

/// "bf16+f32" for operands of both types.
std::string floatTypes(const plan::Entry &entry,
                       const flatbuffers::Vector<uint32_t> &operands) {
  bool bf16 = false;
  bool f32 = false;
  for (uint32_t index : operands) {
    if (index != rt::kNoOperand) {
      plan::DType dtype = entry.tensors()->Get(index)->dtype();
      bf16 |= dtype == plan::DType::BF16;
      f32 |= dtype == plan::DType::F32;
    }
  }
  return std::string(bf16 ? "bf16" : "") + (bf16 && f32 ? "+" : "") +
         (f32 ? "f32" : "");
}

/// "layer_11/add_2" as "layer_*/add", so that repeated parts share a row.
std::string withoutNumbers(const std::string &scope) {
  std::string text;
  for (size_t i = 0; i < scope.size();) {
    size_t digits = i;
    while (digits < scope.size() &&
           std::isdigit(static_cast<unsigned char>(scope[digits]))) {
      ++digits;
    }
    bool number = digits > i && i > 0 && scope[i - 1] == '_';
    if (!number) {
      text += scope[i++];
      continue;
    }
    if (text.size() > 6 && text.compare(text.size() - 6, 6, "layer_") == 0) {
      text += '*';
    } else {
      text.pop_back();
    }
    i = digits;
  }
  return text;
}

} // namespace

std::string stepTypes(const plan::Entry &entry, const plan::Step &step) {
  std::string in = floatTypes(entry, *step.inputs());
  std::string out = floatTypes(entry, *step.outputs());
  if (in.empty() || out.empty() || in == out) {
    return in.empty() ? out : in;
  }
  return in + " -> " + out;
}

std::vector<PrecisionRow> precisionRows(const plan::Entry &entry) {
  std::vector<PrecisionRow> rows;
  std::map<std::tuple<std::string, std::string, std::string, std::string>,
           size_t>
      found;
  for (const plan::Step *step : *entry.steps()) {
    PrecisionRow row;
    row.types = stepTypes(entry, *step);
    row.kind = stepKind(*step);
    row.scope = withoutNumbers(step->scope() ? step->scope()->str() : "");
    row.reason =
        step->precision_reason() ? step->precision_reason()->str() : "";
    if (row.types.empty()) {
      continue;
    }
    auto [at, isNew] = found.try_emplace(
        std::tuple(row.types, row.kind, row.scope, row.reason), rows.size());
    if (isNew) {
      rows.push_back(std::move(row));
    }
    ++rows[at->second].steps;
  }
  return rows;
}

const char *bf16Products() {
  static const bool inBf16 =
      rt::chooseBf16(rt::usableIsa() >= rt::Isa::Avx512Bf16).inBf16;
  return inBf16 ? "bf16" : "f32";
}

} // namespace bertc
