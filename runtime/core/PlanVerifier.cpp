// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/PlanVerifier.h"

#include "runtime/core/EntryVerifier.h"
#include "runtime/core/PlanFile.h"
#include "runtime/core/PlanWindow.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_set>
#include <vector>

namespace bertc::rt {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{1} << 46;

std::string num(uint64_t n) { return std::to_string(n); }

Status verifyModel(const plan::Model &model) {
  for (const auto *text : {model.task(), model.mode(), model.hidden_act(),
                           model.precision(), model.optimizer()}) {
    if (text != nullptr) {
      BERTC_RETURN_IF_ERROR(checkText(*text, "text of the model"));
    }
  }
  return Status();
}

Status verifyInit(const plan::Variable &v) {
  if (v.init() > plan::InitKind::MAX || v.role() > plan::VariableRole::MAX) {
    return corrupt("unknown init kind or role");
  }
  if (!std::isfinite(v.init_value())) {
    return corrupt("init_value is not finite");
  }
  if (v.init() == plan::InitKind::TruncatedNormal &&
      v.dtype() != plan::DType::F32) {
    return corrupt("a truncated normal start needs f32");
  }
  return Status();
}

Status verifyOwner(const plan::Plan &plan, uint32_t index) {
  const auto &variables = *plan.variables();
  const plan::Variable &v = *variables.Get(index);
  if (v.owner() >= variables.size()) {
    return corrupt("owner " + num(v.owner()) + " is not below " +
                   num(variables.size()));
  }
  const plan::Variable &owner = *variables.Get(v.owner());
  if (owner.role() != plan::VariableRole::Weight) {
    return corrupt("owner " + num(v.owner()) + " is not a weight");
  }
  if (v.role() == plan::VariableRole::Weight) {
    return v.owner() == index ? Status() : corrupt("a weight must own itself");
  }
  if (!std::equal(v.shape()->begin(), v.shape()->end(), owner.shape()->begin(),
                  owner.shape()->end())) {
    return corrupt("its shape differs from that of its owner");
  }
  return Status();
}

struct Range {
  uint64_t begin, end;
  uint32_t index;
};

Status verifyVariable(const plan::Plan &plan, uint32_t index,
                      std::vector<Range> *ranges) {
  const plan::Variable &v = *plan.variables()->Get(index);
  BERTC_ASSIGN_OR_RETURN(uint64_t bytes, checkedBytes(v.dtype(), *v.shape()));
  BERTC_RETURN_IF_ERROR(verifyInit(v));
  BERTC_RETURN_IF_ERROR(verifyOwner(plan, index));
  if (v.offset() % 64 != 0) {
    return corrupt("offset " + num(v.offset()) + " is not a multiple of 64");
  }
  if (v.offset() > plan.state_bytes() ||
      bytes > plan.state_bytes() - v.offset()) {
    return corrupt("bytes " + num(v.offset()) + " + " + num(bytes) +
                   " lie outside the state block of " +
                   num(plan.state_bytes()));
  }
  ranges->push_back({v.offset(), v.offset() + bytes, index});
  return Status();
}

Status verifyVariables(const plan::Plan &plan) {
  const auto &variables = *plan.variables();
  std::unordered_set<std::string> names;
  std::vector<Range> ranges;
  for (uint32_t i = 0; i < variables.size(); ++i) {
    const plan::Variable &v = *variables.Get(i);
    BERTC_RETURN_IF_ERROR(checkName(*v.name(), "variable", &names));
    // The shape's length is bounded before anybody walks it.
    BERTC_RETURN_IF_ERROR(checkedBytes(v.dtype(), *v.shape())
                              .status()
                              .annotate("variable '" + v.name()->str() + "'"));
  }
  for (uint32_t i = 0; i < variables.size(); ++i) {
    BERTC_RETURN_IF_ERROR(
        verifyVariable(plan, i, &ranges)
            .annotate("variable '" + variables.Get(i)->name()->str() + "'"));
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const Range &a, const Range &b) { return a.begin < b.begin; });
  for (size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].begin < ranges[i - 1].end) {
      return corrupt("variables '" +
                     variables.Get(ranges[i - 1].index)->name()->str() +
                     "' and '" + variables.Get(ranges[i].index)->name()->str() +
                     "' overlap in the state block");
    }
  }
  return Status();
}

Status verifyPacked(const plan::Plan &plan, const plan::PackedWeight &w) {
  if (w.variable() >= plan.variables()->size()) {
    return corrupt("variable " + num(w.variable()) + " is not below " +
                   num(plan.variables()->size()));
  }
  const plan::Variable &v = *plan.variables()->Get(w.variable());
  if (v.dtype() != plan::DType::F32 || v.shape()->size() != 2) {
    return corrupt("variable '" + v.name()->str() +
                   "' is not an f32 matrix and cannot be packed");
  }
  int64_t rows = v.shape()->Get(w.transposed() ? 1 : 0);
  int64_t columns = v.shape()->Get(w.transposed() ? 0 : 1);
  if (w.k() != rows || w.n() != columns) {
    return corrupt("[" + std::to_string(w.k()) + "," + std::to_string(w.n()) +
                   "] is not the shape of variable '" + v.name()->str() + "'");
  }
  if (w.dtype() != plan::DType::F32 && w.dtype() != plan::DType::BF16) {
    return corrupt("dtype is neither f32 nor bf16");
  }
  if (w.m() < 1 || w.m() > (int64_t{1} << 31)) {
    return corrupt("m " + std::to_string(w.m()) + " is outside [1, 2^31]");
  }
  return Status();
}

Status verifyTotals(const plan::Plan &plan) {
  uint64_t packed = 0;
  for (const plan::PackedWeight *w : *plan.packed_weights()) {
    if (w->max_bytes() > kMaxBytes || (packed += w->max_bytes()) > kMaxBytes) {
      return corrupt("packed weights add up to more than 2^46 bytes");
    }
  }
  if (plan.constants() != nullptr && plan.constants()->size() != 0 &&
      reinterpret_cast<uintptr_t>(plan.constants()->data()) % 32 != 0) {
    return corrupt("the constants are not aligned to 32 bytes in the file");
  }
  if (plan.state_bytes() > kMaxBytes || plan.arena_bytes() > kMaxBytes) {
    return corrupt("state of " + num(plan.state_bytes()) + " and arena of " +
                   num(plan.arena_bytes()) + " bytes are more than 2^46 bytes");
  }
  if (plan.device_bytes() > kMaxBytes) {
    return corrupt("device memory of " + num(plan.device_bytes()) +
                   " bytes is more than 2^46 bytes");
  }
  return Status();
}

/// Buckets hold every accumulator once, and those of a bucket lie behind each
/// other, so that it is one piece of memory.
Status verifyExchange(const plan::Plan &plan, const plan::Exchange &exchange) {
  constexpr uint64_t kMostBetween = 128;
  const auto &variables = *plan.variables();
  if (exchange.workers() < 2 || exchange.wire() > plan::WireType::MAX) {
    return corrupt(num(exchange.workers()) +
                   " workers, expected 2 or more, and a known wire type");
  }
  std::vector<bool> seen(variables.size(), false);
  uint64_t left = 0;
  for (const plan::Variable *v : variables) {
    left += v->role() == plan::VariableRole::Accum;
  }
  for (const plan::Bucket *bucket : *exchange.buckets()) {
    uint64_t end = 0;
    for (uint32_t i = 0; i < bucket->variables()->size(); ++i) {
      uint32_t index = bucket->variables()->Get(i);
      if (index >= variables.size() || seen[index] ||
          variables.Get(index)->role() != plan::VariableRole::Accum ||
          variables.Get(index)->dtype() != plan::DType::F32) {
        return corrupt("a bucket names variable " + num(index) +
                       ", which is no accumulator of f32, or in two");
      }
      const plan::Variable &v = *variables.Get(index);
      if (i > 0 && (v.offset() < end || v.offset() - end >= kMostBetween)) {
        return corrupt("variable '" + v.name()->str() +
                       "' does not lie behind the one before it in its bucket");
      }
      BERTC_ASSIGN_OR_RETURN(uint64_t bytes,
                             checkedBytes(v.dtype(), *v.shape()));
      end = v.offset() + bytes;
      seen[index] = true;
      --left;
    }
    if (end == 0) {
      return corrupt("a bucket is empty");
    }
  }
  return left == 0 ? Status()
                   : corrupt(num(left) + " accumulators are in no bucket");
}

} // namespace

Status verifyPlan(const plan::Plan &plan) {
  BERTC_RETURN_IF_ERROR(checkText(*plan.producer(), "producer"));
  BERTC_RETURN_IF_ERROR(checkText(*plan.target(), "target"));
  BERTC_RETURN_IF_ERROR(checkText(*plan.cpu_isa(), "cpu_isa"));
  BERTC_RETURN_IF_ERROR(verifyModel(*plan.model()));
  BERTC_RETURN_IF_ERROR(verifyTotals(plan));
  BERTC_RETURN_IF_ERROR(verifyVariables(plan));
  for (uint32_t i = 0; i < plan.packed_weights()->size(); ++i) {
    BERTC_RETURN_IF_ERROR(verifyPacked(plan, *plan.packed_weights()->Get(i))
                              .annotate("packed weight " + num(i)));
  }
  if (plan.exchange() != nullptr) {
    BERTC_RETURN_IF_ERROR(
        verifyExchange(plan, *plan.exchange()).annotate("exchange"));
  }
  std::unordered_set<std::string> names;
  for (const plan::Entry *entry : *plan.entries()) {
    BERTC_RETURN_IF_ERROR(checkName(*entry->name(), "entry", &names));
    BERTC_RETURN_IF_ERROR(
        verifyEntry(plan, *entry)
            .annotate("entry '" + entry->name()->str() + "'"));
  }
  return Status();
}

} // namespace bertc::rt
