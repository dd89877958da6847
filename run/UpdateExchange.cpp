// SPDX-License-Identifier: Apache-2.0
#include "run/UpdateExchange.h"

#include "run/OptimizerShards.h"

#include <cstring>
#include <fmt/format.h>
#include <vector>

namespace bertc {

namespace {

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
    return workers_.shards->reduceGradients(workers_.wire, what);
  }
  std::vector<uint32_t> sums = accumulators(session_.plan());
  BERTC_RETURN_IF_ERROR(workers_.variables->allReduceSum(sums, what));
  return last || workers_.isRoot() ? Status()
                                   : workers_.variables->fillZero(sums);
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
