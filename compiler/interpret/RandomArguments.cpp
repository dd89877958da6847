// SPDX-License-Identifier: Apache-2.0
//
// Random arguments and variables that a function can run on.
#include "compiler/interpret/Compare.h"

#include "dialects/bert/BertOps.h"

#include "llvm/Support/xxhash.h"

#include <cmath>
#include <random>

using namespace mlir;

namespace bertc::interpret {

namespace {

/// Largest update_step that is drawn; bias corrections are still far from 1.
constexpr int64_t kMaxStep = 20;

/// What the uses of an integer value say about it.
struct IntegerUse {
  /// It may be 0 .. bound - 1.
  int64_t bound = std::numeric_limits<int64_t>::max();
  bool isRngState = false;
  bool isStep = false;
  /// Rows of sequence numbers, each sequence in one piece.
  bool isNumbers = false;
};

void lookAtUses(Value value, IntegerUse &use);

/// Follows a call into the function it calls.
void lookIntoCall(func::CallOp call, unsigned operand, IntegerUse &use) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      call, call.getCalleeAttr());
  if (callee && !callee.isExternal()) {
    lookAtUses(callee.getArgument(operand), use);
  }
}

void lookAtUse(OpOperand &operand, IntegerUse &use) {
  Operation *user = operand.getOwner();
  unsigned index = operand.getOperandNumber();
  auto limit = [&](int64_t bound) { use.bound = std::min(use.bound, bound); };
  if (auto gather = dyn_cast<bert::GatherOp>(user)) {
    if (index == 1) {
      limit(gather.getTable().getType().getDimSize(gather.getBatchDims()));
    }
  } else if (auto grad = dyn_cast<bert::GatherGradOp>(user)) {
    if (index == 1) {
      limit(grad.getInputShape()[grad.getBatchDims()]);
    }
  } else if (auto rows = dyn_cast<bert::RowNumbersOp>(user)) {
    limit(rows.getSequenceLength());
  } else if (auto nll = dyn_cast<bert::NllOp>(user)) {
    limit(nll.getLogProbs().getType().getDimSize(1));
  } else if (auto grad = dyn_cast<bert::NllGradOp>(user)) {
    limit(grad.getNumClasses());
  } else if (auto call = dyn_cast<func::CallOp>(user)) {
    lookIntoCall(call, index, use);
  } else if (isa<bert::LambUpdateOp, bert::AdamwUpdateOp>(user)) {
    use.isStep = true;
  } else if (isa<bert::PackedMaskOp, bert::KeyRangesOp>(user)) {
    use.isNumbers = true;
  } else if (isa<bert::DropoutOp, bert::DropoutGradOp, bert::AttentionSoftmaxOp,
                 bert::AttentionSoftmaxGradOp, bert::ResidualLayerNormOp,
                 bert::ResidualLayerNormGradOp>(user)) {
    use.isRngState = true;
  } else if (isa<bert::ReshapeOp, bert::TransposeOp, bert::SliceOp,
                 bert::ConcatOp, bert::BroadcastToOp, bert::IdentityOp>(user)) {
    lookAtUses(user->getResult(0), use);
  }
}

void lookAtUses(Value value, IntegerUse &use) {
  for (OpOperand &operand : value.getUses()) {
    lookAtUse(operand, use);
  }
}

/// In each row up to three sequences. No padding, as what a query without keys
/// gets is up to the form of the mask.
void fillNumbers(std::mt19937_64 &generator, Tensor &tensor) {
  int64_t positions = tensor.rowSize();
  for (int64_t row = 0; row < tensor.size(); row += positions) {
    int64_t number = 1;
    for (int64_t position = 0; position < positions; ++position) {
      bool next = position > 0 && generator() % 3 == 0;
      number += next && number < 3 ? 1 : 0;
      tensor[row + position] = static_cast<double>(number);
    }
  }
}

void fillIntegers(Value argument, std::mt19937_64 &generator, Tensor &tensor) {
  IntegerUse use;
  lookAtUses(argument, use);
  if (use.isNumbers) {
    fillNumbers(generator, tensor);
    return;
  }
  int64_t bound = use.bound == std::numeric_limits<int64_t>::max()
                      ? 2
                      : std::max<int64_t>(use.bound, 1);
  for (double &value : tensor.values) {
    value = static_cast<double>(generator() % bound);
    if (use.isRngState) {
      value = static_cast<int32_t>(generator());
    } else if (use.isStep) {
      value = static_cast<double>(1 + generator() % kMaxStep);
    }
  }
  if (use.isRngState && tensor.size() == 4) {
    tensor[3] = 0; // no flags: dropout is on
  }
}

void fillFloats(StringRef name, std::mt19937_64 &generator, Tensor &tensor) {
  bool positive = name.ends_with("weights") || name.ends_with("scale") ||
                  name.ends_with("rate");
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(0.1, 1.0);
  for (double &value : tensor.values) {
    value = positive ? uniform(generator) : normal(generator);
  }
}

} // namespace

std::vector<Tensor> randomArguments(func::FuncOp func, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::vector<Tensor> arguments;
  for (BlockArgument argument : func.getArguments()) {
    Tensor tensor = Tensor::zeros(cast<RankedTensorType>(argument.getType()));
    if (isFloat(tensor.dtype)) {
      auto name = func.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                    bert::kNameAttr);
      fillFloats(name ? name.getValue() : "", generator, tensor);
    } else {
      fillIntegers(argument, generator, tensor);
    }
    arguments.push_back(std::move(tensor));
  }
  return arguments;
}

Status randomVariables(Interpreter &interpreter, ModuleOp module,
                       uint64_t seed) {
  for (auto variable : module.getOps<bert::VariableOp>()) {
    // Seeded by name, so that modules with other variables agree on this one.
    std::mt19937_64 generator(seed ^ llvm::xxh3_64bits(variable.getSymName()));
    std::normal_distribution<double> normal;
    Tensor tensor = Tensor::zeros(variable.getTensorType());
    bool drawn = variable.getInit() == bert::Init::TruncatedNormal;
    double center = drawn ? 0 : variable.getInitValue().convertToFloat();
    for (double &value : tensor.values) {
      value = center + 0.1 * normal(generator);
      if (variable.getRole() == bert::Role::AdamV) {
        value = std::abs(value);
      }
    }
    BERTC_RETURN_IF_ERROR(
        interpreter.setVariable(variable.getSymName(), std::move(tensor)));
  }
  return Status::okStatus();
}

} // namespace bertc::interpret
