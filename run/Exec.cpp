// SPDX-License-Identifier: Apache-2.0
#include "run/Exec.h"

#include "run/ModelState.h"
#include "run/NamedTensors.h"
#include "run/Trace.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>

namespace bertc {

namespace {

void say(const ExecOptions &options, const std::string &line) {
  if (!options.quiet) {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

/// `file` must live as long as the session: it may use the mapped bytes.
Status giveWeights(rt::Session &session, const ExecOptions &options,
                   SafeTensorsFile *file) {
  if (options.weights.empty()) {
    say(options,
        fmt::format("no --weights: random ones from seed {}", options.seed));
    return session.initialise(options.seed);
  }
  bool trained = session.plan().model().mode == "train";
  BERTC_ASSIGN_OR_RETURN(
      LoadReport report,
      trained ? loadVariables(session, options.weights, LoadScope::Everything)
              : bindVariables(session, options.weights, file));
  if (!report.missing.empty()) {
    return failedPrecondition(fmt::format("{}: lacks {}, which the plan has",
                                          options.weights,
                                          listNames(report.missing, 10)));
  }
  if (!report.unused.empty()) {
    say(options, fmt::format("note: {}: not used by this plan: {}",
                             options.weights, listNames(report.unused)));
  }
  return Status::okStatus();
}

/// Element `index` of a tensor as f64; the types that plans put out.
double elementAt(DataType dtype, const void *data, int64_t index) {
  const uint8_t *bytes = static_cast<const uint8_t *>(data) +
                         static_cast<size_t>(index) * dataTypeSize(dtype);
  auto as = [&](auto value) {
    std::memcpy(&value, bytes, sizeof(value));
    return static_cast<double>(value);
  };
  switch (dtype) {
  case DataType::F64:
    return as(double());
  case DataType::F32:
    return as(float());
  case DataType::I64:
    return as(int64_t());
  case DataType::I32:
    return as(int32_t());
  case DataType::Bool:
  case DataType::U8:
    return as(uint8_t());
  case DataType::BF16: {
    uint16_t half = 0;
    std::memcpy(&half, bytes, sizeof(half));
    uint32_t wide = static_cast<uint32_t>(half) << 16;
    float value = 0;
    std::memcpy(&value, &wide, sizeof(value));
    return static_cast<double>(value);
  }
  default:
    return std::nan("");
  }
}

Comparison compareTensors(const TensorSource &found, const TensorView &expected,
                          double atol, double rtol) {
  Comparison result;
  result.name = found.info.name;
  result.elements =
      elementCount(found.info.shape).ok() ? *elementCount(found.info.shape) : 0;
  double differenceSquares = 0, expectedSquares = 0;
  for (int64_t i = 0; i < result.elements; ++i) {
    double have = elementAt(found.info.dtype, found.data, i);
    double want = elementAt(expected.info.dtype, expected.data, i);
    double difference = std::fabs(have - want);
    bool same = have == want || (std::isnan(have) && std::isnan(want));
    if (same) {
      difference = 0;
    }
    differenceSquares += difference * difference;
    expectedSquares += want * want;
    // Written so that a NaN counts as a mismatch.
    result.mismatches +=
        !(difference <= atol + rtol * std::fabs(want)) && !same ? 1 : 0;
    result.maxAbsolute = std::fmax(result.maxAbsolute, difference);
    if (want != 0) {
      result.maxRelative =
          std::fmax(result.maxRelative, difference / std::fabs(want));
    }
  }
  result.normRelative = expectedSquares > 0
                            ? std::sqrt(differenceSquares / expectedSquares)
                            : std::sqrt(differenceSquares);
  return result;
}

Status compareOutputs(const std::vector<TensorSource> &outputs,
                      const ExecOptions &options, ExecResult *result) {
  BERTC_ASSIGN_OR_RETURN(SafeTensorsFile file,
                         SafeTensorsFile::open(options.expectedOutput));
  for (const TensorView &expected : file.tensors()) {
    auto found = std::find_if(outputs.begin(), outputs.end(),
                              [&](const TensorSource &output) {
                                return output.info.name == expected.info.name;
                              });
    if (found == outputs.end()) {
      return invalidArgument(fmt::format(
          "{}: tensor {} is no output of entry {}", options.expectedOutput,
          expected.info.name, options.entry));
    }
    if (found->info.shape != expected.info.shape) {
      return invalidArgument(fmt::format(
          "{}: {} is {}, the plan puts out {}", options.expectedOutput,
          expected.info.name, shapeToString(expected.info.shape),
          shapeToString(found->info.shape)));
    }
    result->comparisons.push_back(
        compareTensors(*found, expected, options.atol, options.rtol));
    result->mismatches += result->comparisons.back().mismatches;
  }
  return Status::okStatus();
}

Status runRepeatedly(rt::Session &session, const ExecOptions &options,
                     const EntryInputs &inputs, ExecResult *result) {
  Trace trace;
  for (int i = 0; i < options.repeat; ++i) {
    bool traced = !options.profile.empty() && i + 1 == options.repeat;
    if (traced) {
      session.setProfileHook(trace.hook());
    }
    int64_t begin = monotonicNs();
    {
      Trace::Span span(traced ? &trace : nullptr, options.entry);
      BERTC_RETURN_IF_ERROR(session.run(options.entry, inputs.inputs(), {}));
      BERTC_RETURN_IF_ERROR(session.wait());
    }
    result->milliseconds.push_back(static_cast<double>(monotonicNs() - begin) *
                                   1e-6);
  }
  session.setProfileHook({});
  return options.profile.empty() ? Status::okStatus()
                                 : trace.write(options.profile);
}

} // namespace

StatusOr<ExecResult> exec(const ExecOptions &options) {
  if (options.repeat < 1) {
    return invalidArgument(
        fmt::format("--repeat is {}, it must be at least 1", options.repeat));
  }
  BERTC_ASSIGN_OR_RETURN(rt::Plan plan, rt::Plan::load(options.plan));
  const rt::EntryInfo *entry = plan.findEntry(options.entry);
  if (!entry) {
    std::vector<std::string> names;
    for (const rt::EntryInfo &info : plan.entries()) {
      names.push_back(info.name);
    }
    return invalidArgument(fmt::format("{}: no entry '{}'; it has {}",
                                       options.plan, options.entry,
                                       listNames(names, 20)));
  }
  BERTC_ASSIGN_OR_RETURN(EntryInputs inputs,
                         EntryInputs::open(*entry, options.input, options.seed,
                                           options.deterministic));
  for (const std::string &name : inputs.supplied()) {
    if (name == "rng") {
      say(options,
          fmt::format("rng not given: seed {}, dropout {}", options.seed,
                      options.deterministic ? "off" : "on"));
    }
  }
  rt::SessionOptions sessionOptions =
      options.device.session(options.threads, options.quiet);
  sessionOptions.deterministic = options.deterministic;
  // Packing costs about as much as it saves in this many runs.
  constexpr int kManyRuns = 8;
  sessionOptions.packWeights = options.repeat >= kManyRuns;
  SafeTensorsFile weights;
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<rt::Session> session,
                         rt::Session::create(plan, sessionOptions));
  BERTC_RETURN_IF_ERROR(giveWeights(*session, options, &weights));

  ExecResult result;
  BERTC_RETURN_IF_ERROR(runRepeatedly(*session, options, inputs, &result));
  BERTC_ASSIGN_OR_RETURN(std::vector<TensorSource> outputs,
                         outputSources(*session, *entry));
  if (!options.output.empty()) {
    BERTC_RETURN_IF_ERROR(writeSafeTensors(options.output, outputs));
  }
  if (!options.expectedOutput.empty()) {
    BERTC_RETURN_IF_ERROR(compareOutputs(outputs, options, &result));
  }
  if (!options.saveWeights.empty()) {
    BERTC_ASSIGN_OR_RETURN(std::vector<TensorSource> variables,
                           variableSources(*session, /*accumulators=*/true));
    BERTC_RETURN_IF_ERROR(writeSafeTensors(options.saveWeights, variables));
  }
  return result;
}

} // namespace bertc
