// SPDX-License-Identifier: Apache-2.0
//
// The checks that all prepare functions share, and the table of handlers.

#include "runtime/core/StepHandler.h"

#include <algorithm>

namespace bertc::rt {
namespace {

const TensorRef kMissing;

// "between 2 and 4", "at least 1", "exactly 3".
std::string rangeText(size_t min, size_t max) {
  if (min == max) {
    return "exactly " + std::to_string(min);
  }
  if (max == SIZE_MAX) {
    return "at least " + std::to_string(min);
  }
  return "between " + std::to_string(min) + " and " + std::to_string(max);
}

Status checkCount(const std::vector<TensorRef> &operands, size_t min,
                  size_t max, const char *what) {
  if (operands.size() < min || operands.size() > max) {
    return corrupt("step has " + std::to_string(operands.size()) + " " + what +
                   "s, expected " + rangeText(min, max));
  }
  for (size_t i = 0; i < min; ++i) {
    if (!operands[i].present) {
      return corrupt(std::string(what) + " " + std::to_string(i) +
                     " of the step is missing");
    }
  }
  return Status();
}

} // namespace

const TensorRef &StepContext::input(size_t i) const {
  return i < inputs_.size() ? inputs_[i] : kMissing;
}

const TensorRef &StepContext::output(size_t i) const {
  return i < outputs_.size() ? outputs_[i] : kMissing;
}

void StepContext::requestExchange(std::shared_ptr<SplitUpdate> split) {
  wantsExchange_ = true;
  if (split) {
    splits_.push_back(std::move(split));
  }
}

void StepContext::requestScratch(size_t bytes) {
  scratchBytes_ = std::max(scratchBytes_, bytes);
}

Status StepContext::expectOperands(size_t minInputs, size_t maxInputs,
                                   size_t minOutputs, size_t maxOutputs) const {
  BERTC_RETURN_IF_ERROR(checkCount(inputs_, minInputs, maxInputs, "input"));
  return checkCount(outputs_, minOutputs, maxOutputs, "output");
}

Status StepContext::expectDType(const TensorRef &t, const char *operand,
                                DType dtype) const {
  if (t.dtype == dtype) {
    return Status();
  }
  return bad(std::string(operand) + " is " + t.describe() + ", expected " +
             dtypeName(dtype));
}

Status StepContext::expectShape(const TensorRef &t, const char *operand,
                                const Shape &shape) const {
  if (t.shape() == shape) {
    return Status();
  }
  return bad(std::string(operand) + " is " + t.describe() +
             ", expected shape " + shapeString(shape));
}

Status StepContext::expectDense(const TensorRef &t, const char *operand) const {
  if (t.isDense()) {
    return Status();
  }
  return bad(std::string(operand) + " is " + t.describe() +
             ", expected dense row-major");
}

Status StepContext::expectNoOverlap(
    const std::function<bool(size_t, size_t)> &allowInPlace) const {
  for (size_t o = 0; o < outputs_.size(); ++o) {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (!overlaps(inputs_[i], outputs_[o])) {
        continue;
      }
      if (allowInPlace && allowInPlace(i, o) &&
          sameWindow(inputs_[i], outputs_[o])) {
        continue;
      }
      return bad("output " + std::to_string(o) + " overlaps input " +
                 std::to_string(i));
    }
    for (size_t other = 0; other < o; ++other) {
      if (overlaps(outputs_[other], outputs_[o])) {
        return bad("output " + std::to_string(o) + " overlaps output " +
                   std::to_string(other));
      }
    }
  }
  return Status();
}

void StepRegistry::add(plan::Params kind, const char *name, PrepareFn prepare,
                       LayoutsFn layouts) {
  handlers_[static_cast<size_t>(kind)] = {name, prepare, layouts};
}

const StepRegistry::Handler *StepRegistry::find(plan::Params kind) const {
  auto index = static_cast<size_t>(kind);
  if (index > static_cast<size_t>(plan::Params::MAX) ||
      handlers_[index].prepare == nullptr) {
    return nullptr;
  }
  return &handlers_[index];
}

} // namespace bertc::rt
