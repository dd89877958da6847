// SPDX-License-Identifier: Apache-2.0
#include "tasks/SquadPredictions.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

#include "data/Pipeline.h"
#include "tasks/PythonText.h"

namespace bertc {
namespace {

/// str.replace().
std::string replaced(const std::string &text, std::string_view what,
                     std::string_view by) {
  std::string out;
  for (size_t at = 0;;) {
    size_t found = text.find(what, at);
    out += text.substr(at, found - at);
    if (found == std::string::npos) {
      return out;
    }
    out += by;
    at = found + what.size();
  }
}

/// Softmax of the sums of both logits.
void setProbabilities(std::vector<SquadPrediction> *best) {
  auto score = [](const SquadPrediction &p) {
    return p.startLogit + p.endLogit;
  };
  double most = score(best->front());
  for (const SquadPrediction &prediction : *best) {
    most = std::max(most, score(prediction));
  }
  double sum = 0;
  for (SquadPrediction &prediction : *best) {
    prediction.probability = std::exp(score(prediction) - most);
    sum += prediction.probability;
  }
  for (SquadPrediction &prediction : *best) {
    prediction.probability /= sum;
  }
}

} // namespace

/// A possible answer: a start and an end in one window.
struct SquadPredictor::Span {
  size_t feature;
  Candidate start, end;

  double score() const {
    return static_cast<double>(start.logit) + static_cast<double>(end.logit);
  }
};

SquadPredictor::SquadPredictor(const SquadFeatures &features,
                               const WordPieceTokenizer &tokenizer,
                               const SquadPredictionOptions &options)
    : features_(&features), tokenizer_(&tokenizer), options_(options),
      results_(features.size()) {}

Status SquadPredictor::add(size_t feature, const float *startLogits,
                           const float *endLogits, size_t count) {
  const std::string &id =
      features_->examples()[features_->windows()[feature].example].id;
  if (count < features_->length(feature)) {
    return invalidArgument(
        fmt::format("question '{}': logits of {} positions for {} tokens", id,
                    count, features_->length(feature)));
  }
  auto finite = [](float logit) { return std::isfinite(logit); };
  if (!std::all_of(startLogits, startLogits + count, finite) ||
      !std::all_of(endLogits, endLogits + count, finite)) {
    return failedPrecondition(fmt::format(
        "question '{}': a logit is not finite; the weights are damaged, or "
        "training diverged",
        id));
  }
  results_[feature] = {best(startLogits, count), best(endLogits, count)};
  return Status();
}

std::vector<SquadPredictor::Candidate>
SquadPredictor::best(const float *logits, size_t count) const {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  size_t wanted = std::min(count, static_cast<size_t>(options_.nBest));
  std::partial_sort(
      order.begin(), order.begin() + static_cast<ptrdiff_t>(wanted),
      order.end(), [&](uint32_t a, uint32_t b) {
        return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
      });
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < wanted; ++i) {
    candidates.push_back({order[i], logits[order[i]]});
  }
  return candidates;
}

std::vector<SquadPredictor::Span>
SquadPredictor::spans(const SquadExample &example) const {
  std::vector<Span> spans;
  for (size_t i = 0; i < example.windows; ++i) {
    size_t feature = example.firstFeature + i;
    for (const Candidate &start : results_[feature].starts) {
      if (!features_->isMaxContext(feature, start.position)) {
        continue;
      }
      for (const Candidate &end : results_[feature].ends) {
        if (features_->wordAt(feature, end.position) < 0 ||
            end.position < start.position ||
            end.position - start.position + 1 >
                static_cast<uint32_t>(options_.maxAnswerLength)) {
          continue;
        }
        spans.push_back({feature, start, end});
      }
    }
  }
  std::stable_sort(
      spans.begin(), spans.end(),
      [](const Span &a, const Span &b) { return a.score() > b.score(); });
  return spans;
}

std::string SquadPredictor::spanText(const SquadExample &example,
                                     const Span &span) const {
  const SquadContext &context = *example.context;
  size_t first = features_->firstPosition(span.feature);
  size_t base = features_->windows()[span.feature].firstPiece;
  std::string pieces;
  for (size_t i = span.start.position; i <= span.end.position; ++i) {
    pieces += pieces.empty() ? "" : " ";
    pieces +=
        tokenizer_->vocabulary().token(context.pieces()[base + i - first]);
  }
  pieces = replaced(replaced(pieces, " ##", ""), "##", "");
  auto word = [&](const Candidate &candidate) {
    return static_cast<size_t>(
        features_->wordAt(span.feature, candidate.position));
  };
  return recoverText(tokenizer_->codePoints(), joinedWords(pieces),
                     context.wordText(word(span.start), word(span.end)));
}

SquadAnswers SquadPredictor::answer(const SquadExample &example) const {
  SquadAnswers answers;
  answers.id = example.id;
  std::unordered_set<std::string> seen;
  for (const Span &span : spans(example)) {
    if (answers.best.size() >= static_cast<size_t>(options_.nBest)) {
      break;
    }
    std::string text = spanText(example, span);
    if (seen.insert(text).second) {
      answers.best.push_back({std::move(text), 0,
                              static_cast<double>(span.start.logit),
                              static_cast<double>(span.end.logit)});
    }
  }
  if (answers.best.empty()) {
    answers.best.push_back({"empty", 0, 0, 0});
  }
  setProbabilities(&answers.best);
  return answers;
}

StatusOr<std::vector<SquadAnswers>> SquadPredictor::finish(int jobs) const {
  constexpr size_t perItem = 64;
  const std::vector<SquadExample> &examples = features_->examples();
  for (size_t i = 0; i < results_.size(); ++i) {
    if (results_[i].starts.empty()) {
      return internalError(
          fmt::format("window {} of {} has no result", i, results_.size()));
    }
  }
  std::vector<SquadAnswers> all;
  size_t next = 0;
  auto take = [&]() -> StatusOr<std::optional<size_t>> {
    size_t first = next;
    next += perItem;
    return first < examples.size() ? std::optional<size_t>(first)
                                   : std::nullopt;
  };
  auto work = [&](int, size_t first) -> StatusOr<std::vector<SquadAnswers>> {
    std::vector<SquadAnswers> part;
    size_t last = std::min(first + perItem, examples.size());
    for (size_t i = first; i < last; ++i) {
      part.push_back(answer(examples[i]));
    }
    return part;
  };
  auto consume = [&](std::vector<SquadAnswers> part) {
    std::move(part.begin(), part.end(), std::back_inserter(all));
    return Status();
  };
  BERTC_RETURN_IF_ERROR((Pipeline<size_t, std::vector<SquadAnswers>>::run(
      jobs, take, work, consume)));
  return all;
}

} // namespace bertc
