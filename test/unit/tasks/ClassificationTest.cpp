// SPDX-License-Identifier: Apache-2.0
#include "tasks/Classification.h"

#include <random>

#include "test/unit/tasks/TaskTesting.h"

namespace bertc {
namespace {

const char header[] = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n";

class ClassificationTest : public ::testing::Test {
protected:
  ClassificationTest() : tokenizer_(testTokenizer()) {}

  /// A file of `text` with the columns of MRPC.
  StatusOr<ClassificationData> read(const std::string &text,
                                    DataSplit split = DataSplit::Train) {
    folder_.write(split == DataSplit::Test ? "test.tsv" : "train.tsv", text);
    StatusOr<ClassificationSource> source = mrpcSource(folder_.path(), split);
    EXPECT_TRUE(source.ok()) << source.status().message();
    return readClassification(*source, tokenizer_, options_);
  }

  void expectError(const StatusOr<ClassificationData> &data,
                   const std::string &message) {
    ASSERT_FALSE(data.ok());
    EXPECT_EQ(data.status().message(), folder_.file("train.tsv") + message);
  }

  /// [CLS] a [SEP] b [SEP], cut one token at a time as the reference does.
  FeatureTokens expected(const std::string &a, const std::string &b) {
    std::vector<int32_t> first = idsOf(tokenizer_, a);
    std::vector<int32_t> second = idsOf(tokenizer_, b);
    auto most = static_cast<size_t>(options_.maxSequenceLength);
    if (second.empty()) {
      first.resize(std::min(first.size(), most - 2));
    }
    while (!second.empty() && first.size() + second.size() > most - 3) {
      (first.size() > second.size() ? first : second).pop_back();
    }
    const Vocabulary &vocabulary = tokenizer_.vocabulary();
    FeatureTokens tokens;
    auto add = [&](int32_t id, int32_t segment) {
      tokens.ids.push_back(id);
      tokens.segments.push_back(segment);
    };
    add(vocabulary.clsId(), 0);
    for (int32_t id : first) {
      add(id, 0);
    }
    add(vocabulary.sepId(), 0);
    for (int32_t id : second) {
      add(id, 1);
    }
    if (!idsOf(tokenizer_, b).empty()) {
      add(vocabulary.sepId(), 1);
    }
    return tokens;
  }

  TestFolder folder_;
  WordPieceTokenizer tokenizer_;
  ClassificationOptions options_;
};

std::vector<std::string> genesisLines() {
  std::istringstream text(TestFolder::readPath(genesisPath));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (!line.empty()) {
      lines.push_back(line);
    }
  }
  return lines;
}

TEST_F(ClassificationTest, FeaturesAreTheReferencesAtAnyNumberOfThreads) {
  std::vector<std::string> lines = genesisLines();
  ASSERT_GT(lines.size(), 50U);
  std::mt19937 random(5);
  std::string text = std::string("\xef\xbb\xbf") + header;
  std::vector<std::pair<std::string, std::string>> pairs;
  for (int i = 0; i < 1500; ++i) {
    std::string a = lines[random() % lines.size()];
    std::string b = i % 50 == 0 ? "" : lines[random() % lines.size()];
    b += i % 7 == 0 ? " \"" + a : "";
    pairs.emplace_back(a, b);
    text +=
        std::to_string(i % 3 == 0 ? 0 : 1) + "\t1\t2\t" + a + "\t" + b + "\r\n";
  }
  options_.maxSequenceLength = 48;
  options_.labels = mrpcLabels();
  for (int jobs : {1, 3}) {
    options_.jobs = jobs;
    StatusOr<ClassificationData> data = read(text);
    ASSERT_TRUE(data.ok()) << data.status().message();
    ASSERT_EQ(data->features.size(), pairs.size());
    EXPECT_TRUE(data->hasLabels);
    uint64_t cut = 0;
    for (size_t i = 0; i < pairs.size(); ++i) {
      FeatureTokens found = tokensOf(data->features, i);
      FeatureTokens wanted = expected(pairs[i].first, pairs[i].second);
      ASSERT_EQ(found.ids, wanted.ids) << i;
      ASSERT_EQ(found.segments, wanted.segments) << i;
      EXPECT_EQ(data->features.target(i, 0), i % 3 == 0 ? 0 : 1);
      cut += found.ids.size() == 48 ? 1 : 0;
    }
    EXPECT_GE(cut, data->features.truncated());
    EXPECT_GT(data->features.truncated(), 100U);
  }
}

TEST_F(ClassificationTest, TruncationIsOneTokenAtATime) {
  for (size_t most = 0; most < 20; ++most) {
    for (size_t a = 0; a < 24; ++a) {
      for (size_t b = 0; b < 24; ++b) {
        size_t lengthA = a, lengthB = b;
        while (lengthA + lengthB > most) {
          (lengthA > lengthB ? lengthA : lengthB) -= 1;
        }
        size_t foundA = a, foundB = b;
        truncatePair(most, &foundA, &foundB);
        ASSERT_EQ(foundA, lengthA) << a << " " << b << " to " << most;
        ASSERT_EQ(foundB, lengthB);
      }
    }
  }
}

TEST_F(ClassificationTest, RawCorpusWhereGlueIsMissing) {
  folder_.write("msr_paraphrase_train.txt",
                std::string(header) + "1\t1\t2\tx\ty\n");
  folder_.write("msr_paraphrase_test.txt",
                std::string(header) + "0\t1\t2\tx\ty\n");
  for (DataSplit split : {DataSplit::Train, DataSplit::Dev, DataSplit::Test}) {
    StatusOr<ClassificationSource> source = mrpcSource(folder_.path(), split);
    ASSERT_TRUE(source.ok());
    StatusOr<ClassificationData> data =
        readClassification(*source, tokenizer_, options_);
    ASSERT_TRUE(data.ok()) << data.status().message();
    EXPECT_EQ(data->features.size(), 1U);
    EXPECT_EQ(data->hasLabels, split != DataSplit::Test);
  }
}

TEST_F(ClassificationTest, MissingFolder) {
  std::string glue = folder_.file("dev.tsv");
  std::string corpus = folder_.file("msr_paraphrase_test.txt");
  StatusOr<ClassificationSource> source =
      mrpcSource(folder_.path(), DataSplit::Dev);
  EXPECT_EQ(source.status().code(), StatusCode::NotFound);
  EXPECT_EQ(source.status().message(),
            "neither " + glue + " nor " + corpus +
                " exists; --data-dir names the folder of MRPC");
}

TEST_F(ClassificationTest, TestFileHasNoLabels) {
  StatusOr<ClassificationData> data =
      read("index\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t1\t2\tx\ty\n",
           DataSplit::Test);
  ASSERT_TRUE(data.ok()) << data.status().message();
  EXPECT_FALSE(data->hasLabels);
  EXPECT_EQ(data->labels.size(), 0U);
  EXPECT_EQ(data->features.target(0, 0), 0);
}

TEST_F(ClassificationTest, LabelsFoundAreSorted) {
  ClassificationSource source;
  source.path = folder_.write("a.tsv", "text\tkind\nx\tneutral\ny\tentails\n"
                                       "z\tneutral\nw\tcontradicts\n");
  source.textColumns = {"text"};
  source.labelColumn = "kind";
  StatusOr<ClassificationData> data =
      readClassification(source, tokenizer_, options_);
  ASSERT_TRUE(data.ok()) << data.status().message();
  EXPECT_EQ(data->labels.names(),
            (std::vector<std::string>{"contradicts", "entails", "neutral"}));
  std::vector<int32_t> ids;
  for (size_t i = 0; i < 4; ++i) {
    ids.push_back(data->features.target(i, 0));
  }
  EXPECT_EQ(ids, (std::vector<int32_t>{2, 1, 2, 0}));
  EXPECT_EQ(tokensOf(data->features, 0).ids, expected("x", "").ids);
}

TEST_F(ClassificationTest, WholeNumbersAreSortedByValue) {
  EXPECT_EQ(LabelList::found({"10", "9", "-1", "9"}).names(),
            (std::vector<std::string>{"-1", "9", "10"}));
  EXPECT_EQ(LabelList::found({"10", "9", "x"}).names(),
            (std::vector<std::string>{"10", "9", "x"}));
}

TEST_F(ClassificationTest, UnknownLabel) {
  options_.labels = mrpcLabels();
  expectError(read(std::string(header) + "1\t1\t2\tx\ty\n2\t1\t2\tx\ty\n"),
              ":3: label '2' is none of '0', '1'");
}

TEST_F(ClassificationTest, EmptyLabel) {
  expectError(read(std::string(header) + "\t1\t2\tx\ty\n"),
              ":2: column '1' has no label");
}

TEST_F(ClassificationTest, HeaderAlone) {
  expectError(read(header), ": no examples behind the header");
}

TEST_F(ClassificationTest, MissingColumn) {
  expectError(read("Quality\t#1 ID\t#2 ID\t#1 String\n1\t1\t2\tx\n"),
              ": no column number '5'; the file has 4 columns ('Quality', "
              "'#1 ID', '#2 ID', '#1 String')");
}

TEST_F(ClassificationTest, TooShortSequences) {
  options_.maxSequenceLength = 2;
  EXPECT_EQ(read(header).status().message(),
            "sequences of 2 tokens, expected at least 3");
}

TEST_F(ClassificationTest, TextColumnsOfAFlag) {
  EXPECT_EQ(*parseTextColumns("a"), std::vector<std::string>{"a"});
  EXPECT_EQ(*parseTextColumns(" first one , 2"),
            (std::vector<std::string>{"first one", "2"}));
  for (const char *bad : {"", "a,", ",b", "a,b,c"}) {
    EXPECT_EQ(parseTextColumns(bad).status().message(),
              std::string("text columns '") + bad +
                  "': expected one or two names or numbers");
  }
}

TEST_F(ClassificationTest, LabelListInAndOut) {
  LabelList labels = *LabelList::ofNames({"yes", "no way"});
  std::string path = folder_.file("labels.txt");
  ASSERT_TRUE(labels.save(path).ok());
  EXPECT_EQ(folder_.read("labels.txt"), "yes\nno way\n");
  EXPECT_EQ(LabelList::load(path)->names(), labels.names());
  EXPECT_EQ(labels.id("no way"), 1);
  EXPECT_EQ(labels.id("no"), -1);
  EXPECT_EQ(LabelList::ofNames({"a", "b", "a"}).status().message(),
            "label 'a' is given twice");
  EXPECT_EQ(LabelList::ofNames({}).status().message(), "no labels were given");
  folder_.write("labels.txt", "yes\n\n");
  EXPECT_EQ(LabelList::load(path).status().message(),
            path + ": a label is empty");
}

} // namespace
} // namespace bertc
