// SPDX-License-Identifier: Apache-2.0
#include "run/UpdateExchange.h"

#include "run/OptimizerShards.h"
#include "run/Trace.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <vector>

namespace bertc {

namespace {

/// The entry that a plan for several workers has beside train_step.
constexpr char lastEntry[] = "train_step_last";
constexpr char applyEntry[] = "apply_gradients";

/// The buckets of the plan in the session's memory: accumulators and nothing
/// else but the few bytes, always zero, that align them.
StatusOr<std::vector<rt::FloatStretch>> bucketsOf(rt::Session &session) {
  std::vector<rt::FloatStretch> all;
  const std::vector<rt::VariableInfo> &variables = session.plan().variables();
  for (const auto &bucket : session.plan().exchange()->buckets) {
    BERTC_ASSIGN_OR_RETURN(
        rt::TensorView first,
        session.mutableVariable(variables[bucket.front()].name));
    const rt::VariableInfo &end = variables[bucket.back()];
    BERTC_ASSIGN_OR_RETURN(rt::TensorView last,
                           session.mutableVariable(end.name));
    all.push_back({first.as<float>(), last.as<float>() - first.as<float>() +
                                          rt::numElements(end.shape)});
  }
  return all;
}

/// Indices of the accumulators.
std::vector<uint32_t> accumulators(const rt::Plan &plan) {
  std::vector<uint32_t> all;
  for (uint32_t i = 0; i < plan.variables().size(); ++i) {
    if (plan.variables()[i].role == rt::VariableRole::Accum) {
      all.push_back(i);
    }
  }
  return all;
}

/// The fixed part of a report as it travels; the losses follow.
struct Counts {
  int64_t complete, stop, microBatches, examples, sequences;
};

std::string pack(const UpdateReport &report) {
  Counts counts = {report.complete, report.stop, report.microBatches,
                   report.examples, report.sequences};
  std::string text(reinterpret_cast<const char *>(&counts), sizeof(counts));
  for (const auto &[name, loss] : report.losses) {
    text.append(reinterpret_cast<const char *>(&loss), sizeof(loss));
  }
  return text;
}

} // namespace

UpdateExchange::UpdateExchange(rt::Session &session, const Workers &workers)
    : session_(session), workers_(workers) {
  const rt::Plan &plan = session.plan();
  // Ranks that share the optimizer's work need the sums of their share only.
  if (workers.size() == 1 || workers.shards || !plan.exchange()) {
    return;
  }
  if (plan.findEntry(lastEntry)) {
    buckets_ = std::make_unique<BucketExchange>(*workers.collective,
                                                workers.wireType());
    session_.setExchange(buckets_.get());
  } else if (DeviceExchange::isPlanned(plan, applyEntry)) {
    devices_ = std::make_unique<DeviceExchange>(plan, *workers.variables);
    session_.setExchange(devices_.get());
  }
}

UpdateExchange::~UpdateExchange() {
  if (buckets_ || devices_) {
    session_.setExchange(nullptr);
  }
}

const char *UpdateExchange::plannedEntry() const {
  return buckets_ ? lastEntry : nullptr;
}

const char *UpdateExchange::exchangingEntry() const {
  return buckets_ && buckets_->early() ? lastEntry : nullptr;
}

void UpdateExchange::beginUpdate(int64_t updateStep) const {
  if (buckets_) {
    buckets_->beginUpdate(updateStep + 1);
  }
  if (devices_) {
    devices_->beginUpdate(updateStep + 1);
  }
}

/// Begins the sums of all buckets.
static Status startAll(BucketExchange &exchange,
                       const std::vector<rt::FloatStretch> &buckets) {
  for (uint32_t i = 0; i < buckets.size(); ++i) {
    BERTC_RETURN_IF_ERROR(
        exchange.start(i, buckets[i].data, buckets[i].elements));
  }
  return Status();
}

/// In the same pieces as while the entry runs, so that sums have the same bits.
Status UpdateExchange::addBuckets() const {
  BERTC_ASSIGN_OR_RETURN(std::vector<rt::FloatStretch> all,
                         bucketsOf(session_));
  BERTC_RETURN_IF_ERROR(startAll(*buckets_, all));
  BERTC_RETURN_IF_ERROR(buckets_->finish());
  buckets_->takeSpans();
  return Status();
}

Status UpdateExchange::joinEmpty() const {
  BERTC_ASSIGN_OR_RETURN(std::vector<rt::FloatStretch> all,
                         bucketsOf(session_));
  // What the sums will have replaced, should they be formed again.
  std::vector<std::vector<float>> before;
  for (const rt::FloatStretch &each : all) {
    before.emplace_back(each.data, each.data + each.elements);
  }
  BERTC_RETURN_IF_ERROR(startAll(*buckets_, all));
  BERTC_ASSIGN_OR_RETURN(bool repeat, buckets_->mustRepeat(false));
  BERTC_RETURN_IF_ERROR(buckets_->finish());
  if (repeat) {
    for (size_t i = 0; i < before.size(); ++i) {
      std::copy(before[i].begin(), before[i].end(), all[i].data);
    }
    BERTC_RETURN_IF_ERROR(startAll(*buckets_, all));
    BERTC_RETURN_IF_ERROR(buckets_->finish());
  }
  buckets_->takeSpans();
  return Status();
}

Status UpdateExchange::keepSumOnRoot() const {
  return workers_.isRoot()
             ? Status()
             : workers_.variables->fillZero(accumulators(session_.plan()));
}

Status UpdateExchange::combine(UpdateReport *report, int64_t updateStep) const {
  if (workers_.size() == 1) {
    return Status();
  }
  BERTC_ASSIGN_OR_RETURN(
      std::vector<std::string> all,
      workers_.collective->allGather(
          pack(*report), fmt::format("counts of update {}", updateStep + 1)));
  UpdateReport total = *report;
  total.complete = true;
  total.stop = false;
  total.microBatches = total.examples = total.sequences = 0;
  for (auto &[name, loss] : total.losses) {
    loss = 0;
  }
  for (size_t rank = 0; rank < all.size(); ++rank) {
    size_t expected = sizeof(Counts) + total.losses.size() * sizeof(double);
    if (all[rank].size() != expected) {
      return internalError(
          fmt::format("rank {} reports {} bytes on an update, expected {}",
                      rank, all[rank].size(), expected));
    }
    Counts counts;
    std::memcpy(&counts, all[rank].data(), sizeof(counts));
    total.complete = total.complete && counts.complete;
    total.stop = total.stop || counts.stop;
    total.microBatches += counts.microBatches;
    total.examples += counts.examples;
    total.sequences += counts.sequences;
    const char *at = all[rank].data() + sizeof(counts);
    for (auto &[name, loss] : total.losses) {
      double part;
      std::memcpy(&part, at, sizeof(part));
      loss += part;
      at += sizeof(part);
    }
  }
  *report = std::move(total);
  return Status();
}

Status UpdateExchange::addGradients(bool last, int64_t updateStep) const {
  if (workers_.size() == 1) {
    return Status();
  }
  std::string what = fmt::format("gradients of update {}", updateStep + 1);
  if (workers_.shards) {
    return workers_.shards->reduceGradients(workers_.wireType(), what);
  }
  if (buckets_) {
    BERTC_RETURN_IF_ERROR(addBuckets());
  } else {
    int64_t begin = monotonicNs();
    BERTC_RETURN_IF_ERROR(
        workers_.variables->allReduceSum(accumulators(session_.plan()), what));
    waitedSeconds_ += static_cast<double>(monotonicNs() - begin) * 1e-9;
  }
  return last ? Status() : keepSumOnRoot();
}

Status UpdateExchange::shareVariables(int64_t updateStep) const {
  return workers_.shards ? workers_.shards->shareWeights(fmt::format(
                               "variables of update {}", updateStep + 1))
                         : Status();
}

void UpdateExchange::announceStop() const {
  if (workers_.size() > 1) {
    workers_.collective->announceStop();
  }
}

bool UpdateExchange::stopAnnounced() const {
  return workers_.size() > 1 && workers_.collective->stopAnnounced();
}

} // namespace bertc
