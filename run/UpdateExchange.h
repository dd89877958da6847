// SPDX-License-Identifier: Apache-2.0
//
// What ranks exchange in an update: whether all have finished their
// micro-batches, what these were, and the sums of their gradients. A run of one
// process exchanges nothing.
//
//   UpdateExchange exchange(session, workers);
//   BERTC_RETURN_IF_ERROR(exchange.combine(&report));
//   if (report.complete) {
//     BERTC_RETURN_IF_ERROR(exchange.addGradients(true, step));
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "run/BucketExchange.h"
#include "run/DeviceExchange.h"
#include "run/Workers.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace bertc {

/// What one update did.
struct UpdateReport {
  /// False when some rank was asked to leave before the update was complete;
  /// the variables are then those of the update before.
  bool complete = false;
  /// Some rank was asked to leave.
  bool stop = false;
  /// Means over its micro-batches by their shares, by output name (total_loss,
  /// ...).
  std::map<std::string, double> losses;
  float learningRate = 0;
  double seconds = 0;
  /// Of all ranks.
  int64_t microBatches = 0;
  /// Records: rows of batches.
  int64_t examples = 0;
  /// Sequences in them: more when they are packs.
  int64_t sequences = 0;
};

class UpdateExchange {
public:
  /// `session` and what `workers` points to must outlive it; the session has
  /// its exchange as long as it lives.
  UpdateExchange(rt::Session &session, const Workers &workers);
  ~UpdateExchange();
  UpdateExchange(const UpdateExchange &) = delete;
  UpdateExchange &operator=(const UpdateExchange &) = delete;

  /// The entry that adds up the gradients of all ranks while it runs, where the
  /// plan has one and there are several ranks, and as long as what is sent
  /// early need not be sent again; else null. It is for micro-batches that end
  /// an update, or every one with everyMicroBatch(), and all ranks run it
  /// together: after a combine() that found them complete, addGradients() being
  /// left out.
  const char *exchangingEntry() const;
  /// The same, whether or not it is used at the moment.
  const char *plannedEntry() const;
  /// Whether applying the gradients begins with adding up those of all ranks,
  /// addGradients() being left out before it.
  bool addsUpInApply() const { return devices_ != nullptr; }
  /// For a rank that has an empty micro-batch while others run that entry.
  Status joinEmpty() const;
  /// Says what exchanges are for.
  void beginUpdate(int64_t updateStep) const;
  /// Before another micro-batch is added to a sum: only rank 0 keeps it, as the
  /// others would count it again.
  Status keepSumOnRoot() const;

  bool everyMicroBatch() const {
    return workers_.size() > 1 && workers_.everyMicroBatch.value_or(false);
  }

  /// Makes the report of this rank's part that of the update: sums, in rank
  /// order; complete when all are; stop when one was asked to.
  Status combine(UpdateReport *report, int64_t updateStep) const;

  /// Adds up the accumulators of all ranks. Before the `last` time of an update
  /// only rank 0 keeps the sum, as the others would count it again.
  Status addGradients(bool last, int64_t updateStep) const;

  /// After the optimizer: when ranks share its work, gives all of them the
  /// variables of all.
  Status shareVariables(int64_t updateStep) const;

  /// Tells the other ranks that this one was asked to stop.
  void announceStop() const;
  /// Whether one of them was.
  bool stopAnnounced() const;

  /// Exchanges that were made again, and seconds for which this rank has waited
  /// for sums.
  int64_t repeats() const { return buckets_ ? buckets_->repeats() : 0; }
  double waitedSeconds() const {
    return waitedSeconds_ + (buckets_ ? buckets_->waitedSeconds() : 0) +
           (devices_ ? devices_->waitedSeconds() : 0);
  }

private:
  Status addBuckets() const;

  rt::Session &session_;
  Workers workers_;
  mutable double waitedSeconds_ = 0;
  /// Null where entries exchange nothing, or the other one does it.
  std::unique_ptr<BucketExchange> buckets_;
  std::unique_ptr<DeviceExchange> devices_;
};

} // namespace bertc
