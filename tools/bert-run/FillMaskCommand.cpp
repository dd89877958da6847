// SPDX-License-Identifier: Apache-2.0
//
// The flags and the report of `bert-run fill-mask`.
#include "run/FillMaskJob.h"
#include "support/Json.h"
#include "support/Signals.h"
#include "tools/bert-run/Commands.h"
#include "tools/bert-run/TextFlags.h"

#include <cmath>
#include <cstdio>
#include <memory>

namespace bertc {

namespace {

struct Flags {
  FillMaskOptions options;
  bool json = false;
};

double probability(const ScoredToken &word) {
  return std::exp(static_cast<double>(word.score));
}

void printJson(const FillMaskResult &result) {
  const Vocabulary &vocabulary = result.model->tokenizer().vocabulary();
  Json texts = Json::array();
  for (const std::string &text : result.texts) {
    texts.push_back(
        {{"index", texts.size()}, {"text", text}, {"masks", Json::array()}});
  }
  for (const FilledMask &mask : result.masks) {
    Json words = Json::array();
    for (const ScoredToken &word : mask.words) {
      words.push_back({{"id", word.id},
                       {"token", vocabulary.token(word.id)},
                       {"probability", probability(word)},
                       {"log_probability", word.score}});
    }
    texts[mask.text]["masks"].push_back(
        {{"position", mask.position}, {"words", words}});
  }
  Json document = jsonDocument("fill-mask", 1);
  document["texts"] = texts;
  std::fputs(jsonText(document).c_str(), stdout);
}

/// TEXT, MASK (both from 1), probability and word, between tabs.
void printText(const FillMaskResult &result) {
  const Vocabulary &vocabulary = result.model->tokenizer().vocabulary();
  size_t number = 0;
  for (size_t i = 0; i < result.masks.size(); ++i) {
    const FilledMask &mask = result.masks[i];
    bool sameText = i > 0 && result.masks[i - 1].text == mask.text;
    number = sameText ? number + 1 : 1;
    for (const ScoredToken &word : mask.words) {
      std::printf("%zu\t%zu\t%.6f\t%s\n", mask.text + 1, number,
                  probability(word), vocabulary.token(word.id).c_str());
    }
  }
}

int perform(const Flags &flags) {
  const FillMaskOptions &options = flags.options;
  if (options.texts.empty() == options.inputFile.empty()) {
    return reportError("bert-run",
                       invalidArgument("give either --text or --input-file"));
  }
  installStopSignals();
  StatusOr<FillMaskResult> result = fillMask(options);
  if (!result.ok()) {
    return reportError("bert-run", result.status());
  }
  if (result->stopped) {
    return stopExitCode();
  }
  if (flags.json) {
    printJson(*result);
  } else {
    printText(*result);
  }
  return 0;
}

} // namespace

Command addFillMaskCommand(CLI::App &app) {
  auto flags = std::make_shared<Flags>();
  FillMaskOptions &options = flags->options;
  options.model.task = "pretrain";
  // The words do not depend on the head of the next sentence.
  options.model.unneeded = {"bert/pooler/", "cls/seq_relationship/"};
  options.model.tokenizer.matchSpecialTokens = true;
  CLI::App *command = app.add_subcommand(
      "fill-mask", "likely words for [MASK], with a plan of --task pretrain");
  command->option_defaults()->always_capture_default();
  addTextModelFlags(*command, options.model);
  // One value an occurrence, so that the plan may follow.
  command
      ->add_option("--text", options.texts,
                   "text with at least one [MASK]; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--input-file", options.inputFile,
                      "such texts, one a line; - for standard input");
  command->add_option("--top-k", options.topK, "words for each [MASK]");
  command->add_flag("--json", flags->json, "print the words as JSON");
  return [flags] { return perform(*flags); };
}

} // namespace bertc
