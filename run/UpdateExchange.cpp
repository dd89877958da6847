// SPDX-License-Identifier: Apache-2.0
#include "run/UpdateExchange.h"

#include "run/OptimizerShards.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <vector>

namespace bertc {

namespace {

/// A stretch of memory that holds accumulators and nothing else but the few
/// bytes, always zero, that align them.
struct Stretch {
  float *data;
  int64_t elements;
};

/// Plans lay all accumulators out side by side, so this is one as a rule.
StatusOr<std::vector<Stretch>> accumulators(rt::Session &session) {
  constexpr int64_t most = 64 / sizeof(float);
  std::vector<Stretch> all;
  for (const rt::VariableInfo &info : session.plan().variables()) {
    if (info.role == rt::VariableRole::Accum) {
      BERTC_ASSIGN_OR_RETURN(rt::TensorView view,
                             session.mutableVariable(info.name));
      all.push_back({view.as<float>(), rt::numElements(info.shape)});
    }
  }
  std::sort(all.begin(), all.end(),
            [](const Stretch &a, const Stretch &b) { return a.data < b.data; });
  std::vector<Stretch> merged;
  for (const Stretch &next : all) {
    if (!merged.empty()) {
      Stretch &last = merged.back();
      int64_t gap = next.data - (last.data + last.elements);
      if (gap >= 0 && gap < most) {
        last.elements += gap + next.elements;
        continue;
      }
    }
    merged.push_back(next);
  }
  return merged;
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
  BERTC_ASSIGN_OR_RETURN(std::vector<Stretch> stretches,
                         accumulators(session_));
  std::vector<rt::Collective::Ticket> tickets;
  for (const Stretch &stretch : stretches) {
    tickets.push_back(workers_.collective->startAllReduceSum(
        stretch.data, stretch.elements, workers_.wire, what));
  }
  for (rt::Collective::Ticket ticket : tickets) {
    BERTC_RETURN_IF_ERROR(workers_.collective->wait(ticket));
  }
  if (!last && !workers_.isRoot()) {
    for (const Stretch &stretch : stretches) {
      std::fill_n(stretch.data, stretch.elements, 0.0f);
    }
  }
  return Status();
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
