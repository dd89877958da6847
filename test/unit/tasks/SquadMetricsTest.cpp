// SPDX-License-Identifier: Apache-2.0
//
// Against the official rules in Python:
// test/golden/make_squad_metric_golden.py.
#include "tasks/SquadMetrics.h"

#include "test/unit/tasks/TaskTesting.h"

namespace bertc {
namespace {

/// The generator of the golden script.
class Lcg {
public:
  explicit Lcg(uint64_t seed) : state_(seed) {}
  size_t below(size_t bound) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state_ >> 33) % bound;
  }

private:
  uint64_t state_;
};

/// A data set and a file of predictions, as JSON.
struct Files {
  Json data, predictions;
};

Files makeCase(uint64_t seed, const std::vector<std::string> &pool,
               int questions) {
  Lcg random(seed);
  Files files;
  files.predictions = Json::object();
  Json qas = Json::array();
  for (int i = 0; i < questions; ++i) {
    std::string id = "q" + std::to_string(i);
    Json answers = Json::array();
    size_t count = 1 + random.below(3);
    for (size_t k = 0; k < count; ++k) {
      answers.push_back({{"text", pool[random.below(pool.size())]}});
    }
    size_t kind = random.below(8);
    std::string prediction = pool[random.below(pool.size())];
    if (kind == 1 || kind == 2) {
      prediction = answers.back()["text"].get<std::string>();
    } else if (kind == 3 || kind == 4) {
      prediction =
          "The " + answers[0]["text"].get<std::string>() + ", " + prediction;
    }
    if (kind != 0) {
      files.predictions[id] = prediction;
    }
    qas.push_back({{"id", id}, {"question", "?"}, {"answers", answers}});
  }
  Json paragraph = {{"context", ""}, {"qas", qas}};
  files.data["data"] =
      Json::array({{{"paragraphs", Json::array({paragraph})}}});
  return files;
}

TEST(SquadMetrics, NormalizeAsPythonDoes) {
  Json golden = loadGolden("squad-metric-golden.json");
  for (size_t i = 0; i < golden["pool"].size(); ++i) {
    auto text = golden["pool"][i].get<std::string>();
    EXPECT_EQ(normalizeAnswer(text), golden["normalized"][i].get<std::string>())
        << jsonLine(golden["pool"][i]);
  }
}

TEST(SquadMetrics, ThousandsOfFilesScoreAsTheOfficialScript) {
  Json golden = loadGolden("squad-metric-golden.json");
  auto pool = golden["pool"].get<std::vector<std::string>>();
  int questions = golden["questions"].get<int>();
  TestFolder folder;
  ASSERT_GE(golden["sha256"].size(), 4000U);
  for (size_t seed = 0; seed < golden["sha256"].size(); ++seed) {
    Files files = makeCase(seed, pool, questions);
    // New names: a file system may sync what is written over.
    std::string name = std::to_string(seed);
    StatusOr<SquadScores> scores = scoreSquadFiles(
        folder.write(name + "-data.json", jsonLine(files.data)),
        folder.write(name + ".json", jsonLine(files.predictions)));
    ASSERT_TRUE(scores.ok()) << scores.status().message();
    if (seed < golden["shown"].size()) {
      EXPECT_EQ(scores->json(), golden["shown"][seed].get<std::string>());
    }
    ASSERT_EQ(digest(scores->json()), golden["sha256"][seed].get<std::string>())
        << "seed " << seed << ": " << scores->json();
    EXPECT_EQ(scores->total, static_cast<uint64_t>(questions));
    EXPECT_EQ(scores->unanswered + files.predictions.size(), scores->total);
  }
}

std::string squadFile(const TestFolder &folder, const std::string &qas) {
  return folder.write("data.json", R"({"data":[{"paragraphs":[{"context":"x",)"
                                   R"("qas":[)" +
                                       qas + "]}]}]}");
}

TEST(SquadMetrics, QuestionsWithoutGoldAnswersDoNotCount) {
  TestFolder folder;
  std::string data = squadFile(
      folder, R"({"id":"a","question":"?","answers":[{"text":"The Night"}]},
                 {"id":"b","question":"?","answers":[]},
                 {"id":"c","question":"?","is_impossible":true,
                  "answers":[{"text":"plausible"}]},
                 {"id":"d","question":"?","answers":[{"text":"x"}]})");
  std::string out =
      folder.write("out.json", R"({"a":"night!","b":"x","c":"x"})");
  StatusOr<SquadScores> scores = scoreSquadFiles(data, out);
  ASSERT_TRUE(scores.ok()) << scores.status().message();
  EXPECT_EQ(scores->json(), R"({"exact_match": 50.0, "f1": 50.0})");
  EXPECT_EQ(scores->withoutGold, 2U);
  EXPECT_EQ(scores->unanswered, 1U);
  EXPECT_EQ(scores->unansweredIds, std::vector<std::string>{"d"});
}

TEST(SquadMetrics, NothingToScoreIsAnError) {
  TestFolder folder;
  std::string data = squadFile(folder, R"({"id":"b","question":"?"})");
  StatusOr<SquadScores> scores =
      scoreSquadFiles(data, folder.write("out.json", "{}"));
  ASSERT_FALSE(scores.ok());
  EXPECT_EQ(scores.status().message(),
            data + ": no question has a gold answer to score against");
}

TEST(SquadMetrics, PredictionsMustBeStrings) {
  TestFolder folder;
  std::string data = squadFile(folder, R"({"id":"b","question":"?"})");
  std::string out = folder.write("out.json", R"({"b": 3})");
  EXPECT_EQ(scoreSquadFiles(data, out).status().message(),
            out + ": question 'b': expected a string");
}

TEST(SquadMetrics, InvalidUtf8IsLeftOut) {
  EXPECT_EQ(normalizeAnswer("The \xff\xfeNight"), "night");
}

} // namespace
} // namespace bertc
