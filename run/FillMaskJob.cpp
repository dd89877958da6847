// SPDX-License-Identifier: Apache-2.0
#include "run/FillMaskJob.h"

#include "support/Signals.h"
#include "tasks/FillMask.h"
#include "tasks/TextLines.h"
#include "text/Utf8.h"

#include <algorithm>
#include <fmt/format.h>

namespace bertc {

namespace {

constexpr std::string_view kMask = "[MASK]";

size_t countMasks(std::string_view text) {
  size_t count = 0;
  for (size_t at = text.find(kMask); at != std::string_view::npos;
       at = text.find(kMask, at + kMask.size())) {
    ++count;
  }
  return count;
}

StatusOr<std::vector<std::string>> readTexts(const FillMaskOptions &options) {
  if (!options.inputFile.empty()) {
    return readTextLines(options.inputFile);
  }
  for (const std::string &text : options.texts) {
    if (validUtf8Prefix(text) != text.size()) {
      return invalidArgument("--text is not valid UTF-8");
    }
  }
  return options.texts;
}

/// Where text `index` came from, for messages.
std::string placeOf(const FillMaskOptions &options, size_t index) {
  if (options.inputFile.empty()) {
    return fmt::format("--text {}", index + 1);
  }
  return fmt::format(
      "{}:{}", options.inputFile == "-" ? "standard input" : options.inputFile,
      index + 1);
}

Status checkMasks(const FillMaskOptions &options,
                  const std::vector<std::string> &texts,
                  const std::vector<std::vector<uint32_t>> &positions,
                  const TextModel &model) {
  size_t room = model.plan().model().maxPredictionsPerSeq;
  for (size_t i = 0; i < texts.size(); ++i) {
    size_t masks = countMasks(texts[i]);
    std::string place = placeOf(options, i);
    if (masks == 0) {
      return invalidArgument(place + ": no [MASK], expected at least one");
    }
    if (masks > room) {
      return failedPrecondition(fmt::format(
          "{}: {} masks, the plan has room for {}; compile it with a larger "
          "--max-predictions-per-seq",
          place, masks, room));
    }
    if (positions[i].size() < masks) {
      return failedPrecondition(fmt::format(
          "{}: {} of {} masks are beyond the plan's {} tokens; compile it with "
          "a larger --max-seq-length",
          place, masks - positions[i].size(), masks,
          model.shape().maxSequenceLength));
    }
  }
  return Status();
}

Status checkPlan(const TextModel &model) {
  const rt::ModelInfo &info = model.plan().model();
  if (info.packed > 0) {
    return failedPrecondition(fmt::format(
        "{}: the plan packs {} sequences a row, expected one; compile it "
        "without --packed",
        model.plan().path(), info.packed));
  }
  const rt::TensorInfo *scores =
      model.entry().findOutput("masked_lm_log_probs");
  if (!scores || scores->shape.size() != 2) {
    return failedPrecondition(
        fmt::format("{}: entry predict puts out no masked_lm_log_probs [B*P,V]",
                    model.plan().path()));
  }
  return Status();
}

Status predictMasks(const FillMaskOptions &options,
                    const PairFeatures &features,
                    const std::vector<std::vector<uint32_t>> &positions,
                    FillMaskResult *result) {
  TextModel &model = *result->model;
  RowPlan rows = RowPlan::byLength(features);
  RowBatch batch(features, rows, model.shape());
  auto size = static_cast<size_t>(model.shape().batchSize);
  const rt::ModelInfo &info = model.plan().model();
  auto width = static_cast<size_t>(
      model.entry().findOutput("masked_lm_log_probs")->shape[1]);
  // Rows of a padded embedding are no words.
  size_t words = std::min(width, model.tokenizer().vocabulary().size());
  std::vector<float> scores;
  for (size_t row = 0; row < rows.rows() && !stopRequested(); row += size) {
    std::vector<uint64_t> numbers;
    for (size_t i = row; i < std::min(row + size, rows.rows()); ++i) {
      numbers.push_back(i);
    }
    BERTC_RETURN_IF_ERROR(batch.fill(numbers.data(), numbers.size()));
    BERTC_ASSIGN_OR_RETURN(
        MaskBatch masks,
        makeMaskBatch(batch, size, info.maxPredictionsPerSeq, positions));
    std::vector<const BatchTensor *> tensors = {&masks.positions};
    for (const BatchTensor &tensor : batch.tensors()) {
      tensors.push_back(&tensor);
    }
    BERTC_RETURN_IF_ERROR(
        model.predict(tensors, "masked_lm_log_probs", &scores));
    for (const MaskSlot &slot : masks.slots) {
      result->masks.push_back(
          {slot.feature, positions[slot.feature][slot.which],
           topTokens(scores.data() + slot.outputRow * width, words,
                     static_cast<size_t>(options.topK))});
    }
  }
  return Status();
}

} // namespace

StatusOr<FillMaskResult> fillMask(const FillMaskOptions &options) {
  if (options.topK < 1) {
    return invalidArgument(
        fmt::format("--top-k is {}, it must be at least 1", options.topK));
  }
  FillMaskResult result;
  BERTC_ASSIGN_OR_RETURN(result.model, TextModel::open(options.model));
  TextModel &model = *result.model;
  BERTC_RETURN_IF_ERROR(checkPlan(model));
  BERTC_ASSIGN_OR_RETURN(result.texts, readTexts(options));
  if (result.texts.empty()) {
    return corrupt(fmt::format("{}: no lines of text, expected at least one",
                               options.inputFile == "-" ? "standard input"
                                                        : options.inputFile));
  }
  BERTC_ASSIGN_OR_RETURN(PairFeatures features,
                         makeTextFeatures(result.texts, model.tokenizer(),
                                          model.shape().maxSequenceLength,
                                          model.jobs()));
  std::vector<std::vector<uint32_t>> positions =
      maskPositions(features, model.tokenizer().vocabulary().maskId());
  BERTC_RETURN_IF_ERROR(checkMasks(options, result.texts, positions, model));
  auto size = static_cast<size_t>(model.shape().batchSize);
  BERTC_RETURN_IF_ERROR(model.load((features.size() + size - 1) / size));
  BERTC_RETURN_IF_ERROR(predictMasks(options, features, positions, &result));
  result.stopped = stopRequested();
  std::sort(result.masks.begin(), result.masks.end(),
            [](const FilledMask &a, const FilledMask &b) {
              return a.text != b.text ? a.text < b.text
                                      : a.position < b.position;
            });
  return result;
}

} // namespace bertc
