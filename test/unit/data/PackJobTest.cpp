// SPDX-License-Identifier: Apache-2.0
//
// `bert-data pack` as a whole: nothing lost, nothing twice, the same bytes at
// any number of threads.
#include "data/PackJob.h"

#include <csignal>
#include <map>

#include <gmock/gmock.h>

#include "data/InspectJob.h"
#include "data/InstanceReader.h"
#include "data/PretrainJob.h"
#include "data/RecordBlocks.h"
#include "data/packing/PackedRecord.h"
#include "io/Manifest.h"
#include "support/Signals.h"
#include "test/unit/data/TestFolder.h"

namespace bertc {
namespace {

using ::testing::HasSubstr;

/// How often each sequence is there, by everything that it consists of.
using Content = std::map<std::vector<int32_t>, int>;

void count(const PretrainInstance &instance, Content *content) {
  std::vector<int32_t> all = instance.ids;
  all.push_back(-1);
  all.insert(all.end(), instance.maskedPositions.begin(),
             instance.maskedPositions.end());
  all.insert(all.end(), instance.maskedLabels.begin(),
             instance.maskedLabels.end());
  all.push_back(static_cast<int32_t>(instance.firstSegment));
  all.push_back(instance.isRandomNext ? 1 : 0);
  ++(*content)[all];
}

/// The sequences of all records of a folder, packed or not.
Content contentOf(const std::string &folder) {
  Content content;
  RecordBlockReader blocks(*expandRecordFiles({folder}));
  InstanceReader reader;
  for (;;) {
    StatusOr<std::optional<RecordBlock>> block = blocks.next();
    EXPECT_TRUE(block.ok());
    if (!block.ok() || !*block) {
      return content;
    }
    for (size_t i = 0; i < (*block)->records.size(); ++i) {
      ExampleView example;
      EXPECT_TRUE(example.parse((**block)[i]).ok());
      if (isPackedRecord(example)) {
        StatusOr<PackedRecord> record = readPackedRecord(example);
        EXPECT_TRUE(record.ok());
        StatusOr<std::vector<PretrainInstance>> instances =
            unpackRecord(*record, 0);
        EXPECT_TRUE(instances.ok()) << instances.status().message();
        for (const PretrainInstance &instance : *instances) {
          count(instance, &content);
        }
      } else {
        PretrainInstance instance;
        EXPECT_TRUE(reader.read((**block)[i], &instance).ok());
        count(instance, &content);
      }
    }
  }
}

class PackJob : public ::testing::Test {
protected:
  void makeRecords(const std::string &name, int maxSeqLength,
                   int maxPredictions) {
    PretrainJobOptions options;
    options.inputs = {genesisPath};
    options.vocabFile = vocabPath;
    options.outputDir = folder_.file(name);
    options.instance.maxSeqLength = maxSeqLength;
    options.instance.maxPredictionsPerSeq = maxPredictions;
    options.instance.shortSeqProb = 0.6;
    options.dupeFactor = 20;
    options.quiet = true;
    StatusOr<Json> made = runPretrainJob(options);
    ASSERT_TRUE(made.ok()) << made.status().message();
  }

  PackJobOptions options(const std::string &output) {
    PackJobOptions options;
    options.inputs = {folder_.file("records")};
    options.outputDir = folder_.file(output);
    options.shards = 3;
    options.quiet = true;
    return options;
  }

  Json pack(const PackJobOptions &options) {
    StatusOr<Json> summary = runPackJob(options);
    EXPECT_TRUE(summary.ok()) << summary.status().message();
    return summary.ok() ? *summary : Json();
  }

  /// All bytes of the shards.
  std::string bytesOf(const std::string &name) {
    std::string all;
    StatusOr<std::vector<std::string>> files =
        expandRecordFiles({folder_.file(name)});
    for (const std::string &file : *files) {
      all += TestFolder::readPath(file);
    }
    return all;
  }

  TestFolder folder_;
};

TEST_F(PackJob, NothingIsLostAndNothingTwice) {
  makeRecords("records", 128, 20);
  Content before = contentOf(folder_.file("records"));
  for (PackingMethod method : packingMethods) {
    for (int perPack : {1, 3, 5}) {
      if (perPack == 5 && method == PackingMethod::LeastSquares) {
        continue; // a hundred thousand partitions
      }
      SCOPED_TRACE(std::string(packingMethodName(method)) + " " +
                   std::to_string(perPack));
      std::string name =
          "packed" + std::to_string(perPack) + packingMethodName(method);
      PackJobOptions packing = options(name);
      packing.method = method;
      packing.maxSequencesPerPack = perPack;
      StatusOr<Json> summary = runPackJob(packing);
      ASSERT_TRUE(summary.ok()) << summary.status().message();
      EXPECT_EQ(contentOf(folder_.file(name)), before);
      InspectJobOptions inspecting;
      inspecting.inputs = {folder_.file(name)};
      inspecting.verify = true;
      inspecting.quiet = true;
      StatusOr<Json> checked = runInspectJob(inspecting);
      ASSERT_TRUE(checked.ok()) << checked.status().message();
      EXPECT_EQ((*checked)["sequences"], (*summary)["sequences"]);
      EXPECT_EQ((*checked)["records"], (*summary)["packs"]);
      EXPECT_EQ((*checked)["max_sequences_per_pack"], perPack);
      EXPECT_EQ((*checked)["max_predictions_per_seq"], 20);
      EXPECT_EQ((*checked)["manifests"], 1);
    }
  }
}

TEST_F(PackJob, SameBytesAtAnyNumberOfJobsAndMemory) {
  makeRecords("records", 128, 20);
  PackJobOptions packing = options("first");
  pack(packing);
  for (int jobs : {2, 5}) {
    packing.jobs = jobs;
    packing.memoryLimit = jobs == 5 ? 16U << 20 : 1U << 30;
    packing.outputDir = folder_.file("again" + std::to_string(jobs));
    pack(packing);
    EXPECT_TRUE(bytesOf("again" + std::to_string(jobs)) == bytesOf("first"));
  }
  packing.seed = 2;
  packing.outputDir = folder_.file("other");
  pack(packing);
  EXPECT_FALSE(bytesOf("other") == bytesOf("first"));
  EXPECT_EQ(contentOf(folder_.file("other")), contentOf(folder_.file("first")));
}

TEST_F(PackJob, WritesManifestAndMetadata) {
  makeRecords("records", 128, 20);
  Json summary = pack(options("packed"));
  std::string metadata = folder_.read("packed_metadata.json");
  Json json = Json::parse(metadata);
  EXPECT_EQ(json.size(), 12U);
  EXPECT_EQ(json["new_number_of_samples"], summary["packs"]);
  EXPECT_EQ(json["original_number_of_samples"], summary["sequences"]);
  EXPECT_EQ(json["sequences_dropped"], 0);
  StatusOr<Manifest> manifest =
      readManifest(folder_.file("packed_manifest.json"));
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest->attributes["max_seq_length"], "128");
  EXPECT_EQ(manifest->attributes["max_predictions_per_seq"], "20");
  EXPECT_EQ(manifest->attributes["max_sequences_per_pack"], "3");
  EXPECT_EQ(manifest->files.size(), 3U);
}

TEST_F(PackJob, TakesAsManyFilesAsAskedFor) {
  makeRecords("records", 128, 20);
  PackJobOptions packing = options("packed");
  packing.maxFiles = 3;
  Json summary = pack(packing);
  EXPECT_EQ(summary["input_files"], 3);
  Content all = contentOf(folder_.file("records"));
  Content some = contentOf(packing.outputDir);
  EXPECT_FALSE(some.empty());
  for (const auto &[sequence, times] : some) {
    EXPECT_LE(times, all[sequence]);
  }
  // The same ones again, and others by another seed.
  packing.outputDir = folder_.file("again");
  pack(packing);
  EXPECT_EQ(contentOf(packing.outputDir), some);
  bool differs = false;
  for (uint64_t seed = 1; seed < 6 && !differs; ++seed) {
    packing.seed = seed;
    packing.outputDir = folder_.file("seed" + std::to_string(seed));
    pack(packing);
    differs = contentOf(packing.outputDir) != some;
  }
  EXPECT_TRUE(differs);
  // More than there are is all.
  packing.maxFiles = 100;
  packing.outputDir = folder_.file("whole");
  EXPECT_EQ(pack(packing)["input_files"], 8);
  EXPECT_EQ(contentOf(packing.outputDir), all);
}

TEST_F(PackJob, DryRunPlansAndWritesNothing) {
  makeRecords("records", 128, 20);
  std::string before = folder_.names();
  PackJobOptions packing = options("packed");
  packing.dryRun = true;
  Json planned = pack(packing);
  EXPECT_EQ(folder_.names(), before);
  EXPECT_FALSE(planned.contains("folder"));
  EXPECT_GT(planned["peak_rss_bytes"].get<uint64_t>(), 1000000U);
  packing.dryRun = false;
  Json packed = pack(packing);
  EXPECT_EQ(planned["packs"], packed["packs"]);
  EXPECT_EQ(planned["most_frequent"], packed["most_frequent"]);
}

TEST_F(PackJob, RoomForPredictionsIsCheckedBeforeWriting) {
  makeRecords("records", 128, 5);
  PackJobOptions packing = options("packed");
  StatusOr<Json> refused = runPackJob(packing);
  EXPECT_EQ(refused.status().code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(
      refused.status().message(),
      HasSubstr("but 5 + 3 fit; give --max-predictions-per-sequence 7"));
  EXPECT_FALSE(directoryExists(packing.outputDir));
  packing.maxPredictionsPerSequence = 7;
  pack(packing);
  EXPECT_EQ(contentOf(packing.outputDir), contentOf(folder_.file("records")));
}

TEST_F(PackJob, WrongInputsAreNamed) {
  makeRecords("records", 128, 20);
  makeRecords("short", 64, 10);
  PackJobOptions packing = options("packed");
  packing.maxSequenceLength = 512;
  EXPECT_EQ(runPackJob(packing).status().message(),
            "--max-sequence-length 512, but the records have 128");
  packing.maxSequenceLength = 128;
  packing.inputs.push_back(folder_.file("short"));
  EXPECT_THAT(runPackJob(packing).status().message(),
              HasSubstr("sequence length 64 and 10 predictions, but records "
                        "before have 128 and 20"));
  packing = options("packed");
  pack(packing);
  packing.inputs = {packing.outputDir};
  packing.outputDir = folder_.file("twice");
  EXPECT_THAT(runPackJob(packing).status().message(),
              HasSubstr("record at offset 0: the record is packed already"));
  packing.outputDir = folder_.file("packed");
  EXPECT_EQ(runPackJob(packing).status().code(),
            StatusCode::FailedPrecondition);
  packing.inputs = {folder_.write("empty.tfrecord", "")};
  packing.outputDir = folder_.file("none");
  EXPECT_EQ(runPackJob(packing).status().code(), StatusCode::Corrupt);
}

TEST_F(PackJob, DamagedRecordsAreNamedAndNothingIsWritten) {
  makeRecords("records", 128, 20);
  std::string shard = "records/part-00003-of-00008.tfrecord";
  std::string bytes = folder_.read(shard);
  bytes[bytes.size() / 2] ^= 1;
  folder_.write(shard, bytes);
  StatusOr<Json> result = runPackJob(options("packed"));
  EXPECT_EQ(result.status().code(), StatusCode::Corrupt);
  EXPECT_THAT(result.status().message(), HasSubstr(shard));
  EXPECT_THAT(folder_.names(), Not(HasSubstr("packed")));
}

TEST_F(PackJob, InterruptionLeavesNothing) {
  makeRecords("records", 128, 20);
  std::string before = folder_.names();
  installStopSignals();
  std::raise(SIGTERM);
  StatusOr<Json> result = runPackJob(options("packed"));
  resetStopRequest();
  EXPECT_EQ(result.status().message(), "interrupted; no records were written");
  EXPECT_EQ(folder_.names(), before);
}

} // namespace
} // namespace bertc
