// SPDX-License-Identifier: Apache-2.0

#include "compiler/inspect/PlanExchange.h"

#include "compiler/inspect/PlanStatistics.h"
#include "compiler/inspect/Units.h"

#include <fmt/format.h>

namespace bertc {

namespace {

uint64_t bytesOf(const plan::Variable &variable) {
  uint64_t bytes = rt::dtypeBytes(static_cast<rt::DType>(variable.dtype()));
  for (int64_t dim : *variable.shape()) {
    bytes *= static_cast<uint64_t>(dim);
  }
  return bytes;
}

/// Finds the steps that send buckets.
void findSteps(const plan::Plan &plan, std::vector<BucketRow> &rows) {
  for (const plan::Entry *entry : *plan.entries()) {
    if (entry->all_reduces() != nullptr) {
      for (uint32_t bucket : *entry->all_reduces()) {
        rows[bucket].entry = entry->name()->str();
      }
    }
    uint64_t done = 0;
    for (uint32_t i = 0; i < entry->steps()->size(); ++i) {
      const plan::Step &step = *entry->steps()->Get(i);
      done += step.flops();
      const auto *params = step.params_as_AllReduceParams();
      if (params && params->bucket() < rows.size()) {
        BucketRow &row = rows[params->bucket()];
        row.entry = entry->name()->str();
        row.step = i;
        row.workLeft = entry->flops() == 0
                           ? 0
                           : 1 - static_cast<double>(done) /
                                     static_cast<double>(entry->flops());
      }
    }
  }
}

/// Behind which step of which entry it is sent.
std::string placeText(const BucketRow &row) {
  if (row.entry.empty()) {
    return "-";
  }
  return row.step < 0 ? row.entry + ", first"
                      : fmt::format("{} {}", row.entry, row.step);
}

struct Totals {
  uint64_t bytes = 0, sent = 0;
};

Totals totalsOf(const std::vector<BucketRow> &rows) {
  Totals totals;
  for (const BucketRow &row : rows) {
    totals.bytes += row.bytes;
    totals.sent += row.sent;
  }
  return totals;
}

} // namespace

std::vector<BucketRow> bucketRows(const plan::Plan &plan) {
  std::vector<BucketRow> rows;
  if (plan.exchange() == nullptr) {
    return rows;
  }
  uint64_t ranks = plan.exchange()->workers();
  bool bf16 = plan.exchange()->wire() == plan::WireType::BF16;
  for (const plan::Bucket *bucket : *plan.exchange()->buckets()) {
    BucketRow row;
    uint64_t begin = 0, end = 0;
    for (uint32_t index : *bucket->variables()) {
      const plan::Variable &variable = *plan.variables()->Get(index);
      begin = row.variables.empty() ? variable.offset() : begin;
      end = variable.offset() + bytesOf(variable);
      row.variables.push_back(variable.name()->str());
    }
    row.bytes = end - begin;
    row.sent = row.bytes / (bf16 ? 2 : 1) * 2 * (ranks - 1) / ranks;
    rows.push_back(std::move(row));
  }
  findSteps(plan, rows);
  return rows;
}

std::string exchangeText(const plan::Plan &plan) {
  if (plan.exchange() == nullptr) {
    return "";
  }
  const plan::Exchange &exchange = *plan.exchange();
  std::vector<BucketRow> rows = bucketRows(plan);
  Totals totals = totalsOf(rows);
  std::string text = fmt::format(
      "exchange of gradients\n  planned     for {} workers, {}, {} on their "
      "way; any number can run it\n"
      "  traffic     {} sent by each rank {}, 2 (N - 1) / N of {}\n",
      exchange.workers(),
      exchange.micro_batches() ? "after every micro-batch" : "once an update",
      exchange.wire() == plan::WireType::BF16 ? "bf16" : "f32",
      bytesText(totals.sent),
      exchange.micro_batches() ? "a micro-batch" : "an update",
      bytesText(exchange.wire() == plan::WireType::BF16 ? totals.bytes / 2
                                                        : totals.bytes));
  text += fmt::format("  {:>6} {:>12} {:>12} {:>5} {:<24} {:>9}  {}\n",
                      "bucket", "bytes", "sent", "vars", "after step",
                      "work left", "first and last variable");
  for (size_t i = 0; i < rows.size(); ++i) {
    const BucketRow &row = rows[i];
    text += fmt::format(
        "  {:>6} {:>12} {:>12} {:>5} {:<24} {:>9}  {}{}\n", i, row.bytes,
        row.sent, row.variables.size(), placeText(row),
        row.step < 0 ? "-" : fmt::format("{:.1f}%", 100 * row.workLeft),
        row.variables.front(),
        row.variables.size() > 1 ? " .. " + row.variables.back() : "");
  }
  return text;
}

Json exchangeJson(const plan::Plan &plan) {
  if (plan.exchange() == nullptr) {
    return nullptr;
  }
  const plan::Exchange &exchange = *plan.exchange();
  std::vector<BucketRow> rows = bucketRows(plan);
  Totals totals = totalsOf(rows);
  Json buckets = Json::array();
  for (const BucketRow &row : rows) {
    buckets.push_back(
        {{"bytes", row.bytes},
         {"sent_bytes", row.sent},
         {"entry", row.entry.empty() ? Json(nullptr) : Json(row.entry)},
         {"after_step", row.step < 0 ? Json(nullptr) : Json(row.step)},
         {"work_left", row.step < 0 ? Json(nullptr) : Json(row.workLeft)},
         {"variables", row.variables}});
  }
  return {{"workers", exchange.workers()},
          {"micro_batches", exchange.micro_batches()},
          {"wire", exchange.wire() == plan::WireType::BF16 ? "bf16" : "f32"},
          {"gradient_bytes", totals.bytes},
          {"sent_bytes", totals.sent},
          {"buckets", std::move(buckets)}};
}

} // namespace bertc
