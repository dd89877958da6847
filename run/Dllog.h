// SPDX-License-Identifier: Apache-2.0
//
// The training log that dashboards of the reference read: one JSON object a
// line behind the prefix `DLLL `, in the field order of NVIDIA's dllogger.
//
//   {"timestamp": "1767225600.25", "datetime": "2026-01-01 00:00:00.250000",
//    "elapsedtime": "12.5", "type": "LOG", "step": 10, "data": {...}}
#pragma once

#include "bertc/status.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace bertc {

/// Appends to a log file; every line is flushed as it is written.
class Dllog {
public:
  /// A log that drops everything.
  Dllog() = default;

  /// Opens `path`; continues it when `append`, else starts it anew.
  static StatusOr<Dllog> open(const std::string &path, bool append);

  /// One LOG line. Without a step, the summary form `"step": []`.
  Status log(std::optional<int64_t> step, const nlohmann::ordered_json &data);

  /// A LOG line with `"step": "PARAMETER"`: the settings of the run.
  Status parameters(const nlohmann::ordered_json &data);

  /// A METADATA line: unit and format of a metric.
  Status metadata(const std::string &metric,
                  const nlohmann::ordered_json &metadata);

private:
  using Clock = std::chrono::system_clock;
  struct Closer {
    void operator()(std::FILE *file) const { std::fclose(file); }
  };

  Status line(nlohmann::ordered_json rest);

  std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
  Clock::time_point start_ = Clock::now();
};

} // namespace bertc
