// SPDX-License-Identifier: Apache-2.0
#include "compiler/inspect/ScalingFiles.h"

#include "io/Files.h"
#include "support/Json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace bertc {

namespace {

/// A number that is finite and not below `least`.
StatusOr<double> number(const Json &object, const char *key, double least,
                        const std::string &name) {
  if (!object.is_object() || !object.contains(key) ||
      !object.at(key).is_number()) {
    return corrupt(
        fmt::format("{}: key \"{}\" is missing or no number", name, key));
  }
  double value = object.at(key).get<double>();
  if (!std::isfinite(value) || value < least) {
    return corrupt(fmt::format("{}: key \"{}\" is {}, expected at least {}",
                               name, key, value, least));
  }
  return value;
}

Status checkSchema(const Json &document, const std::string &wanted,
                   const std::string &name) {
  BERTC_ASSIGN_OR_RETURN(std::string schema,
                         jsonString(document, "schema", name));
  BERTC_ASSIGN_OR_RETURN(int64_t version,
                         jsonInteger(document, "schema_version", name));
  if (schema != wanted || version != 1) {
    return corrupt(fmt::format("{}: schema is {} {}, expected {} 1", name,
                               schema, version, wanted));
  }
  return Status();
}

StatusOr<MeasuredStep> fromBench(const Json &document,
                                 const std::string &name) {
  BERTC_RETURN_IF_ERROR(checkSchema(document, "bertc.bench", name));
  BERTC_ASSIGN_OR_RETURN(std::string entry,
                         jsonString(document, "entry", name));
  if (entry != "train_step") {
    return failedPrecondition(fmt::format(
        "{}: the entry is {}, expected train_step, as bench times it for a "
        "plan of --mode train",
        name, entry));
  }
  BERTC_ASSIGN_OR_RETURN(double step,
                         number(document, "step_ms_median", 0, name));
  BERTC_ASSIGN_OR_RETURN(double apply,
                         number(document, "apply_gradients_ms", 0, name));
  BERTC_ASSIGN_OR_RETURN(double after,
                         number(document, "step_after_apply_ms", 0, name));
  MeasuredStep result;
  BERTC_ASSIGN_OR_RETURN(result.sequences,
                         number(document, "sequences", 1, name));
  BERTC_ASSIGN_OR_RETURN(result.threads,
                         jsonInteger(document, "threads", name));
  result.stepSeconds = step * 1e-3;
  if (apply > 0) {
    result.updateSeconds = (apply + std::max(0.0, after - step)) * 1e-3;
  }
  return result;
}

/// What a log says of its run.
struct LogRates {
  std::optional<Json> parameters;
  double last = 0, secondsAfterFirst = 0;
  int64_t updates = 0;

  double rate() const {
    return last > 0 ? last
           : secondsAfterFirst > 0
               ? static_cast<double>(updates - 1) / secondsAfterFirst
               : 0;
  }
};

Status takeLine(const Json &line, LogRates *rates) {
  if (!line.is_object() || line.value("type", "") != "LOG" ||
      !line.contains("step") || !line.contains("data")) {
    return Status();
  }
  const Json &step = line["step"], &data = line["data"];
  if (step == "PARAMETER") {
    *rates = LogRates();
    rates->parameters = data;
    return Status();
  }
  if (!data.is_object() || !data.contains("throughput_train") ||
      !data["throughput_train"].is_number()) {
    return Status();
  }
  auto rate = data["throughput_train"].get<double>();
  if (step.is_array()) {
    rates->last = rate;
  } else if (rate > 0 && rates->updates++ > 0) {
    rates->secondsAfterFirst += 1 / rate;
  }
  return Status();
}

StatusOr<MeasuredStep> fromLog(std::string_view text, const std::string &name) {
  LogRates rates;
  for (size_t line = 1; !text.empty(); ++line) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.substr(0, 5) != "DLLL ") {
      continue;
    }
    BERTC_ASSIGN_OR_RETURN(
        Json parsed,
        parseJson(one.substr(5), fmt::format("{}: line {}", name, line)));
    BERTC_RETURN_IF_ERROR(takeLine(parsed, &rates));
  }
  if (!rates.parameters) {
    return corrupt(name + ": neither a result of bert-run bench --json nor a "
                          "log with the parameters of a run");
  }
  const Json &p = *rates.parameters;
  BERTC_ASSIGN_OR_RETURN(int64_t workers, jsonInteger(p, "workers", name));
  BERTC_ASSIGN_OR_RETURN(int64_t packed, jsonInteger(p, "packed", name));
  BERTC_ASSIGN_OR_RETURN(int64_t batch,
                         jsonInteger(p, "train_batch_size", name));
  BERTC_ASSIGN_OR_RETURN(int64_t accumulation,
                         jsonInteger(p, "num_accumulation_steps", name));
  if (workers != 1 || packed != 0 || batch < 1 || accumulation < 1) {
    return failedPrecondition(fmt::format(
        "{}: a run of {} ranks, packed {}, expected one rank and records that "
        "are not packed; use bert-run bench --json",
        name, workers, packed));
  }
  if (rates.rate() <= 0) {
    return failedPrecondition(name + ": the log has no throughput of updates "
                                     "after the first; train some more");
  }
  MeasuredStep result;
  BERTC_ASSIGN_OR_RETURN(result.threads, jsonInteger(p, "threads", name));
  BERTC_ASSIGN_OR_RETURN(result.planSha256, jsonString(p, "plan_sha256", name));
  result.sequences = static_cast<double>(batch);
  result.stepSeconds = result.sequences / rates.rate();
  result.accumulation = accumulation;
  return result;
}

} // namespace

StatusOr<MeasuredStep> readMeasuredStep(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  std::string_view text = file.view();
  size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') {
    return fromLog(text, path);
  }
  BERTC_ASSIGN_OR_RETURN(Json document, parseJson(text, path));
  return fromBench(document, path);
}

StatusOr<MeasuredLinks> readMeasuredLinks(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  BERTC_ASSIGN_OR_RETURN(Json document, parseJson(file.view(), path));
  BERTC_RETURN_IF_ERROR(checkSchema(document, "bertc.links", path));
  MeasuredLinks result;
  BERTC_ASSIGN_OR_RETURN(result.link.bandwidth,
                         number(document, "bandwidth", 1, path));
  BERTC_ASSIGN_OR_RETURN(result.link.latency,
                         number(document, "latency", 0, path));
  BERTC_ASSIGN_OR_RETURN(result.hosts, jsonInteger(document, "hosts", path));
  BERTC_ASSIGN_OR_RETURN(result.precision,
                         jsonString(document, "precision", path));
  return result;
}

} // namespace bertc
