// SPDX-License-Identifier: Apache-2.0
//
// What the reference's precision lists are matched with: the TensorFlow type
// and the scope name of every operation.
#include "dialects/bert/BertOps.h"

#include "gtest/gtest.h"

#include <map>
#include <set>

using namespace mlir;

namespace bertc::bert {
namespace {

/// Every operation but variable, which stands for no TensorFlow operation, and
/// compare, whose type depends on its predicate.
const std::map<std::string, std::string> kTfTypes = {
    {"accumulate", "AssignAdd"},
    {"adamw_update", "ResourceApplyAdamWithWeightDecay"},
    {"add", "AddV2"},
    {"add_n", "AddN"},
    {"all_reduce", "HorovodAllreduce"},
    {"all_reduce_settle", "HorovodAllreduce"},
    {"argmax", "ArgMax"},
    {"assign", "AssignVariableOp"},
    {"attention", "_FusedAttention"},
    {"attention_grad", "_FusedAttentionGrad"},
    {"attention_softmax", "HabanaMaskedSoftmax"},
    {"attention_softmax_grad", "HabanaMaskedSoftmaxGrad"},
    {"batch_matmul", "BatchMatMulV2"},
    {"bias_add", "BiasAdd"},
    {"bias_add_grad", "BiasAddGrad"},
    {"broadcast_to", "BroadcastTo"},
    {"cast", "Cast"},
    {"concat", "ConcatV2"},
    {"constant", "Const"},
    {"cross_entropy", "SparseSoftmaxCrossEntropyWithLogits"},
    {"cross_entropy_grad", "SparseSoftmaxCrossEntropyWithLogitsGrad"},
    {"div", "RealDiv"},
    {"dropout", "HabanaDropout"},
    {"dropout_grad", "HabanaDropoutGrad"},
    {"exp", "Exp"},
    {"gather", "GatherV2"},
    {"gather_grad", "UnsortedSegmentSum"},
    {"gather_grad_add", "UnsortedSegmentSum"},
    {"gelu", "HabanaGelu"},
    {"gelu_backward", "HabanaGeluGrad"},
    {"gelu_grad", "HabanaGeluGrad"},
    {"gelu_with_derivative", "HabanaGelu"},
    {"identity", "Identity"},
    {"key_ranges", "PackedKeyRanges"},
    {"l2_loss", "L2Loss"},
    {"lamb_update", "ResourceApplyLamb"},
    {"layer_norm", "HabanaLayerNorm"},
    {"layer_norm_grad", "HabanaLayerNormGrad"},
    {"log", "Log"},
    {"log_softmax", "LogSoftmax"},
    {"log_softmax_grad", "HabanaLogSoftmaxGrad"},
    {"matmul", "MatMul"},
    {"matmul_bias", "_FusedMatMul"},
    {"matmul_bias_grad", "_FusedMatMul"},
    {"matmul_epilogue", "_FusedMatMul"},
    {"matmul_group", "_FusedMatMul"},
    {"maximum", "Maximum"},
    {"minimum", "Minimum"},
    {"mul", "Mul"},
    {"neg", "Neg"},
    {"nll", "GatherNd"},
    {"nll_grad", "ScatterNd"},
    {"packed_mask", "PackedAttentionMask"},
    {"range_mask", "PackedRangeMask"},
    {"read", "ReadVariableOp"},
    {"reduce_max", "Max"},
    {"reduce_mean", "Mean"},
    {"reduce_sum", "Sum"},
    {"relu", "Relu"},
    {"relu_grad", "ReluGrad"},
    {"reshape", "Reshape"},
    {"residual_layer_norm", "HabanaLayerNorm"},
    {"residual_layer_norm_grad", "HabanaLayerNormGrad"},
    {"row_numbers", "RowNumbers"},
    {"rsqrt", "Rsqrt"},
    {"select", "SelectV2"},
    {"slice", "StridedSlice"},
    {"slice_grad", "StridedSliceGrad"},
    {"softmax", "Softmax"},
    {"softmax_grad", "HabanaSoftmaxGrad"},
    {"sqrt", "Sqrt"},
    {"sub", "Sub"},
    {"tanh", "Tanh"},
    {"tanh_grad", "TanhGrad"},
    {"transpose", "Transpose"},
};

class BertInterfacesTest : public testing::Test {
protected:
  BertInterfacesTest() { context_.loadDialect<BertDialect>(); }

  /// An operation without operands, which interfaces do not mind.
  OwningOpRef<Operation *> make(StringRef name) {
    return Operation::create(OperationState(UnknownLoc::get(&context_), name));
  }

  MLIRContext context_{MLIRContext::Threading::DISABLED};
};

TEST_F(BertInterfacesTest, EveryOperationHasItsTensorFlowType) {
  std::set<std::string> seen;
  for (RegisteredOperationName name :
       context_.getRegisteredOperationsByDialect("bert")) {
    std::string mnemonic = name.stripDialect().str();
    if (mnemonic == "variable" || mnemonic == "compare") {
      continue;
    }
    ASSERT_TRUE(kTfTypes.count(mnemonic)) << mnemonic;
    OwningOpRef<Operation *> op = make(name.getStringRef());
    auto tf = dyn_cast<TfOpInterface>(op.get());
    ASSERT_TRUE(tf) << mnemonic;
    EXPECT_EQ(tf.getTfOpType().str(), kTfTypes.at(mnemonic)) << mnemonic;
    seen.insert(mnemonic);
  }
  EXPECT_EQ(seen.size(), kTfTypes.size());
}

TEST_F(BertInterfacesTest, CompareHasOneTypeForEachPredicate) {
  const std::map<Predicate, std::string> expected = {
      {Predicate::Eq, "Equal"},   {Predicate::Ne, "NotEqual"},
      {Predicate::Lt, "Less"},    {Predicate::Le, "LessEqual"},
      {Predicate::Gt, "Greater"}, {Predicate::Ge, "GreaterEqual"}};
  for (const auto &[predicate, name] : expected) {
    OwningOpRef<Operation *> op = make("bert.compare");
    cast<CompareOp>(op.get()).setPredicate(predicate);
    EXPECT_EQ(cast<TfOpInterface>(op.get()).getTfOpType().str(), name);
  }
}

TEST_F(BertInterfacesTest, ScopeIsSetAndTakenAway) {
  OwningOpRef<Operation *> op = make("bert.exp");
  auto tf = cast<TfOpInterface>(op.get());
  EXPECT_FALSE(tf.getScopeAttr());
  tf.setScopeAttr(StringAttr::get(&context_, "bert/pooler/Exp"));
  EXPECT_EQ(tf.getScopeAttr().getValue().str(), "bert/pooler/Exp");
  tf.setScopeAttr(StringAttr());
  EXPECT_FALSE(tf.getScopeAttr());
}

} // namespace
} // namespace bertc::bert
