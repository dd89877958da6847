// SPDX-License-Identifier: Apache-2.0
#include "run/Evaluate.h"

#include "io/Files.h"
#include "run/BatchStream.h"
#include "run/TrainLoop.h"

#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace bertc {

namespace {

constexpr char evaluateEntry[] = "evaluate";

struct SumOutput {
  const char *name;
  double EvaluationSums::*sum;
};

constexpr std::array<SumOutput, 6> sumOutputs = {{
    {"masked_lm_loss_sum", &EvaluationSums::maskedLmLoss},
    {"masked_lm_correct", &EvaluationSums::maskedLmCorrect},
    {"masked_lm_weight", &EvaluationSums::maskedLmWeight},
    {"next_sentence_loss_sum", &EvaluationSums::nextSentenceLoss},
    {"next_sentence_correct", &EvaluationSums::nextSentenceCorrect},
    {"next_sentence_count", &EvaluationSums::nextSentenceCount},
}};

double ratio(double sum, double weight) {
  return weight > 0 ? sum / weight : 0.0;
}

Status checkEntry(const rt::Plan &plan) {
  const rt::EntryInfo *entry = plan.findEntry(evaluateEntry);
  if (!entry) {
    return failedPrecondition(
        fmt::format("{}: no entry '{}'; compile the plan with --task pretrain "
                    "--mode train",
                    plan.path(), evaluateEntry));
  }
  for (const SumOutput &output : sumOutputs) {
    if (!entry->findOutput(output.name)) {
      return failedPrecondition(
          fmt::format("{}: entry {} has no output {}; evaluation needs a plan "
                      "for --task pretrain",
                      plan.path(), evaluateEntry, output.name));
    }
  }
  return Status::okStatus();
}

/// A packed plan also evaluates plain records, as packs of one sequence: the
/// reference packs what it trains on only.
StatusOr<BatchLayout> evaluationLayout(const rt::Plan &plan,
                                       const RecordSet &records) {
  BERTC_ASSIGN_OR_RETURN(BatchLayout layout, batchLayout(plan, evaluateEntry));
  if (layout.packed > 0) {
    BERTC_ASSIGN_OR_RETURN(layout.plainRecords, recordsArePlain(records));
  }
  return layout;
}

/// What the entry returns for one batch, as it travels between ranks.
struct BatchTotals {
  std::array<float, sumOutputs.size()> sums = {};
  float loss = 0;
  uint32_t examples = 0;
  uint32_t sequences = 0;
};

void addTo(const BatchTotals &totals, EvaluationSums *sums) {
  for (size_t i = 0; i < sumOutputs.size(); ++i) {
    sums->*sumOutputs[i].sum += totals.sums[i];
  }
  sums->loss += static_cast<double>(totals.loss) * totals.examples;
  sums->examples += totals.examples;
  sums->sequences += totals.sequences;
}

Status runBatch(rt::Session &session, const BatchLayout &layout,
                const Batch &batch, BatchTotals *totals) {
  rt::NamedInputs inputs = batchInputs(layout, batch);
  // Dropout has no place here; a plan may still list the generator.
  std::array<int32_t, 4> rng = rngInput(0, 0, true);
  if (session.plan().findEntry(evaluateEntry)->findInput("rng")) {
    inputs.emplace_back("rng",
                        rt::ConstTensorView(rt::DType::I32, {4}, rng.data()));
  }
  rt::NamedOutputs outputs;
  for (size_t i = 0; i < totals->sums.size(); ++i) {
    outputs.emplace_back(sumOutputs[i].name,
                         rt::TensorView{rt::DType::F32, {}, &totals->sums[i]});
  }
  outputs.emplace_back("total_loss",
                       rt::TensorView{rt::DType::F32, {}, &totals->loss});
  totals->examples = batch.realRows;
  totals->sequences = batch.sequences;
  return session.run(evaluateEntry, inputs, outputs);
}

/// The totals of all ranks' batches, added in the order of the data, as one
/// rank would. `*stopped` becomes that of any rank.
StatusOr<EvaluationSums> addUp(const Workers &workers,
                               const std::vector<BatchTotals> &own,
                               bool *stopped) {
  std::vector<std::vector<BatchTotals>> all = {own};
  if (workers.size() > 1) {
    std::string text(1, *stopped ? '1' : '0');
    text.append(reinterpret_cast<const char *>(own.data()),
                own.size() * sizeof(BatchTotals));
    BERTC_ASSIGN_OR_RETURN(
        std::vector<std::string> texts,
        workers.collective->allGather(text, "totals of the evaluation"));
    all.clear();
    for (const std::string &each : texts) {
      *stopped = *stopped || each.substr(0, 1) == "1";
      std::vector<BatchTotals> &rank = all.emplace_back();
      for (size_t at = 1; at + sizeof(BatchTotals) <= each.size();
           at += sizeof(BatchTotals)) {
        std::memcpy(&rank.emplace_back(), each.data() + at,
                    sizeof(BatchTotals));
      }
    }
  }
  EvaluationSums sums;
  for (size_t round = 0; round < all[0].size(); ++round) {
    for (const std::vector<BatchTotals> &rank : all) {
      if (round < rank.size()) {
        addTo(rank[round], &sums);
      }
    }
  }
  return sums;
}

} // namespace

EvaluationResult summarise(const EvaluationSums &sums, int64_t globalStep) {
  EvaluationResult result;
  result.globalStep = globalStep;
  result.loss = ratio(sums.loss, static_cast<double>(sums.examples));
  result.maskedLmAccuracy = ratio(sums.maskedLmCorrect, sums.maskedLmWeight);
  result.maskedLmLoss = ratio(sums.maskedLmLoss, sums.maskedLmWeight);
  result.nextSentenceAccuracy =
      ratio(sums.nextSentenceCorrect, sums.nextSentenceCount);
  result.nextSentenceLoss =
      ratio(sums.nextSentenceLoss, sums.nextSentenceCount);
  result.examples = sums.examples;
  result.sequences = sums.sequences;
  return result;
}

std::vector<std::pair<std::string, std::string>>
EvaluationResult::lines() const {
  auto text = [](double value) { return fmt::format("{:.9g}", value); };
  return {{"global_step", fmt::format("{}", globalStep)},
          {"loss", text(loss)},
          {"masked_lm_accuracy", text(maskedLmAccuracy)},
          {"masked_lm_loss", text(maskedLmLoss)},
          {"next_sentence_accuracy", text(nextSentenceAccuracy)},
          {"next_sentence_loss", text(nextSentenceLoss)}};
}

Status checkEvaluation(const rt::Plan &plan, const RecordSet &records) {
  BERTC_RETURN_IF_ERROR(checkEntry(plan));
  BERTC_ASSIGN_OR_RETURN(BatchLayout layout, evaluationLayout(plan, records));
  if (!layout.exampleWeights && records.size() % layout.batchSize != 0) {
    return failedPrecondition(fmt::format(
        "{}: entry {} takes no {}, so {} records do not fit batches of {}",
        plan.path(), evaluateEntry, exampleWeightsName, records.size(),
        layout.batchSize));
  }
  return checkRecords(records, layout, plan.model());
}

StatusOr<EvaluationResult>
evaluate(rt::Session &session, std::shared_ptr<const RecordSet> records,
         int64_t maxSteps, int64_t globalStep, const Workers &workers,
         const std::function<bool()> &stop,
         const std::function<void(int64_t)> &onBatch) {
  BERTC_RETURN_IF_ERROR(checkEvaluation(session.plan(), *records));
  BERTC_ASSIGN_OR_RETURN(BatchLayout layout,
                         evaluationLayout(session.plan(), *records));
  {
    rt::Collective::Busy busy(workers.collective); // it may compile graphs
    BERTC_RETURN_IF_ERROR(session.prepare(evaluateEntry));
  }

  BatchStream::Options options;
  options.training = false;
  options.maxBatches = static_cast<uint64_t>(maxSteps);
  options.workers = workers.share();
  BatchStream stream(records, layout, options);
  std::vector<BatchTotals> own;
  auto begin = std::chrono::steady_clock::now();
  bool stopped = false;
  while (!(stopped = stop())) {
    BERTC_ASSIGN_OR_RETURN(const Batch *batch, stream.next());
    if (!batch) {
      break;
    }
    own.emplace_back();
    BERTC_RETURN_IF_ERROR(runBatch(session, layout, *batch, &own.back()));
    onBatch(static_cast<int64_t>(own.size()) * workers.size());
  }
  BERTC_ASSIGN_OR_RETURN(EvaluationSums sums, addUp(workers, own, &stopped));
  EvaluationResult result = summarise(sums, globalStep);
  result.stopped = stopped;
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - begin;
  result.sequencesPerSecond =
      static_cast<double>(sums.sequences) / std::max(seconds.count(), 1e-9);
  return result;
}

Status writeEvaluation(const std::string &path,
                       const EvaluationResult &result) {
  std::string text;
  for (const auto &[name, value] : result.lines()) {
    text += fmt::format("{} = {}\n", name, value);
  }
  return writeFileAtomically(path, text);
}

} // namespace bertc
