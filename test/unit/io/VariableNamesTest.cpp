// SPDX-License-Identifier: Apache-2.0
//
// The two namings of BERT's variables.
#include "io/VariableNames.h"
#include "test/unit/io/TestSupport.h"

namespace bertc {
namespace {

struct Row {
  const char *theirs;
  const char *ours;
  bool transposed;
};

constexpr Row kRows[] = {
    {"bert.embeddings.word_embeddings.weight",
     "bert/embeddings/word_embeddings", false},
    {"bert.embeddings.token_type_embeddings.weight",
     "bert/embeddings/token_type_embeddings", false},
    {"bert.embeddings.position_embeddings.weight",
     "bert/embeddings/position_embeddings", false},
    {"bert.embeddings.LayerNorm.weight", "bert/embeddings/LayerNorm/gamma",
     false},
    {"bert.encoder.layer.0.attention.self.query.weight",
     "bert/encoder/layer_0/attention/self/query/kernel", true},
    {"bert.encoder.layer.23.attention.self.key.bias",
     "bert/encoder/layer_23/attention/self/key/bias", false},
    {"bert.encoder.layer.3.attention.self.value.weight",
     "bert/encoder/layer_3/attention/self/value/kernel", true},
    {"bert.encoder.layer.3.attention.output.dense.weight",
     "bert/encoder/layer_3/attention/output/dense/kernel", true},
    {"bert.encoder.layer.3.attention.output.LayerNorm.bias",
     "bert/encoder/layer_3/attention/output/LayerNorm/beta", false},
    {"bert.encoder.layer.3.intermediate.dense.weight",
     "bert/encoder/layer_3/intermediate/dense/kernel", true},
    {"bert.encoder.layer.3.output.dense.bias",
     "bert/encoder/layer_3/output/dense/bias", false},
    {"bert.encoder.layer.3.output.LayerNorm.weight",
     "bert/encoder/layer_3/output/LayerNorm/gamma", false},
    {"bert.pooler.dense.weight", "bert/pooler/dense/kernel", true},
    {"cls.predictions.transform.dense.weight",
     "cls/predictions/transform/dense/kernel", true},
    {"cls.predictions.transform.LayerNorm.bias",
     "cls/predictions/transform/LayerNorm/beta", false},
    {"cls.predictions.bias", "cls/predictions/output_bias", false},
    {"cls.seq_relationship.weight", "cls/seq_relationship/output_weights",
     false},
    {"cls.seq_relationship.bias", "cls/seq_relationship/output_bias", false},
    {"classifier.weight", "output_weights", false},
    {"classifier.bias", "output_bias", false},
    {"qa_outputs.weight", "cls/squad/output_weights", false},
    {"qa_outputs.bias", "cls/squad/output_bias", false},
};

TEST(VariableNames, MapBothWays) {
  for (const Row &row : kRows) {
    MappedName mapped;
    ASSERT_EQ(fromHuggingFace(row.theirs, &mapped), ForeignName::Variable)
        << row.theirs;
    EXPECT_EQ(mapped.name, row.ours);
    EXPECT_EQ(mapped.transposed, row.transposed);
    auto back = toHuggingFace(row.ours);
    ASSERT_TRUE(back.has_value()) << row.ours;
    EXPECT_EQ(back->name, row.theirs);
    EXPECT_EQ(back->transposed, row.transposed);
  }
}

TEST(VariableNames, BareModelsAndOldNormNames) {
  MappedName mapped;
  EXPECT_EQ(fromHuggingFace("embeddings.LayerNorm.gamma", &mapped),
            ForeignName::Variable);
  EXPECT_EQ(mapped.name, "bert/embeddings/LayerNorm/gamma");
  EXPECT_EQ(fromHuggingFace("encoder.layer.5.output.LayerNorm.beta", &mapped),
            ForeignName::Variable);
  EXPECT_EQ(mapped.name, "bert/encoder/layer_5/output/LayerNorm/beta");
  EXPECT_EQ(fromHuggingFace("pooler.dense.bias", &mapped),
            ForeignName::Variable);
  EXPECT_EQ(toHuggingFace("bert/pooler/dense/bias", true)->name,
            "pooler.dense.bias");
  EXPECT_EQ(toHuggingFace("cls/predictions/output_bias", true)->name,
            "cls.predictions.bias");
}

TEST(VariableNames, RedundantAndUnknown) {
  MappedName mapped;
  for (const char *name :
       {"bert.embeddings.position_ids", "embeddings.position_ids",
        "cls.predictions.decoder.weight", "cls.predictions.decoder.bias"}) {
    EXPECT_EQ(fromHuggingFace(name, &mapped), ForeignName::Redundant) << name;
  }
  for (const char *name : {"", "bert", "bert.encoder.layer..output.dense.bias",
                           "bert.encoder.layer.x.output.dense.bias",
                           "bert.encoder.layer.01.output.dense.bias",
                           "bert.encoder.layer.12345.output.dense.bias",
                           "bert.encoder.layer.1.output.dense.bias.x",
                           "roberta.pooler.dense.bias", "lm_head.weight"}) {
    EXPECT_EQ(fromHuggingFace(name, &mapped), ForeignName::Unknown) << name;
  }
  EXPECT_FALSE(toHuggingFace("global_step").has_value());
  EXPECT_FALSE(toHuggingFace("bert/pooler/dense/bias/adam_m").has_value());
}

TEST(VariableNames, TrainingState) {
  EXPECT_TRUE(isTrainingState("global_step"));
  EXPECT_TRUE(isTrainingState("bert/pooler/dense/bias/adam_v"));
  EXPECT_TRUE(isTrainingState("bert/pooler/dense/bias/accum"));
  EXPECT_TRUE(isTrainingState("bertc/run_state"));
  EXPECT_FALSE(isTrainingState("bert/pooler/dense/bias"));
}

} // namespace
} // namespace bertc
