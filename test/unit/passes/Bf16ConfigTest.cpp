// SPDX-License-Identifier: Apache-2.0
//
// Reading lists of bf16 operations: what they say, and where each mistake is.
#include "passes/precision/Bf16Config.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bertc {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// The message for a text that must be refused.
std::string errorOf(std::string_view text) {
  StatusOr<Bf16Config> config = Bf16Config::parse(text, "lists.json");
  EXPECT_FALSE(config.ok()) << text;
  EXPECT_EQ(config.status().code(), StatusCode::Corrupt);
  return config.status().message();
}

TEST(Bf16Config, BuiltInListsAreTheReferences) {
  const Bf16Config &config = Bf16Config::builtIn();
  for (const char *type : {"MatMul",
                           "BatchMatMul",
                           "BatchMatMulV2",
                           "BiasAdd",
                           "BiasAddGrad",
                           "EuclideanNorm",
                           "Exp",
                           "HabanaDropout",
                           "HabanaDropoutGrad",
                           "HabanaDropoutStateful",
                           "HabanaGelu",
                           "HabanaGeluGrad",
                           "HabanaLayerNorm",
                           "HabanaLayerNormV2",
                           "HabanaLayerNormGrad",
                           "HabanaLayerNormGradV2",
                           "HabanaMaskedSoftmax",
                           "HabanaSoftmaxGrad",
                           "HabanaLogSoftmaxGrad",
                           "HorovodAllgather",
                           "HorovodAllreduce",
                           "L2Loss",
                           "Log",
                           "LogSoftmax",
                           "Softmax",
                           "Sum",
                           "Tanh",
                           "TanhGrad"}) {
    EXPECT_EQ(config.listOf(type), Bf16List::Allow) << type;
  }
  for (const char *type :
       {"Add", "AddV2", "AddN", "ExpandDims", "Identity", "Neg", "Reshape",
        "Slice", "Split", "StridedSliceGrad", "Transpose"}) {
    EXPECT_EQ(config.listOf(type), Bf16List::Conditional) << type;
  }
  EXPECT_EQ(config.listOf("Mul"), Bf16List::None);
  ASSERT_EQ(config.nonConvertible().size(), 1u);
  EXPECT_EQ(config.nonConvertible()[0].pattern, ".*KEEP_FP32_PRECISION.*");
  EXPECT_EQ(config.convertible().size(), 6u);
}

TEST(Bf16Config, ReadsAllKeysAndBothSpellings) {
  auto config = Bf16Config::parse(
      R"({"allow_list": ["A", "A"], "conditional_list": ["B"],
          "strict_conditional_list": ["C"],
          "non_convertible_exceptions": [["x", ""]],
          "convertible_exceptions": [["y", "Mul"], ["z", ""]]})",
      "lists.json");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->listOf("A"), Bf16List::Allow);
  EXPECT_EQ(config->listOf("B"), Bf16List::Conditional);
  EXPECT_EQ(config->listOf("C"), Bf16List::StrictConditional);
  EXPECT_EQ(config->convertible()[0].opType, "Mul");
  EXPECT_EQ(config->convertible()[1].line, 4u);
}

TEST(Bf16Config, EmptyObjectKeepsEverythingInF32) {
  auto config = Bf16Config::parse("{}", "lists.json");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->listOf("MatMul"), Bf16List::None);
}

TEST(Bf16Config, ExceptionsSearchTheScopeAndCompareTheType) {
  auto config = Bf16Config::parse(
      R"({"convertible_exceptions": [["layer_[0-9]+/Mul", "Mul"],
                                     ["^add$", ""], [".*KEEP.*", ""]]})",
      "lists.json");
  ASSERT_TRUE(config.ok());
  const Bf16Exception &part = config->convertible()[0];
  EXPECT_TRUE(part.matches("gradients/layer_11/Mul_grad", "Mul"));
  EXPECT_FALSE(part.matches("gradients/layer_11/Mul_grad", "Add"));
  EXPECT_FALSE(part.matches("layer_/Mul", "Mul"));
  const Bf16Exception &whole = config->convertible()[1];
  EXPECT_TRUE(whole.matches("add", "AddV2"));
  EXPECT_FALSE(whole.matches("add_1", "AddV2"));
  EXPECT_TRUE(config->convertible()[2].matches("a/KEEP/b", "X"));
  EXPECT_FALSE(config->convertible()[2].matches("a/keep/b", "X"));
}

TEST(Bf16Config, NamesUnknownKeysWithTheirPlace) {
  EXPECT_THAT(errorOf("{\n  \"allowlist\": [],\n  \"blocklist\": []\n}"),
              StartsWith("lists.json:3:3: unknown key 'blocklist', expected "));
}

TEST(Bf16Config, RefusesAKeyTwiceInEitherSpelling) {
  EXPECT_EQ(errorOf("{\"allowlist\": [],\n \"allow_list\": []}"),
            "lists.json:2:2: key 'allow_list' is given a second time, the "
            "first is in line 1");
}

TEST(Bf16Config, RefusesAnOperationInTwoLists) {
  EXPECT_EQ(errorOf("{\"allowlist\": [\"MatMul\"],\n"
                    " \"conditional_list\": [\"Add\",\n  \"MatMul\"]}"),
            "lists.json:3:3: operation type 'MatMul' is in 'allowlist' and in "
            "'conditional_list', expected one list at most");
}

TEST(Bf16Config, RefusesBadRegularExpressions) {
  EXPECT_THAT(errorOf("{\"convertible_exceptions\": [[\"ok\", \"\"],\n"
                      "  [\"layer_[0-9\", \"Mul\"]]}"),
              StartsWith("lists.json:2:4: 'layer_[0-9' in "
                         "'convertible_exceptions' is no regular expression"));
}

TEST(Bf16Config, RefusesOtherTypes) {
  EXPECT_THAT(errorOf("[]"),
              StartsWith("lists.json:1:1: found a list, expected an object"));
  EXPECT_EQ(errorOf("{\"allowlist\": \"MatMul\"}"),
            "lists.json:1:15: found a string in 'allowlist', expected a list");
  EXPECT_EQ(errorOf("{\"allowlist\": [\"A\", 12, \"B\"]}"),
            "lists.json:1:21: found a number in 'allowlist', expected a "
            "TensorFlow operation type as a string");
  EXPECT_EQ(errorOf("{\"allowlist\": [null]}"),
            "lists.json:1:16: found null in 'allowlist', expected a TensorFlow "
            "operation type as a string");
  EXPECT_THAT(errorOf("{\"convertible_exceptions\": [\"x\"]}"),
              HasSubstr("1:29: found a string in 'convertible_exceptions', "
                        "expected a pair"));
  EXPECT_THAT(errorOf("{\"convertible_exceptions\": [[\"x\"]]}"),
              HasSubstr("1:29: found 1 strings"));
  EXPECT_THAT(errorOf("{\"convertible_exceptions\": [[\"x\", true]]}"),
              HasSubstr("1:35: found true"));
  EXPECT_THAT(errorOf("{\"allowlist\": [\"\"]}"), HasSubstr("is empty"));
}

TEST(Bf16Config, CountsEscapesWhenItNamesAPlace) {
  EXPECT_THAT(errorOf("{\"allowlist\": [\"a\\\"\\\\\", \"b\\\"c\", 1]}"),
              StartsWith("lists.json:1:33: found a number"));
}

TEST(Bf16Config, RefusesWhatIsNoJson) {
  EXPECT_THAT(errorOf("{\n\"allowlist\": [\"A\",]}"),
              StartsWith("lists.json:2:19: not valid JSON"));
  EXPECT_THAT(errorOf(""), StartsWith("lists.json:1:1: not valid JSON"));
}

TEST(Bf16Config, NamesAFileThatIsMissing) {
  auto config = Bf16Config::load("/no/such/lists.json");
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.status().code(), StatusCode::NotFound);
  EXPECT_THAT(config.status().message(), HasSubstr("/no/such/lists.json"));
}

} // namespace
} // namespace bertc
