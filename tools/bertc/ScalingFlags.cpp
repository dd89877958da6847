// SPDX-License-Identifier: Apache-2.0
#include "tools/bertc/ScalingFlags.h"

#include "compiler/inspect/PlanExchange.h"
#include "compiler/inspect/ScalingFiles.h"

#include <fmt/format.h>

namespace bertc {

namespace {

int64_t accumulatedGradients(const plan::Plan &plan) {
  int64_t total = 0;
  for (const plan::Variable *variable : *plan.variables()) {
    if (variable->role() == plan::VariableRole::Accum) {
      total += rt::numElements(
          rt::Shape(variable->shape()->begin(), variable->shape()->end()));
    }
  }
  return total;
}

/// How gradients travel: what --allreduce-precision says, else the plan.
std::string wireName(const rt::PlanFile &file, const ScalingFlags &flags) {
  bool bf16 = file.exchange() != nullptr && file.exchange()->bf16;
  return flags.precision.value_or(bf16 ? "bf16" : "f32");
}

Status setGradients(const rt::PlanFile &file, const ScalingFlags &flags,
                    ScalingInput *in) {
  in->gradients = accumulatedGradients(file.root());
  if (in->gradients == 0) {
    return failedPrecondition(fmt::format(
        "{} has no accumulators of gradients, which workers would add up: task "
        "{}, mode {}; expected a plan of --mode train",
        file.path(), file.model().task, file.model().mode));
  }
  std::string wire = wireName(file, flags);
  if (wire != "f32" && wire != "bf16") {
    return invalidArgument(fmt::format(
        "--allreduce-precision is '{}', expected f32 or bf16", wire));
  }
  in->wireBytes = wire == "bf16" ? 2 : 4;
  return Status();
}

/// The buckets of a plan for several workers, and what of the entry that sends
/// each is left to be computed then, by its operations.
std::vector<ScalingBucket> plannedBuckets(const plan::Plan &plan) {
  std::vector<BucketRow> rows = bucketRows(plan);
  double bytes = 0;
  for (const BucketRow &row : rows) {
    bytes += static_cast<double>(row.bytes);
  }
  std::vector<ScalingBucket> buckets;
  for (const BucketRow &row : rows) {
    buckets.push_back({static_cast<double>(row.bytes) / bytes, row.workLeft});
  }
  return buckets;
}

/// When gradients travel and in which pieces: what flags say, else the plan.
/// Workers that share the optimizer leave the plan's buckets alone.
void setExchange(const rt::PlanFile &file, const ScalingFlags &flags,
                 ScalingInput *in) {
  bool planned = file.exchange() != nullptr;
  in->shardOptimizer = flags.shardOptimizer;
  in->everyMicroBatch = flags.postAccumulationOption->count() > 0
                            ? !flags.postAccumulation
                            : planned && file.exchange()->microBatches;
  if (planned && !flags.shardOptimizer) {
    in->planned = plannedBuckets(file.root());
  }
  if (!in->planned.empty()) {
    in->buckets = static_cast<int64_t>(in->planned.size());
    in->overlap = in->planned.front().workLeft;
  }
  if (flags.buckets || flags.overlap) {
    in->planned.clear();
  }
  in->buckets = flags.buckets.value_or(in->buckets);
  in->overlap = flags.overlap.value_or(in->overlap);
}

/// Times from --measured, then what flags say.
Status setTimes(const rt::PlanFile &file, const ScalingFlags &flags,
                ScalingInput *in, std::string *source) {
  in->sequences = static_cast<double>(file.model().batchSize);
  *source = "--step-time";
  if (!flags.measured.empty()) {
    if (flags.stepTime) {
      return invalidArgument("--step-time and --measured are both given, "
                             "expected one of them");
    }
    BERTC_ASSIGN_OR_RETURN(MeasuredStep step, readMeasuredStep(flags.measured));
    if (!step.planSha256.empty() && step.planSha256 != file.sha256()) {
      return failedPrecondition(
          fmt::format("{} is the log of a run of another plan ({}), expected "
                      "{}",
                      flags.measured, step.planSha256, file.sha256()));
    }
    in->stepSeconds = step.stepSeconds;
    in->updateSeconds = step.updateSeconds;
    in->sequences = step.sequences;
    in->accumulation = step.accumulation.value_or(1);
    *source = fmt::format("{}, {} thread{}", flags.measured, step.threads,
                          step.threads == 1 ? "" : "s");
  }
  in->stepSeconds = flags.stepTime.value_or(in->stepSeconds);
  in->updateSeconds = flags.updateTime.value_or(in->updateSeconds);
  in->accumulation = flags.accumulation.value_or(in->accumulation);
  if (flags.stepTime && !(*flags.stepTime > 0)) {
    return invalidArgument(fmt::format(
        "--step-time is {} s, expected a time above 0", *flags.stepTime));
  }
  return Status();
}

/// How much slower ranks of a full host are, from --measured-full-host.
Status setFullHost(const ScalingFlags &flags, ScalingInput *in) {
  if (flags.measuredFullHost.empty()) {
    return Status();
  }
  if (flags.ranksPerHost < 2) {
    return invalidArgument("--measured-full-host has no effect on one rank a "
                           "host, expected --ranks-per-host 2 or more");
  }
  if (flags.measured.empty()) {
    return invalidArgument("--measured-full-host needs --measured, of one rank "
                           "alone on its host");
  }
  BERTC_ASSIGN_OR_RETURN(MeasuredStep full,
                         readMeasuredStep(flags.measuredFullHost));
  in->fullHostStep = full.stepSeconds / in->stepSeconds;
  if (in->updateSeconds > 0 && full.updateSeconds > 0) {
    in->fullHostUpdate = full.updateSeconds / in->updateSeconds;
  }
  return Status();
}

Status setLinks(const rt::PlanFile &file, const ScalingFlags &flags,
                ScalingInput *in) {
  for (const std::string &path : flags.links) {
    BERTC_ASSIGN_OR_RETURN(MeasuredLinks links, readMeasuredLinks(path));
    std::string wire = wireName(file, flags);
    if (links.precision != wire) {
      return invalidArgument(fmt::format(
          "{} was measured with {} on the wire, {} is {}; measure with the "
          "same",
          path, links.precision,
          flags.precision ? "--allreduce-precision" : "that of the plan",
          wire));
    }
    (links.hosts > 1 ? in->network : in->host) = links.link;
  }
  auto set = [](const std::optional<double> &flag, const char *name,
                double *value) -> Status {
    if (flag && !(*flag > 0)) {
      return invalidArgument(
          fmt::format("{} is {} GB/s, expected more than 0", name, *flag));
    }
    *value = flag ? *flag * 1e9 : *value;
    return Status();
  };
  in->host.latency =
      flags.hostLatency ? *flags.hostLatency * 1e-6 : in->host.latency;
  in->network.latency =
      flags.linkLatency ? *flags.linkLatency * 1e-6 : in->network.latency;
  BERTC_RETURN_IF_ERROR(
      set(flags.hostBandwidth, "--host-bandwidth", &in->host.bandwidth));
  return set(flags.linkBandwidth, "--link-bandwidth", &in->network.bandwidth);
}

Status setAlgorithm(const rt::PlanFile &file, const ScalingFlags &flags,
                    ScalingInput *in) {
  bool cpu = file.root().target()->str() == "cpu";
  in->coresCopy = cpu;
  std::string name = !flags.algorithm.empty() ? flags.algorithm
                     : cpu                    ? "ring"
                                              : "hierarchical";
  if (name != "ring" && name != "hierarchical") {
    return invalidArgument(fmt::format(
        "--algorithm is '{}', expected ring or hierarchical", name));
  }
  in->algorithm = name == "ring" ? ScalingInput::Algorithm::Ring
                                 : ScalingInput::Algorithm::Hierarchical;
  return Status();
}

void addTimeFlags(CLI::App &group, ScalingFlags &flags) {
  group.add_option("--measured", flags.measured,
                   "one rank alone: result of bert-run bench --json, or the "
                   "log of a run (bert_dllog.json)");
  group.add_option("--measured-full-host", flags.measuredFullHost,
                   "the same of one of the ranks of a host while all compute");
  group.add_option("--step-time", flags.stepTime,
                   "seconds of a micro-batch, in the place of --measured");
  group.add_option("--update-time", flags.updateTime,
                   "seconds once an update, the all-reduce not counted");
  group.add_option("--step-spread", flags.spread,
                   "standard deviation by mean of a micro-batch's time");
  group.add_option("--num-accumulation-steps", flags.accumulation,
                   "micro-batches of a rank an update");
}

void addLinkFlags(CLI::App &group, ScalingFlags &flags) {
  group.add_option("--ranks-per-host", flags.ranksPerHost,
                   "hosts are filled one after the other");
  group
      .add_option("--links", flags.links,
                  "results of bertc-allreduce-bench --json, in a host and "
                  "between hosts: FILE,FILE")
      ->delimiter(',')
      ->allow_extra_args(false);
  group.add_option("--link-bandwidth", flags.linkBandwidth,
                   "GB/s of a host to others, each direction");
  group.add_option("--link-latency", flags.linkLatency,
                   "microseconds of a message between hosts");
  group.add_option("--host-bandwidth", flags.hostBandwidth,
                   "GB/s between two ranks of a host while all send");
  group.add_option("--host-latency", flags.hostLatency,
                   "microseconds of a message in a host");
  group.add_option("--sum-bandwidth", flags.sumBandwidth,
                   "GB/s of f32 sums that a rank forms; 0: none to be added, "
                   "as a measured bandwidth has it in it");
}

} // namespace

void addScalingFlags(CLI::App &command, ScalingFlags &flags) {
  CLI::Option *scaling =
      command.add_flag("--scaling", flags.wanted,
                       "time and efficiency of training with N workers");
  CLI::App *group = command.add_option_group(
      "Scaling", "what --scaling reckons with (docs/scaling.md)");
  group->add_option("--scaling-workers", flags.workers, "N,N,..")
      ->delimiter(',')
      ->allow_extra_args(false);
  addTimeFlags(*group, flags);
  addLinkFlags(*group, flags);
  group->add_option("--algorithm", flags.algorithm,
                    "ring (default of CPUs) or hierarchical (of Gaudi)");
  group->add_option("--allreduce-precision", flags.precision,
                    "f32 or bf16 on the wire [default: as the plan was "
                    "compiled for]");
  flags.postAccumulationOption = addBoolFlag(
      *group, "--allreduce-post-accumulation", flags.postAccumulation,
      "one all-reduce an update, not one a micro-batch [default: as the plan "
      "was compiled for]");
  addBoolFlag(*group, "--shard-optimizer", flags.shardOptimizer,
              "each worker updates its share of the variables");
  group->add_option("--buckets", flags.buckets,
                    "even ones of an all-reduce [default: those of the plan]");
  group->add_option("--overlap", flags.overlap,
                    "part of a step that the all-reduce may overlap, 0 to 1 "
                    "[default: as the plan's buckets do]");
  group->add_option("--plot", flags.plot, "SVG file of efficiency and parts");
  for (CLI::Option *option : group->get_options()) {
    option->needs(scaling);
  }
}

StatusOr<ScalingReport> scalingOf(const rt::PlanFile &file,
                                  const ScalingFlags &flags) {
  ScalingReport report;
  report.plan = file.path();
  ScalingInput &in = report.input;
  in.ranksPerHost = flags.ranksPerHost;
  in.spread = flags.spread;
  in.sumBandwidth = flags.sumBandwidth * 1e9;
  setExchange(file, flags, &in);
  BERTC_RETURN_IF_ERROR(setGradients(file, flags, &in));
  BERTC_RETURN_IF_ERROR(setTimes(file, flags, &in, &report.source));
  BERTC_RETURN_IF_ERROR(setFullHost(flags, &in));
  BERTC_RETURN_IF_ERROR(setLinks(file, flags, &in));
  BERTC_RETURN_IF_ERROR(setAlgorithm(file, flags, &in));
  BERTC_ASSIGN_OR_RETURN(report.rows, predictScaling(in, flags.workers));
  return report;
}

} // namespace bertc
