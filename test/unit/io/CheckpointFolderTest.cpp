// SPDX-License-Identifier: Apache-2.0
//
// Saving into a folder: at every instant of a save, by failure or by death,
// the previous or the new checkpoint can be loaded.
#include "io/Checkpoint.h"
#include "io/FileCalls.h"
#include "test/unit/io/TestSupport.h"

#include <cerrno>
#include <gmock/gmock.h>
#include <sys/wait.h>

namespace bertc {
namespace {

using test::errorOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Saves a checkpoint whose tensors all say `value`.
StatusOr<std::string> save(const std::string &folder, int64_t step, float value,
                           int keepMax = 2) {
  std::vector<float> weights(100, value);
  SaveOptions options;
  options.keepMax = keepMax;
  return saveCheckpoint(folder, step,
                        {{{"w", DataType::F32, {100}}, weights.data()},
                         {{"global_step", DataType::I64, {}}, &step}},
                        options);
}

/// What the newest checkpoint says; -1 when there is none.
float newest(const std::string &folder) {
  auto prefix = latestCheckpoint(folder);
  EXPECT_OK(prefix);
  if (!prefix.ok()) {
    return -1;
  }
  auto reader = CheckpointReader::open(*prefix);
  EXPECT_OK(reader);
  std::vector<float> weights(100);
  EXPECT_OK(reader->read("w", weights.data(), 400));
  for (float weight : weights) {
    EXPECT_EQ(weight, weights[0]);
  }
  return weights[0];
}

std::vector<std::string> allNames(const std::string &folder) {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(CheckpointFolder, KeepsTheNewestOnes) {
  test::TemporaryFolder parent;
  std::string folder = parent.file("out");
  for (int step : {10, 20, 30, 40}) {
    auto prefix = save(folder, step, static_cast<float>(step));
    ASSERT_OK(prefix);
    EXPECT_EQ(*prefix, folder + "/model.ckpt-" + std::to_string(step));
    EXPECT_EQ(newest(folder), static_cast<float>(step));
  }
  EXPECT_THAT(allNames(folder),
              ElementsAre("checkpoint", "model.ckpt-30.data-00000-of-00001",
                          "model.ckpt-30.index",
                          "model.ckpt-40.data-00000-of-00001",
                          "model.ckpt-40.index"));
  EXPECT_EQ(test::get(folder + "/checkpoint"),
            "model_checkpoint_path: \"model.ckpt-40\"\n"
            "all_model_checkpoint_paths: \"model.ckpt-30\"\n"
            "all_model_checkpoint_paths: \"model.ckpt-40\"\n");
}

TEST(CheckpointFolder, KeepZeroKeepsAll) {
  test::TemporaryFolder folder;
  for (int step : {1, 2, 3}) {
    ASSERT_OK(save(folder.path(), step, 1.0f, 0));
  }
  EXPECT_EQ(allNames(folder.path()).size(), 7u);
}

TEST(CheckpointFolder, FallsBackToTheNewestThatVerifies) {
  test::TemporaryFolder folder;
  for (int step : {9, 10, 11}) {
    ASSERT_OK(save(folder.path(), step, static_cast<float>(step), 5));
  }
  std::string data = folder.file("model.ckpt-11.data-00000-of-00001");
  std::string bytes = test::get(data);
  bytes[5] = static_cast<char>(bytes[5] ^ 4);
  test::put(data, bytes);
  std::vector<std::string> rejected;
  auto prefix = latestCheckpoint(folder.path(), &rejected);
  ASSERT_OK(prefix);
  EXPECT_EQ(*prefix, folder.file("model.ckpt-10"));
  ASSERT_EQ(rejected.size(), 1u);
  EXPECT_THAT(rejected[0], HasSubstr("model.ckpt-11.data"));

  ASSERT_OK(removeFile(folder.file("model.ckpt-10.index")));
  EXPECT_EQ(newest(folder.path()), 9.0f);
  test::put(folder.file("checkpoint"), "garbage {");
  EXPECT_EQ(newest(folder.path()), 9.0f);
  ASSERT_OK(removeFile(folder.file("checkpoint")));
  EXPECT_EQ(newest(folder.path()), 9.0f);
  test::put(folder.file("model.ckpt-9.index"), "");
  EXPECT_THAT(errorOf(latestCheckpoint(folder.path())),
              HasSubstr("no checkpoint in"));
  test::TemporaryFolder empty;
  EXPECT_EQ(latestCheckpoint(empty.path()).status().code(),
            StatusCode::NotFound);
}

TEST(CheckpointFolder, StateFileMayNotLeaveTheFolder) {
  test::TemporaryFolder folder;
  ASSERT_OK(save(folder.path(), 1, 1.0f));
  for (std::string name :
       {"../model.ckpt-1", "/model.ckpt-1", "..", "", "a/../b", "a\\000b"}) {
    test::put(folder.file("checkpoint"),
              "model_checkpoint_path: \"" + name + "\"\n");
    EXPECT_THAT(errorOf(readCheckpointState(folder.path())),
                HasSubstr("expected a checkpoint in its own folder"))
        << name;
    EXPECT_EQ(newest(folder.path()), 1.0f);
  }
  // TensorFlow writes absolute names at times, and fields we have no use for.
  test::put(folder.file("checkpoint"),
            "model_checkpoint_path: \"" + folder.file("model.ckpt-1") +
                "\"\nall_model_checkpoint_timestamps: 1.5\n"
                "last_preserved_timestamp: 2.5\n");
  auto state = readCheckpointState(folder.path());
  ASSERT_OK(state);
  EXPECT_EQ(state->latest, "model.ckpt-1");
}

TEST(CheckpointFolder, StateFileMutationsNeverCrash) {
  test::TemporaryFolder folder;
  test::Seeded random(13);
  ASSERT_OK(save(folder.path(), 1, 1.0f));
  std::string text = test::get(folder.file("checkpoint"));
  for (int i = 0; i < 3000; ++i) {
    test::put(folder.file("checkpoint"), test::mutate(text, random));
    (void)readCheckpointState(folder.path());
    if (i % 10 == 0) {
      EXPECT_EQ(newest(folder.path()), 1.0f);
    }
  }
}

/// At the N-th call on files: fail with an error, or die on the spot.
struct Disaster {
  static int countdown, error;
  static bool die;
  static int hook(filecalls::Call) {
    if (countdown-- != 0) {
      return 0;
    }
    if (die) {
      ::_exit(99);
    }
    return error;
  }
  static void arm(int call, bool kill, int errorNumber) {
    countdown = call;
    die = kill;
    error = errorNumber;
    filecalls::setHook(hook);
  }
};
int Disaster::countdown, Disaster::error;
bool Disaster::die;

class SaveUnderDisaster : public ::testing::TestWithParam<bool> {};

// The parameter: save over a checkpoint of the same name, as after a resume.
TEST_P(SaveUnderDisaster, EveryFailingCallLeavesAUsableCheckpoint) {
  const int step = GetParam() ? 2 : 3;
  for (int error : {ENOSPC, EIO}) {
    bool passed = false;
    for (int call = 0; !passed; ++call) {
      test::TemporaryFolder folder;
      ASSERT_OK(save(folder.path(), 1, 1.0f));
      ASSERT_OK(save(folder.path(), 2, 2.0f));
      Disaster::arm(call, false, error);
      auto saved = save(folder.path(), step, 3.0f);
      filecalls::setHook(nullptr);
      passed = Disaster::countdown >= 0;
      ASSERT_EQ(saved.ok(), passed);
      if (!passed && error == ENOSPC) {
        EXPECT_EQ(saved.status().code(), StatusCode::ResourceExhausted);
      }
      float value = newest(folder.path());
      EXPECT_TRUE(value == 2.0f || value == 3.0f) << call << ": " << value;
      for (const std::string &name : allNames(folder.path())) {
        EXPECT_NE(name[0], '.') << "left behind at call " << call;
      }
      // And the next save works as if nothing had been.
      ASSERT_OK(save(folder.path(), 4, 4.0f));
      EXPECT_EQ(newest(folder.path()), 4.0f);
    }
  }
}

TEST_P(SaveUnderDisaster, DeathAtEveryCallLeavesAUsableCheckpoint) {
  const int step = GetParam() ? 2 : 3;
  bool passed = false;
  int deaths = 0;
  for (int call = 0; !passed; ++call) {
    test::TemporaryFolder folder;
    ASSERT_OK(save(folder.path(), 1, 1.0f));
    ASSERT_OK(save(folder.path(), 2, 2.0f));
    pid_t child = ::fork();
    if (child == 0) {
      Disaster::arm(call, true, 0);
      ::_exit(save(folder.path(), step, 3.0f).ok() ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    passed = WEXITSTATUS(status) == 0;
    ASSERT_TRUE(passed || WEXITSTATUS(status) == 99);
    deaths += passed ? 0 : 1;
    float value = newest(folder.path());
    EXPECT_TRUE(value == 2.0f || value == 3.0f) << call << ": " << value;
    // The next save clears away what the dead process left.
    ASSERT_OK(save(folder.path(), 4, 4.0f));
    EXPECT_EQ(newest(folder.path()), 4.0f);
    EXPECT_EQ(allNames(folder.path())[0], "checkpoint");
    std::string state = test::get(folder.file("checkpoint"));
    EXPECT_THAT(state, ::testing::Not(HasSubstr("model.ckpt-1\"")));
    EXPECT_FALSE(fileExists(folder.file("model.ckpt-1.index")));
  }
  EXPECT_GE(deaths, 15);
}

INSTANTIATE_TEST_SUITE_P(NewAndSameName, SaveUnderDisaster, ::testing::Bool());

} // namespace
} // namespace bertc
