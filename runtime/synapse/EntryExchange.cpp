// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/EntryExchange.h"

#include "runtime/core/ExchangeReport.h"

namespace bertc::rt::syn {
namespace {

// The accumulators of a bucket lie side by side.
Status startBucket(GradientExchange &exchange, const PlanFile &file,
                   const DeviceVariables &variables, uint32_t bucket) {
  const std::vector<uint32_t> &all = file.exchange()->buckets[bucket];
  uint64_t first = variables.address(all.front());
  uint64_t last = variables.address(all.back());
  int64_t elements = static_cast<int64_t>((last - first) / sizeof(float)) +
                     numElements(file.variables()[all.back()].shape);
  return exchange.start(bucket, reinterpret_cast<float *>(first), elements);
}

} // namespace

Status addUpFirst(GradientExchange &exchange, const PlanFile &file,
                  size_t index, const DeviceVariables &variables,
                  const ProfileHook &hook) {
  const auto *buckets =
      file.root().entries()->Get(static_cast<uint32_t>(index))->all_reduces();
  if (buckets == nullptr) {
    return Status();
  }
  Status status;
  for (uint32_t i = 0; i < buckets->size() && status.ok(); ++i) {
    status = startBucket(exchange, file, variables, buckets->Get(i));
  }
  // Also after an error: what is under way is the exchange's.
  Status finished = finishExchange(exchange, file.entries()[index].name, hook);
  return status.ok() ? finished : status;
}

} // namespace bertc::rt::syn
