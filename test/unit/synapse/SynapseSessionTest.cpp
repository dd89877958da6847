// SPDX-License-Identifier: Apache-2.0
//
// Sessions of plans for Gaudi2, through the stand-in: runs, variables on both
// sides, derived values, profiles, what they say of themselves, and that
// everything is given back.

#include "test/unit/synapse/GraphPlan.h"
#include "test/unit/synapse/StandIn.h"

#include <chrono>
#include <cmath>
#include <cstring>
#include <gmock/gmock.h>

namespace bertc::rt::test {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct SynapseSessionTest : StandInTest {
  void SetUp() override { open(options()); }
  void open(const SessionOptions &options) {
    StatusOr<Plan> plan = smallDevicePlan().load();
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    StatusOr<std::unique_ptr<Session>> made = Session::create(*plan, options);
    ASSERT_TRUE(made.ok()) << made.status().message();
    session = *std::move(made);
  }
  ConstTensorView four(const float *data) { return {DType::F32, {4}, data}; }
  Status main(float *y, float *z) {
    return session->run(
        "main", {{"x", four(ones)}},
        {{"y", {DType::F32, {4}, y}}, {"z", {DType::F32, {4}, z}}});
  }
  Status grow() { return session->run("grow", {{"x", four(ones)}}, {}); }
  std::vector<float> valueOf(const char *name) {
    StatusOr<ConstTensorView> view = session->variable(name);
    EXPECT_TRUE(view.ok()) << view.status().message();
    if (!view.ok()) {
      return {};
    }
    const auto *data = view->as<float>();
    return {data, data + numElements(view->shape)};
  }

  std::unique_ptr<Session> session;
  float ones[4] = {1, 1, 1, 1};
  float w[4] = {10, 20, 30, 40};
};

TEST_F(SynapseSessionTest, runsTheGraphsOfAnEntryInOrder) {
  ASSERT_TRUE(session->setVariable("w", four(w)).ok());
  float y[4], z[4];
  Status status = main(y, z);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_THAT(y, ElementsAre(11, 21, 31, 41));
  EXPECT_THAT(z, ElementsAre(121, 441, 961, 1681));
}

TEST_F(SynapseSessionTest, givesEverythingBack) {
  float y[4], z[4];
  ASSERT_TRUE(main(y, z).ok());
  ASSERT_TRUE(grow().ok());
  session.reset();
  Accounting counted = accounting();
  EXPECT_THAT(counted.left, IsEmpty());
  EXPECT_EQ(counted.launches, 3u);
}

TEST_F(SynapseSessionTest, variablesStartAtZeroAndOutliveRuns) {
  float y[4], z[4];
  ASSERT_TRUE(main(y, z).ok());
  EXPECT_THAT(y, Each(1));
  ASSERT_TRUE(grow().ok());
  ASSERT_TRUE(grow().ok());
  ASSERT_TRUE(main(y, z).ok());
  EXPECT_THAT(y, Each(3));
  EXPECT_THAT(valueOf("w"), Each(2));
}

TEST_F(SynapseSessionTest, aVariableIsTakenFromWhereItWasChangedLast) {
  ASSERT_TRUE(session->bindVariable("w", four(w)).ok());
  ASSERT_TRUE(grow().ok());
  EXPECT_THAT(valueOf("w"), ElementsAre(11, 21, 31, 41));
  EXPECT_THAT(w, ElementsAre(10, 20, 30, 40)) << "bound memory was written";
  StatusOr<TensorView> view = session->mutableVariable("w");
  ASSERT_TRUE(view.ok());
  view->as<float>()[0] = 100;
  ASSERT_TRUE(grow().ok());
  EXPECT_THAT(valueOf("w"), ElementsAre(101, 22, 32, 42));
  ASSERT_TRUE(grow().ok());
  ASSERT_TRUE(session->setVariable("w", four(w)).ok());
  EXPECT_THAT(valueOf("w"), ElementsAre(10, 20, 30, 40));
}

TEST_F(SynapseSessionTest, variablesMoveOnlyWhenTheyMust) {
  ASSERT_TRUE(session->setVariable("w", four(w)).ok());
  float y[4], z[4];
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(main(y, z).ok());
  }
  valueOf("w");
  session.reset();
  // Constants and w once; of each run its input and its two outputs.
  EXPECT_EQ(accounting().calls["synMemCopyAsyncMultiple"].calls, 2u + 5 * 2);
}

TEST_F(SynapseSessionTest, initialisesAsTheCpuDoes) {
  GraphPlan p = smallDevicePlan();
  p.plan.variables[0]->init = plan::InitKind::TruncatedNormal;
  p.plan.variables[0]->init_value = 0.02f;
  StatusOr<Plan> device = p.load();
  p.plan.target = "cpu";
  p.plan.entries.clear();
  StatusOr<Plan> cpu = p.load();
  ASSERT_TRUE(device.ok() && cpu.ok()) << cpu.status().message();
  session.reset();
  session = *Session::create(*device, options());
  auto other = *Session::create(*cpu);
  ASSERT_TRUE(session->initialise(3).ok() && other->initialise(3).ok());
  const auto *expected = other->variable("w")->as<float>();
  EXPECT_THAT(valueOf("w"),
              ElementsAre(expected[0], expected[1], expected[2], expected[3]));
}

TEST_F(SynapseSessionTest, constantsAndStepDependentScalars) {
  float y[4];
  NamedOutputs outputs = {{"y", {DType::F32, {4}, y}}};
  ASSERT_TRUE(session->run("shift", {{"x", four(w)}}, outputs).ok());
  EXPECT_THAT(y, ElementsAre(11, 22, 33, 44));
  for (int32_t step : {1, 2, 1000}) {
    ASSERT_TRUE(
        session
            ->run("decay",
                  {{"x", four(ones)}, {"update_step", {DType::I32, {}, &step}}},
                  outputs)
            .ok());
    EXPECT_THAT(y, Each(static_cast<float>(1 - std::pow(0.9, step))));
  }
  session.reset();
  EXPECT_EQ(accounting().calls["synGraphCompile"].calls, 2u)
      << "another step compiled another graph";
}

TEST_F(SynapseSessionTest, dropoutFollowsSeedAndStep) {
  std::vector<float> x(256, 1.0f);
  auto drop = [&](int32_t step, int32_t flags) {
    std::vector<float> y(256);
    int32_t rng[4] = {1, 2, step, flags};
    Status status = session->run("drop",
                                 {{"x", {DType::F32, {4, 64}, x.data()}},
                                  {"rng", {DType::I32, {4}, rng}}},
                                 {{"y", {DType::F32, {4, 64}, y.data()}}});
    EXPECT_TRUE(status.ok()) << status.message();
    return y;
  };
  std::vector<float> first = drop(0, 0);
  EXPECT_EQ(first, drop(0, 0));
  EXPECT_NE(first, drop(1, 0));
  auto kept = std::count(first.begin(), first.end(), 2.0f);
  EXPECT_EQ(kept + std::count(first.begin(), first.end(), 0.0f), 256);
  EXPECT_GT(kept, 64);
  EXPECT_LT(kept, 192);
  EXPECT_EQ(drop(0, 1), x);
}

TEST_F(SynapseSessionTest, deterministicSessionsCompileNoDropout) {
  session.reset();
  SessionOptions without = options();
  without.deterministic = true;
  open(without);
  ASSERT_TRUE(session->prepare("drop").ok());
  std::vector<float> x(256, 3.0f), y(256);
  int32_t rng[4] = {1, 2, 0, 1};
  ASSERT_TRUE(session
                  ->run("drop",
                        {{"x", {DType::F32, {4, 64}, x.data()}},
                         {"rng", {DType::I32, {4}, rng}}},
                        {{"y", {DType::F32, {4, 64}, y.data()}}})
                  .ok());
  EXPECT_EQ(x, y);
  session.reset();
  EXPECT_EQ(accounting().calls["synGraphCompile"].calls, 1u);
}

TEST_F(SynapseSessionTest, runsWithoutOutputsAreQueued) {
  ScopedVariable slow("SYNAPSE_STAND_IN_FAULT", "slow_stream_ms=20");
  session.reset();
  open(options());
  ASSERT_TRUE(session->prepare("grow").ok());
  ASSERT_TRUE(grow().ok()); // uploads w
  ASSERT_TRUE(session->wait().ok());
  auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(grow().ok());
  ASSERT_TRUE(grow().ok());
  auto queued = std::chrono::steady_clock::now();
  ASSERT_TRUE(session->wait().ok());
  EXPECT_GT(std::chrono::steady_clock::now() - queued, queued - begin);
  ASSERT_TRUE(
      session->setVariable("w", four(std::vector<float>(4).data())).ok());
  for (int i = 0; i < 7; ++i) {
    ones[0] = static_cast<float>(i);
    Status status = session->run("grow", {{"x", four(ones)}}, {});
    ASSERT_TRUE(status.ok()) << status.message();
  }
  ASSERT_TRUE(session->wait().ok());
  EXPECT_THAT(valueOf("w"), ElementsAre(21, 7, 7, 7));
}

TEST_F(SynapseSessionTest, inputsAndOutputsInPlace) {
  StatusOr<TensorView> x = session->inputBuffer("main", "x");
  ASSERT_TRUE(x.ok());
  std::copy(w, w + 4, x->as<float>());
  ASSERT_TRUE(session->run("main", {}, {}).ok());
  StatusOr<ConstTensorView> y = session->outputBuffer("main", "y");
  StatusOr<ConstTensorView> z = session->outputBuffer("main", "z");
  ASSERT_TRUE(y.ok() && z.ok());
  EXPECT_EQ(y->as<float>()[3], 40);
  EXPECT_EQ(z->as<float>()[3], 1600);
  // The next run needs its input again, and another entry's outputs are gone.
  Status missing = session->run("main", {}, {});
  EXPECT_THAT(missing.message(), HasSubstr("input 'x' of entry 'main' is "
                                           "missing"));
  ASSERT_TRUE(grow().ok());
  Status gone = session->outputBuffer("main", "y").status();
  EXPECT_EQ(gone.code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(gone.message(), HasSubstr("its outputs are gone"));
}

TEST_F(SynapseSessionTest, refusesWhatTheCpuRefuses) {
  float y[4];
  EXPECT_THAT(
      session->run("main", {{"x", {DType::I32, {4}, ones}}}, {}).message(),
      HasSubstr("input 'x' is i32 [4], the plan has f32 [4]"));
  EXPECT_EQ(session->run("none", {}, {}).code(), StatusCode::NotFound);
  EXPECT_EQ(
      session->run("main", {{"x", four(ones)}}, {{"q", {DType::F32, {4}, y}}})
          .code(),
      StatusCode::NotFound);
  EXPECT_EQ(session->variable("none").status().code(), StatusCode::NotFound);
  EXPECT_EQ(session->setVariable("w", {DType::F32, {5}, y}).code(),
            StatusCode::InvalidArgument);
}

TEST_F(SynapseSessionTest, profilesGraphsAndUnitsOfTheDevice) {
  struct Seen {
    std::string entry, scope, kind, implementation, track;
    int64_t begin, end;
  };
  std::vector<Seen> seen;
  session->setProfileHook([&](const StepEvent &e) {
    seen.push_back({e.entry, e.scope, e.kind, e.implementation,
                    e.track == nullptr ? "" : e.track, e.beginNs, e.endNs});
  });
  float y[4], z[4];
  ASSERT_TRUE(main(y, z).ok());
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].entry, "main");
  EXPECT_EQ(seen[0].scope, "main/0");
  EXPECT_EQ(seen[0].kind, "Graph");
  EXPECT_EQ(seen[0].implementation, "compiled recipe");
  EXPECT_LE(seen[0].end, seen[1].begin);
  session->setProfileHook({});
  ASSERT_GT(seen.size(), 2u) << "nothing of SynapseAI's profiler";
  for (size_t i = 2; i < seen.size(); ++i) {
    EXPECT_NE(seen[i].track, "");
    EXPECT_GE(seen[i].begin, seen[0].begin - 1000000) << seen[i].scope;
    EXPECT_LE(seen[i].end, seen[1].end + 1000000) << seen[i].scope;
  }
}

TEST_F(SynapseSessionTest, tellsTimesMemoryAndDevice) {
  float y[4], z[4];
  ASSERT_TRUE(main(y, z).ok());
  ASSERT_TRUE(main(y, z).ok());
  std::vector<KindTime> times = session->timeByKind();
  ASSERT_EQ(times.size(), 3u);
  EXPECT_EQ(times[0].kind, "Graph");
  EXPECT_EQ(times[0].calls, 4u);
  EXPECT_EQ(times[0].flops, 32u);
  EXPECT_GT(times[0].seconds, 0);
  EXPECT_EQ(times[1].kind, "Upload");
  EXPECT_EQ(times[2].kind, "Download");
  EXPECT_EQ(times[2].bytes, 64u);
  session->resetTimes();
  EXPECT_THAT(session->timeByKind(), IsEmpty());
  MemoryReport memory = session->memory();
  EXPECT_TRUE(memory.onDevice);
  EXPECT_EQ(memory.state, 256u);
  EXPECT_EQ(memory.arena, session->plan().arenaBytes());
  EXPECT_THAT(session->device(), HasSubstr("gaudi2"));
  EXPECT_EQ(session->threads(), 1);
}

TEST_F(SynapseSessionTest, twoSessionsShareTheDevice) {
  StatusOr<Plan> plan = smallDevicePlan().load();
  auto other = Session::create(*plan, options());
  ASSERT_TRUE(other.ok()) << other.status().message();
  ASSERT_TRUE((*other)->setVariable("w", four(w)).ok());
  float y[4], z[4];
  ASSERT_TRUE(main(y, z).ok());
  EXPECT_THAT(y, Each(1));
}

TEST_F(SynapseSessionTest, refusesAPlanThatIsTooLargeForTheDevice) {
  session.reset();
  ScopedVariable small("SYNAPSE_STAND_IN_FAULT", "memory=1024");
  StatusOr<Plan> plan = smallDevicePlan().load();
  Status status = Session::create(*plan, options()).status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("bytes of device memory (variables"));
  EXPECT_THAT(status.message(), HasSubstr("1024 of 1024 free; compile it for "
                                          "a smaller batch"));
  EXPECT_THAT(accounting().left, IsEmpty());
}

TEST_F(SynapseSessionTest, aResetDeviceIsAnErrorThatSaysHowToGoOn) {
  session.reset();
  ScopedVariable reset("SYNAPSE_STAND_IN_FAULT", "reset_after_launch=2");
  open(options());
  float y[4], z[4];
  Status status = main(y, z);
  EXPECT_EQ(status.code(), StatusCode::Unavailable) << status.message();
  EXPECT_THAT(status.message(), HasSubstr("synDeviceReset (17)"));
  EXPECT_THAT(status.message(), HasSubstr("from the last checkpoint"));
  EXPECT_EQ(exitCode(status), 5);
  EXPECT_FALSE(session->wait().ok());
  session.reset();
  EXPECT_THAT(accounting().left, IsEmpty());
}

} // namespace
} // namespace bertc::rt::test
