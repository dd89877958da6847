// SPDX-License-Identifier: Apache-2.0
//
// The exchange of gradients that entries of plans for devices begin with
// (bertc/exchange.h): buckets become sums where they are, in the memory of the
// devices.
#pragma once

#include "bertc/exchange.h"
#include "bertc/runtime.h"
#include "run/VariableCollective.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

class DeviceExchange final : public rt::GradientExchange {
public:
  /// Whether `entry` of the plan begins with sums over workers.
  static bool isPlanned(const rt::Plan &plan, const std::string &entry);

  /// `variables`, which moves those of a session of `plan`, must outlive it.
  DeviceExchange(const rt::Plan &plan, VariableCollective &variables)
      : plan_(plan), variables_(variables) {}

  /// Says what the exchanges that follow are for, counted from 1.
  void beginUpdate(int64_t number) { update_ = number; }

  bool early() const override { return false; }
  /// Notes the bucket: those that lie side by side go as one in finish().
  Status start(uint32_t bucket, float *data, int64_t elements) override;
  StatusOr<bool> mustRepeat(bool clips) override;
  Status finish() override;
  std::vector<rt::ExchangeSpan> takeSpans() override;

  /// Seconds for which finish() has waited.
  double waitedSeconds() const { return waitedSeconds_; }

private:
  rt::Plan plan_;
  VariableCollective &variables_;
  int64_t update_ = 0;
  /// The variables of the buckets that were started, and these.
  std::vector<uint32_t> started_;
  std::vector<rt::ExchangeSpan> open_, spans_;
  double waitedSeconds_ = 0;
};

} // namespace bertc
