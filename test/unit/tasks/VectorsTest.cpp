// SPDX-License-Identifier: Apache-2.0
//
// Pooling and output of vectors.
#include "tasks/Pooling.h"
#include "tasks/VectorOutput.h"

#include <cmath>
#include <cstring>

#include "io/SafeTensors.h"
#include "test/unit/tasks/TaskTesting.h"

namespace bertc {
namespace {

TEST(Pooling, MeanOfTheTokens) {
  const float tokens[] = {1, 10, 3, 20, 5, 60, 999, 999};
  float mean[2];
  meanPool(tokens, 3, 2, mean);
  EXPECT_EQ(mean[0], 3);
  EXPECT_EQ(mean[1], 30);
}

TEST(Pooling, NormalizedVectorsHaveLengthOne) {
  float vector[] = {3, -4};
  l2Normalize(vector, 2);
  EXPECT_FLOAT_EQ(vector[0], 0.6F);
  EXPECT_FLOAT_EQ(vector[1], -0.8F);
  float zero[] = {0, 0};
  l2Normalize(zero, 2);
  EXPECT_EQ(zero[0], 0);
}

TEST(Pooling, TopTokensAreSortedAndTiesGoToTheLowerId) {
  const float scores[] = {-3, NAN, -1, -2, -1};
  std::vector<int32_t> ids;
  for (const ScoredToken &token : topTokens(scores, 5, 3)) {
    ids.push_back(token.id);
  }
  EXPECT_EQ(ids, (std::vector<int32_t>{2, 4, 3}));
  EXPECT_EQ(topTokens(scores, 5, 9).size(), 5U);
  EXPECT_EQ(topTokens(scores, 5, 9)[4].id, 1);
  EXPECT_EQ(topTokens(scores, 5, 1)[0].score, -1);
}

TEST(VectorOutput, JsonLines) {
  const float values[] = {0.1F, -2, 1e-7F, NAN};
  EXPECT_EQ(vectorJsonLine(3, "a \"b\"\u00e9", values, 1, 3, false),
            "{\"index\": 3, \"text\": \"a \\\"b\\\"\u00e9\", \"vector\": [0.1, "
            "-2, 1e-07]}");
  EXPECT_EQ(vectorJsonLine(0, "", values, 2, 2, true),
            "{\"index\": 0, \"text\": \"\", \"vectors\": [[0.1, -2], [1e-07, "
            "null]]}");
}

TEST(VectorOutput, OneVectorASequence) {
  TestFolder folder;
  VectorSet vectors;
  vectors.hidden = 2;
  vectors.counts = {1, 1, 1};
  vectors.values = {1, 2, 3, 4, 5, 6};
  std::string path = folder.file("v.safetensors");
  ASSERT_TRUE(writeVectors(path, vectors, "mean").ok());
  StatusOr<SafeTensorsFile> file = SafeTensorsFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  const TensorView *tensor = file->find("embeddings");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->info.shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(std::memcmp(tensor->data, vectors.values.data(), 24), 0);
  EXPECT_EQ(file->metadata().at("pooling"), "mean");
}

TEST(VectorOutput, OneVectorAToken) {
  TestFolder folder;
  VectorSet vectors;
  vectors.hidden = 1;
  vectors.perToken = true;
  vectors.counts = {2, 0, 1};
  vectors.values = {1, 2, 3};
  std::string path = folder.file("v.safetensors");
  ASSERT_TRUE(writeVectors(path, vectors, "none").ok());
  StatusOr<SafeTensorsFile> file = SafeTensorsFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->find("token_embeddings")->info.shape,
            (std::vector<int64_t>{3, 1}));
  const TensorView *offsets = file->find("offsets");
  ASSERT_NE(offsets, nullptr);
  const int64_t expected[] = {0, 2, 2, 3};
  ASSERT_EQ(offsets->bytes, sizeof(expected));
  EXPECT_EQ(std::memcmp(offsets->data, expected, sizeof(expected)), 0);
  vectors.values.pop_back();
  EXPECT_EQ(writeVectors(path, vectors, "none").message(),
            "2 values for 3 vectors of 1");
}

} // namespace
} // namespace bertc
