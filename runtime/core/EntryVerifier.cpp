// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/EntryVerifier.h"

#include "runtime/core/GraphVerifier.h"
#include "runtime/core/PlanFile.h"
#include "runtime/core/PlanWindow.h"
#include "runtime/core/WrittenBytes.h"

#include <algorithm>
#include <vector>

namespace bertc::rt {
namespace {

// Most operands that all steps of an entry have together.
constexpr uint64_t kMaxOperands = uint64_t{1} << 22;

std::string num(uint64_t n) { return std::to_string(n); }

using Bindings = flatbuffers::Vector<flatbuffers::Offset<plan::Binding>>;
using Operands = flatbuffers::Vector<uint32_t>;

class EntryVerifier {
public:
  EntryVerifier(const plan::Plan &plan, const plan::Entry &entry)
      : plan_(plan), entry_(entry) {}

  Status run() {
    if (entry_.arena_bytes() > plan_.arena_bytes()) {
      return corrupt("its arena of " + num(entry_.arena_bytes()) +
                     " bytes is larger than the plan's of " +
                     num(plan_.arena_bytes()));
    }
    BERTC_RETURN_IF_ERROR(verifyTensors());
    BERTC_RETURN_IF_ERROR(verifyKindOfEntry(plan_, entry_));
    BERTC_RETURN_IF_ERROR(verifyInputs());
    BERTC_RETURN_IF_ERROR(verifyBindings(*entry_.outputs(), "output"));
    BERTC_RETURN_IF_ERROR(isGraphTarget(plan_)
                              ? verifyGraphs(plan_, entry_, &written_)
                              : verifySteps());
    return verifyOutputs();
  }

private:
  const plan::Tensor &tensor(uint32_t i) const {
    return *entry_.tensors()->Get(i);
  }

  Status inside(const ByteWindow &window, uint64_t bytes, const char *what) {
    if (window.offset > bytes || window.extent > bytes - window.offset) {
      return corrupt("bytes " + num(window.offset) + " + " +
                     num(window.extent) + " lie outside the " + what + " of " +
                     num(bytes));
    }
    return Status();
  }

  Status verifyPackedTensor(const plan::Tensor &t) {
    if (t.index() >= plan_.packed_weights()->size()) {
      return corrupt("packed weight " + num(t.index()) + " is not below " +
                     num(plan_.packed_weights()->size()));
    }
    const plan::PackedWeight &w = *plan_.packed_weights()->Get(t.index());
    const auto &shape = *t.shape();
    bool strided = t.strides() != nullptr && t.strides()->size() != 0;
    if (shape.size() != 2 || shape.Get(0) != w.k() || shape.Get(1) != w.n() ||
        t.dtype() != w.dtype() || t.offset() != 0 || strided) {
      return corrupt("does not match packed weight " + num(t.index()));
    }
    return Status();
  }

  Status verifyTensor(const plan::Tensor &t, ByteWindow *window) {
    BERTC_ASSIGN_OR_RETURN(*window, checkedWindow(t));
    switch (t.storage()) {
    case plan::Storage::Arena:
      return inside(*window, entry_.arena_bytes(), "arena");
    case plan::Storage::Constant:
      return inside(
          *window, plan_.constants() == nullptr ? 0 : plan_.constants()->size(),
          "constants");
    case plan::Storage::Packed:
      return verifyPackedTensor(t);
    case plan::Storage::Variable:
      break;
    default:
      return corrupt("unknown storage " + num(static_cast<int>(t.storage())));
    }
    if (t.index() >= plan_.variables()->size()) {
      return corrupt("variable " + num(t.index()) + " is not below " +
                     num(plan_.variables()->size()));
    }
    const plan::Variable &v = *plan_.variables()->Get(t.index());
    if (v.dtype() != t.dtype()) {
      return corrupt("its dtype differs from that of variable '" +
                     v.name()->str() + "'");
    }
    BERTC_ASSIGN_OR_RETURN(uint64_t bytes, checkedBytes(v.dtype(), *v.shape()));
    return inside(*window, bytes, "variable");
  }

  Status verifyTensors() {
    windows_.resize(entry_.tensors()->size());
    for (uint32_t i = 0; i < entry_.tensors()->size(); ++i) {
      BERTC_RETURN_IF_ERROR(
          verifyTensor(tensor(i), &windows_[i]).annotate("tensor " + num(i)));
    }
    return Status();
  }

  Status verifyBindings(const Bindings &bindings, const char *what) {
    std::unordered_set<std::string> names;
    for (const plan::Binding *b : bindings) {
      BERTC_RETURN_IF_ERROR(checkName(*b->name(), what, &names));
      if (b->tensor() >= entry_.tensors()->size()) {
        return corrupt(std::string(what) + " '" + b->name()->str() +
                       "' names tensor " + num(b->tensor()) + " of " +
                       num(entry_.tensors()->size()));
      }
    }
    return Status();
  }

  Status verifyInputs() {
    BERTC_RETURN_IF_ERROR(verifyBindings(*entry_.inputs(), "input"));
    for (const plan::Binding *b : *entry_.inputs()) {
      const ByteWindow &window = windows_[b->tensor()];
      if (tensor(b->tensor()).storage() != plan::Storage::Arena ||
          window.runs != 1 || !denseOrder(tensor(b->tensor()))) {
        return corrupt("input '" + b->name()->str() +
                       "' is not a dense tensor of the arena");
      }
      written_.add(window);
    }
    return Status();
  }

  // A transposed window may be one run of bytes and still not be row-major.
  static bool denseOrder(const plan::Tensor &t) {
    if (t.strides() == nullptr || t.strides()->size() == 0) {
      return true;
    }
    int64_t expected = 1;
    for (uint32_t i = t.shape()->size(); i-- > 0;) {
      if (t.shape()->Get(i) != 1 && t.strides()->Get(i) != expected) {
        return false;
      }
      expected *= t.shape()->Get(i);
    }
    return true;
  }

  Status verifyRead(uint32_t operand, bool mayBePacked) {
    const plan::Tensor &t = tensor(operand);
    if (t.storage() == plan::Storage::Packed && !mayBePacked) {
      return corrupt("reads packed weight " + num(t.index()) +
                     ", which only operand b of a Matmul or MatmulGroup may");
    }
    if (t.storage() == plan::Storage::Arena &&
        !written_.contains(windows_[operand])) {
      return corrupt("reads tensor " + num(operand) + ", bytes " +
                     num(windows_[operand].offset) + " + " +
                     num(windows_[operand].extent) +
                     " of the arena, before they are written");
    }
    return Status();
  }

  Status verifyOperandList(const Operands &operands) {
    operandCount_ += operands.size();
    if (operandCount_ > kMaxOperands) {
      return corrupt("there are more than " + num(kMaxOperands) + " operands");
    }
    for (uint32_t operand : operands) {
      if (operand != kNoOperand && operand >= entry_.tensors()->size()) {
        return corrupt("names tensor " + num(operand) + " of " +
                       num(entry_.tensors()->size()));
      }
    }
    return Status();
  }

  Status verifyStep(const plan::Step &step) {
    if (step.params_type() == plan::Params::NONE ||
        step.params_type() > plan::Params::MAX) {
      return corrupt("unknown step kind " +
                     num(static_cast<int>(step.params_type())));
    }
    if (step.scope() != nullptr) {
      BERTC_RETURN_IF_ERROR(checkText(*step.scope(), "scope"));
    }
    BERTC_RETURN_IF_ERROR(verifyOperandList(*step.inputs()));
    BERTC_RETURN_IF_ERROR(verifyOperandList(*step.outputs()));
    bool matmul = step.params_type() == plan::Params::MatmulParams;
    bool group = step.params_type() == plan::Params::MatmulGroupParams;
    // The inputs from the second on that are a factor b.
    uint32_t factors = matmul ? 1 : group ? step.outputs()->size() : 0;
    for (uint32_t i = 0; i < step.inputs()->size(); ++i) {
      if (step.inputs()->Get(i) != kNoOperand) {
        BERTC_RETURN_IF_ERROR(
            verifyRead(step.inputs()->Get(i), i >= 1 && i <= factors));
      }
    }
    for (uint32_t operand : *step.outputs()) {
      if (operand == kNoOperand) {
        continue;
      }
      plan::Storage storage = tensor(operand).storage();
      if (storage != plan::Storage::Arena &&
          storage != plan::Storage::Variable) {
        return corrupt("writes tensor " + num(operand) +
                       ", which is neither in the arena nor a variable");
      }
      // An accumulating matmul reads what it writes.
      if (matmul && step.params_as_MatmulParams()->accumulate()) {
        BERTC_RETURN_IF_ERROR(verifyRead(operand, false));
      }
    }
    for (uint32_t operand : *step.outputs()) {
      if (operand != kNoOperand &&
          tensor(operand).storage() == plan::Storage::Arena) {
        written_.add(windows_[operand]);
      }
    }
    return Status();
  }

  Status verifySteps() {
    for (uint32_t i = 0; i < entry_.steps()->size(); ++i) {
      const plan::Step &step = *entry_.steps()->Get(i);
      Status status = verifyStep(step);
      if (!status.ok()) {
        return status.annotate("step " + num(i) + " (" +
                               stepKindName(step.params_type()) + ")");
      }
    }
    return Status();
  }

  Status verifyOutputs() {
    for (const plan::Binding *b : *entry_.outputs()) {
      BERTC_RETURN_IF_ERROR(verifyRead(b->tensor(), false)
                                .annotate("output '" + b->name()->str() + "'"));
    }
    return Status();
  }

  const plan::Plan &plan_;
  const plan::Entry &entry_;
  std::vector<ByteWindow> windows_;
  WrittenBytes written_;
  uint64_t operandCount_ = 0;
};

} // namespace

Status verifyEntry(const plan::Plan &plan, const plan::Entry &entry) {
  return EntryVerifier(plan, entry).run();
}

Status checkText(const flatbuffers::String &text, const char *what) {
  if (text.size() > 1024) {
    return corrupt(std::string(what) + " has " + num(text.size()) +
                   " bytes, expected at most 1024");
  }
  bool printable = std::all_of(text.begin(), text.end(), [](char c) {
    auto u = static_cast<unsigned char>(c);
    return u >= 0x20 && u != 0x7f;
  });
  return printable ? Status()
                   : corrupt(std::string(what) + " has control characters");
}

Status checkName(const flatbuffers::String &name, const char *what,
                 std::unordered_set<std::string> *seen) {
  BERTC_RETURN_IF_ERROR(
      checkText(name, what).annotate(std::string("name of ") + what));
  if (name.size() == 0) {
    return corrupt(std::string("the name of a ") + what + " is empty");
  }
  if (!seen->insert(name.str()).second) {
    return corrupt(std::string("there are two of ") + what + " '" + name.str() +
                   "'");
  }
  return Status();
}

} // namespace bertc::rt
