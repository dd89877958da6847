// SPDX-License-Identifier: Apache-2.0
//
// The model of scaling against figures: published ones, and those of two ranks
// on one machine, predicted from what was measured apart (docs/scaling.md has
// the table that this prints).
#include "compiler/inspect/ScalingFiles.h"

#include "io/Files.h"
#include "support/Json.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

namespace bertc {
namespace {

const std::string kFolder = BERTC_SOURCE_DIR "/benchmarks/scaling/";
const std::string kMachine = "2-cores-avx512_bf16/";

Json load(const std::string &name) {
  auto file = MappedFile::open(kFolder + name);
  EXPECT_TRUE(file.ok()) << file.status().message();
  auto parsed = parseJson(file->view(), name);
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  return *parsed;
}

double valueOf(const Json &system, const char *key) {
  return system["given"].contains(key) ? system["given"][key].get<double>()
                                       : system["fitted"].value(key, 0.0);
}

ScalingInput inputOf(const Json &document, const Json &system,
                     const Json &row) {
  const Json &given = system["given"];
  ScalingInput in;
  in.gradients = document["gradients"];
  in.wireBytes = given["wire_bytes_per_gradient"];
  in.ranksPerHost = given["ranks_per_host"];
  double latency = given["latency_microseconds"].get<double>() * 1e-6;
  in.host = {given["host_gbytes_per_second"].get<double>() * 1e9, latency};
  in.network = {given["link_gbytes_per_second"].get<double>() * 1e9, latency};
  in.algorithm = given["algorithm"] == "ring"
                     ? ScalingInput::Algorithm::Ring
                     : ScalingInput::Algorithm::Hierarchical;
  in.shardOptimizer = given["shard_optimizer"];
  in.updateSeconds = valueOf(system, "update_seconds");
  in.accumulation = row["num_accumulation_steps"];
  in.sequences = row["global_batch"].get<double>() /
                 row["workers"].get<double>() /
                 static_cast<double>(in.accumulation);
  in.stepSeconds = valueOf(system, "seconds_per_sequence") * in.sequences;
  in.spread =
      given["spread_of_a_sequence"].get<double>() / std::sqrt(in.sequences);
  return in;
}

/// Model by published figure, less 1.
double errorOf(const Json &row, const ScalingInput &in) {
  auto rows = predictScaling(in, {row["workers"].get<int64_t>()});
  EXPECT_TRUE(rows.ok()) << rows.status().message();
  return rows->front().sequencesPerSecond /
             row["sequences_per_second"].get<double>() -
         1;
}

TEST(PublishedScaling, IsReproducedWithinTheStatedError) {
  Json document = load("published.json");
  for (const Json &system : document["systems"]) {
    double stated = system["stated_error"];
    EXPECT_LE(stated, 0.05);
    for (const Json &row : system["rows"]) {
      double error = errorOf(row, inputOf(document, system, row));
      std::printf(
          "%-24s %4d workers %8.0f sequences/s %+6.2f %%\n",
          system["name"].get<std::string>().c_str(), row["workers"].get<int>(),
          row["sequences_per_second"].get<double>() * (1 + error), 100 * error);
      EXPECT_LE(std::abs(error), stated) << system["name"] << row;
    }
  }
}

/// From the smallest system of a release to its largest: nothing that is
/// fitted to all rows can hide an error of the model here.
TEST(PublishedScaling, SpeedUpsAreThoseOfTheModel) {
  Json document = load("published.json");
  for (const Json &system : document["systems"]) {
    const Json &rows = system["rows"];
    double least =
        errorOf(rows.front(), inputOf(document, system, rows.front()));
    double most = errorOf(rows.back(), inputOf(document, system, rows.back()));
    double error = (1 + most) / (1 + least) - 1;
    std::printf("%-24s speed-up %+6.2f %%\n",
                system["name"].get<std::string>().c_str(), 100 * error);
    EXPECT_LE(std::abs(error), 0.09) << system["name"];
  }
}

/// Every part of the model that a system needs is needed: without it the error
/// that is stated is not kept.
TEST(PublishedScaling, NeedsItsParts) {
  Json document = load("published.json");
  for (const Json &system : document["systems"]) {
    double worst = 0, least = 1e9, most = -1e9;
    for (const Json &row : system["rows"]) {
      ScalingInput in = inputOf(document, system, row);
      in.spread = 0;
      in.network.bandwidth = in.host.bandwidth = 1e14;
      in.updateSeconds = 0;
      double error = errorOf(row, in);
      least = std::min(least, error);
      most = std::max(most, error);
    }
    // Compute alone, whatever its seconds a sequence are.
    worst = (most - least) / 2;
    EXPECT_GT(worst, system["stated_error"].get<double>()) << system["name"];
  }
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// What predicts a run: steps timed apart, and all-reduces timed apart.
ScalingInput measuredInput(const Json &measured, const Json &run) {
  const std::string folder = kFolder + kMachine;
  auto file = [&](const Json &name) {
    return folder + name.get<std::string>();
  };
  auto alone = readMeasuredStep(file(measured["inputs"]["alone"]));
  auto full = readMeasuredStep(file(measured["inputs"]["full_host"]));
  auto links = readMeasuredLinks(file(run["links"]));
  EXPECT_TRUE(alone.ok() && full.ok() && links.ok());
  EXPECT_EQ(links->precision, run["allreduce_precision"]);
  ScalingInput in;
  in.gradients = measured["gradients"];
  in.wireBytes = links->precision == "bf16" ? 2 : 4;
  in.accumulation = run["num_accumulation_steps"];
  in.sequences = alone->sequences;
  bool oneMachine = run["hosts"] == 1;
  in.ranksPerHost = oneMachine ? 2 : 1;
  (oneMachine ? in.host : in.network) = links->link;
  in.stepSeconds = (oneMachine ? alone : full)->stepSeconds;
  in.updateSeconds = (oneMachine ? alone : full)->updateSeconds;
  in.fullHostStep = full->stepSeconds / in.stepSeconds;
  in.fullHostUpdate = full->updateSeconds / in.updateSeconds;
  return in;
}

/// Ranks of one thread on two cores, BERT-Base.
TEST(MeasuredScaling, RanksTakeWhatTheModelSays) {
  Json measured = load(kMachine + "measured.json");
  int predictions = 0;
  for (const Json &run : measured["runs"]) {
    if (run["threads"] != 1) {
      continue; // stands beside in the documentation
    }
    auto rows = predictScaling(measuredInput(measured, run),
                               {run["ranks"].get<int64_t>()});
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    double predicted = rows->front().sequencesPerSecond;
    double found = median(run["sequences_per_second"]);
    std::printf("%d ranks on %d hosts, accumulation %d, %s: predicted %.3f "
                "sequences/s, measured %.3f, %+.1f %%\n",
                run["ranks"].get<int>(), run["hosts"].get<int>(),
                run["num_accumulation_steps"].get<int>(),
                run["allreduce_precision"].get<std::string>().c_str(),
                predicted, found, 100 * (predicted / found - 1));
    EXPECT_NEAR(predicted / found, 1, measured["stated_error"].get<double>());
    ++predictions;
  }
  EXPECT_EQ(predictions, 5);
}

} // namespace
} // namespace bertc
