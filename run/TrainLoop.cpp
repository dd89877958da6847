// SPDX-License-Identifier: Apache-2.0
#include "run/TrainLoop.h"

#include <cmath>
#include <fmt/format.h>

namespace bertc {

namespace {

constexpr char stepEntry[] = "train_step";
constexpr char applyEntry[] = "apply_gradients";

Status requireEntry(const rt::Plan &plan, const char *name,
                    const std::vector<const char *> &inputs) {
  const rt::EntryInfo *entry = plan.findEntry(name);
  if (!entry) {
    return failedPrecondition(fmt::format(
        "{}: no entry '{}', it cannot be trained; compile it with --mode train",
        plan.path(), name));
  }
  for (const char *input : inputs) {
    if (!entry->findInput(input)) {
      return corrupt(fmt::format("{}: entry {} has no input '{}'", plan.path(),
                                 name, input));
    }
  }
  return Status::okStatus();
}

} // namespace

std::array<int32_t, 4> rngInput(uint64_t seed, int64_t step,
                                bool deterministic) {
  return {static_cast<int32_t>(static_cast<uint32_t>(seed)),
          static_cast<int32_t>(static_cast<uint32_t>(seed >> 32)),
          static_cast<int32_t>(static_cast<uint32_t>(step)),
          deterministic ? dropoutOffFlag : 0};
}

TrainLoop::TrainLoop(rt::Session &session, BatchSource &source,
                     Settings settings, const RunState &state)
    : session_(session), source_(source), settings_(settings),
      exchange_(session, settings.workers), updateStep_(state.updateStep),
      microStep_(state.microStep), examplesSeen_(state.examplesSeen) {}

Status TrainLoop::prepare() {
  const rt::Plan &plan = session_.plan();
  BERTC_RETURN_IF_ERROR(requireEntry(plan, stepEntry, {"loss_scale"}));
  BERTC_RETURN_IF_ERROR(
      requireEntry(plan, applyEntry, {"learning_rate", "update_step"}));
  for (const rt::TensorInfo &output : plan.findEntry(stepEntry)->outputs) {
    if (output.dtype == rt::DType::F32 && output.shape.empty()) {
      lossNames_.push_back(output.name);
    }
  }
  if (lossNames_.empty()) {
    return corrupt(fmt::format("{}: entry {} has no loss among its outputs",
                               plan.path(), stepEntry));
  }
  BERTC_RETURN_IF_ERROR(session_.prepare(stepEntry));
  if (const char *entry = exchange_.plannedEntry()) {
    BERTC_RETURN_IF_ERROR(requireEntry(plan, entry, {"loss_scale"}));
    BERTC_RETURN_IF_ERROR(session_.prepare(entry));
  }
  return session_.prepare(applyEntry);
}

Status TrainLoop::microBatch(const char *entry, const MicroBatch &batch,
                             UpdateReport *report, double *totalLoss) {
  rt::NamedInputs inputs = batch.inputs;
  std::array<int32_t, 4> rng =
      rngInput(settings_.seed, batch.number, settings_.deterministic);
  if (session_.plan().findEntry(entry)->findInput("rng")) {
    inputs.emplace_back("rng",
                        rt::ConstTensorView(rt::DType::I32, {4}, rng.data()));
  }
  auto lossScale = static_cast<float>(batch.share);
  inputs.emplace_back("loss_scale",
                      rt::ConstTensorView(rt::DType::F32, {}, &lossScale));
  std::vector<float> values(lossNames_.size());
  rt::NamedOutputs outputs;
  for (size_t i = 0; i < lossNames_.size(); ++i) {
    outputs.emplace_back(lossNames_[i],
                         rt::TensorView{rt::DType::F32, {}, &values[i]});
  }
  BERTC_RETURN_IF_ERROR(session_.run(entry, inputs, outputs)
                            .annotate(fmt::format("update {}, micro-batch {}",
                                                  updateStep_, batch.number)));
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return Status(StatusCode::FailedPrecondition,
                    fmt::format("{} is {} in update {}, micro-batch {}; lower "
                                "--learning-rate or lengthen the warm-up, and "
                                "go on from the last checkpoint",
                                lossNames_[i], values[i], updateStep_,
                                batch.number));
    }
    report->losses[lossNames_[i]] += values[i] * batch.share;
    if (lossNames_[i] == "total_loss" || i == 0) {
      *totalLoss = values[i];
    }
  }
  report->microBatches += 1;
  report->examples += batch.examples;
  report->sequences += batch.sequences;
  return Status::okStatus();
}

Status TrainLoop::apply(float learningRate) {
  int32_t updateStep = static_cast<int32_t>(updateStep_ + 1);
  return session_.run(
      applyEntry,
      {{"learning_rate",
        rt::ConstTensorView(rt::DType::F32, {}, &learningRate)},
       {"update_step", rt::ConstTensorView(rt::DType::I32, {}, &updateStep)}},
      {});
}

/// The next micro-batch. False when it was left out, as some rank has stopped:
/// its gradients would have been exchanged while it ran.
StatusOr<bool> TrainLoop::nextMicroBatch(Trace *trace, UpdateReport *report,
                                         MicroDone *done) {
  BERTC_ASSIGN_OR_RETURN(const MicroBatch *batch, source_.next());
  if (!batch) {
    return internalError(
        fmt::format("the training data ended in update {}", updateStep_));
  }
  done->ended = batch->endsUpdate;
  const char *entry = exchange_.exchangingEntry();
  done->exchanged = entry && (done->ended || exchange_.everyMicroBatch());
  if (done->exchanged) {
    // Nobody may wait in an exchange that another rank leaves out.
    Trace::Span span(trace, "agreement");
    UpdateReport soFar = *report;
    BERTC_RETURN_IF_ERROR(exchange_.combine(&soFar, updateStep_));
    if (!soFar.complete) {
      *report = soFar;
      return false;
    }
  }
  Trace::Span span(trace, done->exchanged ? entry : stepEntry);
  if (!batch->isEmpty()) {
    BERTC_RETURN_IF_ERROR(microBatch(done->exchanged ? entry : stepEntry,
                                     *batch, report, &done->loss));
  } else if (done->exchanged) {
    BERTC_RETURN_IF_ERROR(exchange_.joinEmpty());
  }
  return true;
}

/// This rank's micro-batches. Leaves `complete` false when it was asked to stop
/// in between. True when the ranks have agreed on that already. `exchanged`:
/// their gradients are added up.
StatusOr<bool> TrainLoop::accumulate(const std::function<bool()> &stop,
                                     const MicroHook &onMicro, Trace *trace,
                                     UpdateReport *report, bool *exchanged) {
  report->complete = true;
  int64_t count = 0;
  for (bool ended = false; !ended; ++count) {
    if (count > 0 && (stop() || exchange_.stopAnnounced())) {
      exchange_.announceStop();
      report->complete = false;
      return false;
    }
    MicroDone done;
    BERTC_ASSIGN_OR_RETURN(bool all, nextMicroBatch(trace, report, &done));
    if (!all) {
      return true;
    }
    ended = done.ended;
    onMicro(count + 1, done.loss);
    if (ended) {
      *exchanged = done.exchanged;
    } else if (done.exchanged) {
      BERTC_RETURN_IF_ERROR(exchange_.keepSumOnRoot());
    } else if (exchange_.everyMicroBatch()) {
      UpdateReport soFar = *report;
      BERTC_ASSIGN_OR_RETURN(all, addUp(false, true, trace, &soFar));
      if (!all) {
        *report = soFar;
        return true;
      }
    }
  }
  return false;
}

/// Makes `report` that of all ranks; when they are all there, adds up their
/// gradients, if `gradients`.
StatusOr<bool> TrainLoop::addUp(bool last, bool gradients, Trace *trace,
                                UpdateReport *report) {
  Trace::Span span(trace, "all_reduce");
  BERTC_RETURN_IF_ERROR(exchange_.combine(report, updateStep_));
  if (report->complete && gradients) {
    BERTC_RETURN_IF_ERROR(exchange_.addGradients(last, updateStep_));
  }
  return report->complete;
}

StatusOr<UpdateReport> TrainLoop::update(const std::function<bool()> &stop,
                                         const MicroHook &onMicro,
                                         Trace *trace) {
  UpdateReport report;
  int64_t begin = monotonicNs();
  for (const std::string &name : lossNames_) {
    report.losses[name] = 0;
  }
  report.learningRate = settings_.schedule.learningRate(updateStep_);
  exchange_.beginUpdate(updateStep_);
  bool exchanged = false;
  BERTC_ASSIGN_OR_RETURN(bool settled,
                         accumulate(stop, onMicro, trace, &report, &exchanged));
  if (settled) {
    return report;
  }
  report.stop = stop() || !report.complete;
  BERTC_ASSIGN_OR_RETURN(
      bool complete,
      addUp(true, !exchanged && !exchange_.addsUpInApply(), trace, &report));
  if (!complete) {
    return report;
  }
  {
    Trace::Span span(trace, applyEntry);
    BERTC_RETURN_IF_ERROR(apply(report.learningRate));
  }
  if (settings_.workers.shards) {
    Trace::Span span(trace, "all_gather");
    BERTC_RETURN_IF_ERROR(exchange_.shareVariables(updateStep_));
  }
  report.seconds = static_cast<double>(monotonicNs() - begin) * 1e-9;
  updateStep_ += 1;
  microStep_ += report.microBatches;
  examplesSeen_ += static_cast<uint64_t>(report.examples);
  return report;
}

} // namespace bertc
