// SPDX-License-Identifier: Apache-2.0
//
// Where the parts of a Hugging Face folder are found.
#include "run/ModelFolder.h"

#include "io/Files.h"
#include "test/unit/io/TestSupport.h"

#include <gmock/gmock.h>

namespace bertc {
namespace {

using test::errorOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kWords = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";

class ModelFolderTest : public testing::Test {
protected:
  void put(const std::string &name, const std::string &content) {
    test::put(folder_.file(name), content);
  }

  test::TemporaryFolder folder_;
  std::string input_ = folder_.file("model.ckpt-7");
  ModelFolderSources sources_;
};

TEST_F(ModelFolderTest, FindsEverythingBesideTheWeights) {
  put("bert_config.json", R"({"vocab_size": 8})");
  put("vocab.txt", kWords + "a\r\n");
  EXPECT_THAT(errorOf(findModelFolder(input_, sources_)),
              HasSubstr("ends in CR LF"));
  put("vocab.txt", kWords + "a");
  put("labels.txt", "no\nyes\n");
  for (const std::string &input : {input_, folder_.path()}) {
    auto options = findModelFolder(input, sources_);
    ASSERT_OK(options);
    EXPECT_EQ(options->configName, folder_.file("bert_config.json"));
    EXPECT_EQ(options->vocabulary, kWords + "a\n");
    EXPECT_TRUE(options->lowerCase);
    EXPECT_THAT(options->tokenizerFiles, IsEmpty());
    EXPECT_THAT(options->labels, ElementsAre("no", "yes"));
  }
}

TEST_F(ModelFolderTest, TakesOverATokenizerUnlessFlagsSayOtherwise) {
  put("config.json", R"({"vocab_size": 5})");
  put("bert_config.json", "not looked at");
  put("vocab.txt", kWords);
  put("tokenizer_config.json", R"({"do_lower_case": false})");
  put("tokenizer.json", "{}");
  auto options = findModelFolder(input_, sources_);
  ASSERT_OK(options);
  EXPECT_THAT(options->tokenizerFiles,
              ElementsAre(folder_.file("tokenizer_config.json"),
                          folder_.file("tokenizer.json")));
  EXPECT_FALSE(options->lowerCase);
  sources_.vocabFile = folder_.file("vocab.txt");
  options = findModelFolder(input_, sources_);
  ASSERT_OK(options);
  EXPECT_THAT(options->tokenizerFiles, IsEmpty());
  EXPECT_FALSE(options->lowerCase);
  sources_.lowerCase = true;
  options = findModelFolder(input_, sources_);
  ASSERT_OK(options);
  EXPECT_TRUE(options->lowerCase);
}

TEST_F(ModelFolderTest, SaysWhichFlagNamesWhatIsMissing) {
  EXPECT_THAT(errorOf(findModelFolder(input_, sources_)),
              HasSubstr("give --config or --plan"));
  put("config.json", R"({"vocab_size": 200})");
  EXPECT_THAT(errorOf(findModelFolder(input_, sources_)),
              HasSubstr("give --vocab-file"));
  put("vocab.txt", kWords);
  EXPECT_EQ(errorOf(findModelFolder(input_, sources_)),
            folder_.file("vocab.txt") + ": 5 tokens, " +
                folder_.file("config.json") +
                " has vocab_size 200; give the vocabulary of the model");
  sources_.plan = folder_.file("no.plan");
  EXPECT_THAT(errorOf(findModelFolder(input_, sources_)), HasSubstr("no.plan"));
}

} // namespace
} // namespace bertc
