// SPDX-License-Identifier: Apache-2.0
//
// bert-packed-attention-mask: see passes/MaskPasses.td.

#include "dialects/bert/BertOps.h"
#include "passes/Passes.h"

namespace bertc {

#define GEN_PASS_DEF_BERTPACKEDATTENTIONMASK
#include "passes/Passes.h.inc"

namespace {

using mlir::DenseElementsAttr;
using mlir::RankedTensorType;
using mlir::Value;

/// What is added to a score that must not count.
constexpr float kMasked = -10000.0f;

/// Creates operations in front of a packed_mask, all under its scope name.
class Expansion {
public:
  explicit Expansion(bert::PackedMaskOp op)
      : op_(op), builder_(op), type_(op.getNumbers().getType()) {}

  /// 0 where the numbers of query and key are equal and no padding, else
  /// -10000. Padding among the keys is numbered -1, which no query is.
  Value explicitMask() {
    const int64_t batch = type_.getDimSize(0), positions = type_.getDimSize(1);
    Value queries = reshape({batch, 1, positions, 1});
    Value keys = reshape({batch, 1, 1, positions});
    Value padding =
        make<bert::CompareOp>(keys, integer(0), bert::Predicate::Eq);
    keys = make<bert::SelectOp>(padding, integer(-1), keys);
    Value equal = make<bert::CompareOp>(queries, keys, bert::Predicate::Eq);
    return make<bert::SelectOp>(equal, real(0.0f), real(kMasked));
  }

  Value rangeMask() {
    return make<bert::RangeMaskOp>(make<bert::KeyRangesOp>(op_.getNumbers()));
  }

private:
  template <typename Op, typename... Args> Value make(Args &&...args) {
    return Op::create(builder_, op_.getLoc(), std::forward<Args>(args)...,
                      op_.getScopeAttr())
        ->getResult(0);
  }
  Value reshape(llvm::ArrayRef<int64_t> shape) {
    return make<bert::ReshapeOp>(type_.clone(shape), op_.getNumbers());
  }
  Value integer(int32_t value) {
    auto type = RankedTensorType::get({}, builder_.getI32Type());
    return make<bert::ConstantOp>(DenseElementsAttr::get(type, value));
  }
  Value real(float value) {
    auto type = RankedTensorType::get({}, builder_.getF32Type());
    return make<bert::ConstantOp>(DenseElementsAttr::get(type, value));
  }

  bert::PackedMaskOp op_;
  mlir::OpBuilder builder_;
  RankedTensorType type_;
};

struct BertPackedAttentionMask
    : impl::BertPackedAttentionMaskBase<BertPackedAttentionMask> {
  using BertPackedAttentionMaskBase::BertPackedAttentionMaskBase;

  void runOnOperation() override {
    if (form != "explicit" && form != "ranges") {
      getOperation().emitError()
          << "form is '" << form << "', expected explicit or ranges";
      return signalPassFailure();
    }
    getOperation().walk([&](bert::PackedMaskOp op) {
      Expansion expansion(op);
      op.getMask().replaceAllUsesWith(
          form == "ranges" ? expansion.rangeMask() : expansion.explicitMask());
      op.erase();
      ++numMasks;
    });
  }
};

} // namespace
} // namespace bertc
