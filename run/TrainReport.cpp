// SPDX-License-Identifier: Apache-2.0
#include "run/TrainReport.h"

#include "io/Files.h"

#include <fmt/format.h>

namespace bertc {

namespace {

ProgressOptions progressOptions(const TrainReport::Settings &settings) {
  ProgressOptions options;
  options.label = "train";
  options.unit = "steps";
  options.total = static_cast<double>(settings.trainSteps);
  options.start = static_cast<double>(settings.firstStep);
  options.quiet = settings.quiet;
  return options;
}

double lossOf(const UpdateReport &report, const char *name) {
  auto found = report.losses.find(name);
  return found == report.losses.end() ? 0.0 : found->second;
}

/// What the total loss is made of, where it has parts, under the reference's
/// names.
std::vector<Scalar> partialLosses(const UpdateReport &report) {
  std::vector<Scalar> parts;
  for (const auto &[name, tag] :
       {std::pair("masked_lm_loss", "mlm_loss"),
        std::pair("next_sentence_loss", "nsp_loss")}) {
    if (report.losses.count(name) > 0) {
      parts.push_back({tag, lossOf(report, name)});
    }
  }
  return parts;
}

} // namespace

TrainReport::TrainReport(const Settings &settings, Dllog &log,
                         EventFile *events)
    : settings_(settings), log_(log), events_(events),
      progress_(progressOptions(settings)) {}

void TrainReport::micro(int64_t step, int64_t index, double totalLoss) {
  double part = static_cast<double>(index) /
                static_cast<double>(settings_.accumulationSteps);
  double rate = throughput();
  if (rate == 0 && seconds_ > 0) {
    rate = static_cast<double>(sequences_) / seconds_;
  }
  progress_.advanceTo(static_cast<double>(step) + part,
                      fmt::format("loss {:.4f} lr {:.3g} {:.1f} seq/s",
                                  totalLoss, learningRate_, rate));
}

Status TrainReport::update(int64_t step, const UpdateReport &report) {
  throughput_.addStep(report.seconds, report.sequences);
  learningRate_ = report.learningRate;
  seconds_ += report.seconds;
  sequences_ += report.sequences;
  lossSum_ += lossOf(report, "total_loss");
  ++lossCount_;
  bool display = step % settings_.displaySteps == 0;
  if (!display && step != settings_.trainSteps) {
    return Status::okStatus();
  }
  double rate = seconds_ > 0 ? static_cast<double>(sequences_) / seconds_ : 0.0;
  std::vector<Scalar> losses = partialLosses(report);
  nlohmann::ordered_json data = lineStart();
  data["throughput_train"] = rate;
  for (const Scalar &loss : losses) {
    data[loss.tag] = loss.value;
  }
  data["total_loss"] = lossOf(report, "total_loss");
  data["avg_loss_step"] = lossSum_ / static_cast<double>(lossCount_);
  data["learning_rate"] = report.learningRate;
  lossSum_ = 0;
  lossCount_ = 0;
  seconds_ = 0;
  sequences_ = 0;
  BERTC_RETURN_IF_ERROR(log_.log(step, data));
  if (!events_) {
    return Status::okStatus();
  }
  losses.push_back({"loss", lossOf(report, "total_loss")});
  losses.push_back({"learning_rate", report.learningRate});
  losses.push_back({"throughput", rate});
  return events_->scalars(step, losses);
}

void TrainReport::saved(const std::string &prefix) {
  throughput_.pause();
  progress_.note("saved " + prefix);
}

nlohmann::ordered_json TrainReport::lineStart() const {
  auto data = nlohmann::ordered_json::object();
  if (settings_.rank) {
    data["Rank"] = *settings_.rank;
  }
  return data;
}

Status TrainReport::finish() {
  progress_.finish();
  nlohmann::ordered_json data = lineStart();
  data["throughput_train"] = throughput();
  return log_.log(std::nullopt, data);
}

Status logMetrics(const std::string &outputDir, int64_t step,
                  const std::vector<Scalar> &metrics) {
  BERTC_ASSIGN_OR_RETURN(EventFile events,
                         EventFile::create(joinPath(outputDir, "eval"), step));
  return events.scalars(step, metrics);
}

} // namespace bertc
