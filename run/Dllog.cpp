// SPDX-License-Identifier: Apache-2.0
#include "run/Dllog.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fmt/format.h>

namespace bertc {

using nlohmann::ordered_json;

StatusOr<Dllog> Dllog::open(const std::string &path, bool append) {
  Dllog log;
  log.path_ = path;
  log.file_.reset(std::fopen(path.c_str(), append ? "ae" : "we"));
  if (!log.file_) {
    return ioError(
        fmt::format("{}: cannot open the log: {}", path, std::strerror(errno)));
  }
  return log;
}

Status Dllog::line(ordered_json rest) {
  if (!file_) {
    return Status::okStatus();
  }
  auto now = Clock::now();
  auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
                    now.time_since_epoch())
                    .count();
  std::time_t seconds = micros / 1000000;
  std::tm local = {};
  localtime_r(&seconds, &local);
  char date[32];
  std::strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &local);
  double elapsed = std::chrono::duration<double>(now - start_).count();

  ordered_json object;
  object["timestamp"] = fmt::format("{}.{:06}", seconds, micros % 1000000);
  object["datetime"] = fmt::format("{}.{:06}", date, micros % 1000000);
  object["elapsedtime"] = fmt::format("{:.6f}", elapsed);
  object.update(rest);
  std::string text =
      "DLLL " +
      object.dump(-1, ' ', false, ordered_json::error_handler_t::replace) +
      "\n";
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size() ||
      std::fflush(file_.get()) != 0) {
    std::string reason = std::strerror(errno);
    if (errno == ENOSPC || errno == EDQUOT) {
      return resourceExhausted(
          fmt::format("{}: cannot write the log: {}", path_, reason));
    }
    return ioError(fmt::format("{}: cannot write the log: {}", path_, reason));
  }
  return Status::okStatus();
}

Status Dllog::log(std::optional<int64_t> step, const ordered_json &data) {
  ordered_json stepValue = ordered_json::array();
  if (step) {
    stepValue = *step;
  }
  return line({{"type", "LOG"}, {"step", stepValue}, {"data", data}});
}

Status Dllog::parameters(const ordered_json &data) {
  return line({{"type", "LOG"}, {"step", "PARAMETER"}, {"data", data}});
}

Status Dllog::metadata(const std::string &metric,
                       const ordered_json &metadata) {
  return line(
      {{"type", "METADATA"}, {"metric", metric}, {"metadata", metadata}});
}

} // namespace bertc
