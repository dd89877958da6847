// SPDX-License-Identifier: Apache-2.0
#include "run/SquadAnswering.h"

#include "run/RowEntry.h"
#include "run/RowStream.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace bertc {

namespace {

constexpr char kPredict[] = "predict";
const std::vector<std::string> kLogits = {"start_logits", "end_logits"};
/// Which windows share a row does not change their answers.
constexpr uint64_t kPackingSeed = 12345;

StatusOr<RowPlan> planRows(const rt::ModelInfo &model,
                           const SquadFeatures &features) {
  if (model.packed == 0) {
    return RowPlan::onePerRow(features);
  }
  return RowPlan::packed(features, static_cast<int>(model.maxSeqLength),
                         static_cast<int>(model.packed), kPackingSeed);
}

/// Row outputRow of both logits belongs to the window. Unpacked, all S
/// positions are given, padding included, as the reference has it.
Status addLogits(const RowBatch &batch, size_t width, bool packed,
                 const std::vector<std::vector<float>> &logits,
                 SquadPredictor *predictor) {
  for (const BatchSequence &sequence : batch.sequences()) {
    size_t at = sequence.outputRow * width + sequence.offset;
    size_t count = packed ? sequence.length : width;
    BERTC_RETURN_IF_ERROR(predictor->add(
        sequence.feature, logits[0].data() + at, logits[1].data() + at, count));
  }
  return Status();
}

} // namespace

Status checkSquadPlan(const rt::Plan &plan) {
  const rt::ModelInfo &model = plan.model();
  const rt::EntryInfo *entry = plan.findEntry(kPredict);
  rt::Shape expected = {static_cast<int64_t>(model.batchSize) *
                            std::max<int64_t>(model.packed, 1),
                        static_cast<int64_t>(model.maxSeqLength)};
  for (const std::string &name : kLogits) {
    const rt::TensorInfo *output = entry ? entry->findOutput(name) : nullptr;
    if (!output || output->shape != expected) {
      return failedPrecondition(fmt::format(
          "{}: entry {} puts out no {} of {}; compile the plan with --task "
          "squad",
          plan.path(), kPredict, name, rt::shapeString(expected)));
    }
  }
  return Status();
}

StatusOr<SquadPass>
predictWindows(rt::Session &session, const SquadFeatures &features,
               SquadPredictor *predictor, const std::function<bool()> &stop,
               const std::function<void(size_t)> &onWindows) {
  const rt::ModelInfo &model = session.plan().model();
  BERTC_RETURN_IF_ERROR(checkSquadPlan(session.plan()));
  BERTC_ASSIGN_OR_RETURN(RowPlan rows, planRows(model, features));
  BERTC_RETURN_IF_ERROR(session.prepare(kPredict));
  RowStream stream(features, rows,
                   {static_cast<int>(model.batchSize),
                    static_cast<int>(model.maxSeqLength)});
  RowEntry predict(session, kPredict);
  std::vector<std::vector<float>> logits;
  SquadPass pass;
  pass.rows = rows.rows();
  auto begin = std::chrono::steady_clock::now();
  for (; pass.batches < stream.batches(); ++pass.batches) {
    if (stop()) {
      pass.stopped = true;
      break;
    }
    BERTC_ASSIGN_OR_RETURN(const RowBatch *batch, stream.next());
    BERTC_RETURN_IF_ERROR(predict.run(batch->tensors(), kLogits, &logits));
    BERTC_RETURN_IF_ERROR(addLogits(*batch, model.maxSeqLength,
                                    model.packed > 0, logits, predictor));
    onWindows(batch->sequences().size());
  }
  pass.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  return pass;
}

} // namespace bertc
