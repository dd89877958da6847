// SPDX-License-Identifier: Apache-2.0
//
// Running plans: inputs, outputs, variables, profiles, and the errors of each.

#include "test/unit/runtime/PlanBuilder.h"

#include <cstdlib>
#include <cstring>
#include <gmock/gmock.h>
#include <numeric>

namespace bertc::rt::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Entry "main": y = x + w, all [4]. Entry "grow": w += x. Entry "rows":
// y = table[ids].
PlanBuilder adder() {
  PlanBuilder b;
  uint32_t v = b.variable("w", {4});
  uint32_t tableVariable = b.variable("table", {2, 4});
  uint32_t w = b.onVariable(v);
  uint32_t x = b.arena({4});
  uint32_t y = b.arena({4});
  b.input("x", x);
  b.step(plan::BinaryParamsT(), {x, w}, {y}).scope = "layer/add";
  b.entry().steps[0]->flops = 4;
  b.output("y", y);
  b.nextEntry("grow");
  w = b.onVariable(v);
  x = b.arena({4});
  b.input("x", x);
  b.step(plan::AssignAddParamsT(), {w, x}, {w});
  b.nextEntry("rows");
  uint32_t table = b.onVariable(tableVariable);
  uint32_t ids = b.arena({3}, DType::I32);
  b.input("ids", ids);
  uint32_t rows = b.arena({3, 4});
  b.step(plan::GatherParamsT(), {table, ids}, {rows});
  b.output("rows", rows);
  b.output("columns", b.view(rows, {4, 3}, {1, 4}));
  return b;
}

struct SessionTest : ::testing::Test {
  void SetUp() override {
    StatusOr<Plan> plan = adder().load();
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    StatusOr<std::unique_ptr<Session>> made = Session::create(*plan);
    ASSERT_TRUE(made.ok()) << made.status().message();
    session = *std::move(made);
  }
  ConstTensorView view(const float *data) { return {DType::F32, {4}, data}; }
  Status add(float *y) {
    return session->run("main", {{"x", view(ones)}},
                        {{"y", {DType::F32, {4}, y}}});
  }
  std::unique_ptr<Session> session;
  float ones[4] = {1, 1, 1, 1};
  float w[4] = {10, 20, 30, 40};
};

TEST_F(SessionTest, runsAnEntry) {
  ASSERT_TRUE(session->setVariable("w", view(w)).ok());
  float y[4];
  Status status = add(y);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_THAT(y, ElementsAre(11, 21, 31, 41));
}

TEST_F(SessionTest, variablesStartAtZeroAndOutliveRuns) {
  float y[4];
  ASSERT_TRUE(add(y).ok());
  EXPECT_THAT(y, ElementsAre(1, 1, 1, 1));
  ASSERT_TRUE(session->run("grow", {{"x", view(w)}}, {}).ok());
  ASSERT_TRUE(session->run("grow", {{"x", view(w)}}, {}).ok());
  ASSERT_TRUE(add(y).ok());
  EXPECT_THAT(y, ElementsAre(21, 41, 61, 81));
  StatusOr<ConstTensorView> value = session->variable("w");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->as<float>()[3], 80);
}

TEST_F(SessionTest, aBoundVariableIsReadInPlace) {
  ASSERT_TRUE(session->bindVariable("w", view(w)).ok());
  EXPECT_EQ(session->variable("w")->data, w);
  float y[4];
  ASSERT_TRUE(add(y).ok());
  EXPECT_THAT(y, ElementsAre(11, 21, 31, 41));
}

TEST_F(SessionTest, aBoundVariableIsNeverWritten) {
  ASSERT_TRUE(session->bindVariable("w", view(w)).ok());
  ASSERT_TRUE(session->run("grow", {{"x", view(ones)}}, {}).ok());
  EXPECT_THAT(w, ElementsAre(10, 20, 30, 40));
  EXPECT_EQ(session->variable("w")->as<float>()[0], 11);
  float y[4];
  ASSERT_TRUE(add(y).ok());
  EXPECT_THAT(y, ElementsAre(12, 22, 32, 42));
}

TEST_F(SessionTest, rebindingAfterPreparingTakesEffect) {
  float other[4] = {5, 5, 5, 5};
  float y[4];
  ASSERT_TRUE(session->bindVariable("w", view(w)).ok());
  ASSERT_TRUE(add(y).ok());
  ASSERT_TRUE(session->bindVariable("w", view(other)).ok());
  ASSERT_TRUE(add(y).ok());
  EXPECT_THAT(y, ElementsAre(6, 6, 6, 6));
}

TEST_F(SessionTest, unalignedMemoryIsCopiedRatherThanBound) {
  alignas(4) char bytes[20];
  std::memcpy(bytes + 1, w, sizeof w);
  ASSERT_TRUE(session->bindVariable("w", {DType::F32, {4}, bytes + 1}).ok());
  EXPECT_NE(session->variable("w")->data, bytes + 1);
  EXPECT_EQ(session->variable("w")->as<float>()[1], 20);
}

TEST_F(SessionTest, mutableVariableIsWrittenInPlace) {
  StatusOr<TensorView> value = session->mutableVariable("w");
  ASSERT_TRUE(value.ok());
  value->as<float>()[2] = 7;
  float y[4];
  ASSERT_TRUE(add(y).ok());
  EXPECT_THAT(y, ElementsAre(1, 1, 8, 1));
}

TEST_F(SessionTest, inputAndOutputBuffersSaveTheCopies) {
  StatusOr<TensorView> x = session->inputBuffer("main", "x");
  ASSERT_TRUE(x.ok()) << x.status().message();
  std::iota(x->as<float>(), x->as<float>() + 4, 0.0f);
  ASSERT_TRUE(session->run("main", {}, {}).ok());
  StatusOr<ConstTensorView> y = session->outputBuffer("main", "y");
  ASSERT_TRUE(y.ok());
  EXPECT_EQ(y->as<float>()[3], 3);
  // The buffer counts for one run.
  EXPECT_THAT(session->run("main", {}, {}).message(),
              HasSubstr("input 'x' of entry 'main' is missing"));
}

TEST_F(SessionTest, stridedOutputsAreCopiedDenseAndHaveNoBuffer) {
  int32_t ids[3] = {1, 0, 1};
  float table[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  float columns[12];
  ASSERT_TRUE(session->setVariable("table", {DType::F32, {2, 4}, table}).ok());
  Status status = session->run("rows", {{"ids", {DType::I32, {3}, ids}}},
                               {{"columns", {DType::F32, {4, 3}, columns}}});
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_THAT(columns, ElementsAre(4, 0, 4, 5, 1, 5, 6, 2, 6, 7, 3, 7));
  EXPECT_EQ(session->outputBuffer("rows", "columns").status().code(),
            StatusCode::FailedPrecondition);
}

TEST_F(SessionTest, anIndexOutOfRangeNamesTheStep) {
  int32_t ids[3] = {1, 2, 1};
  Status status = session->run("rows", {{"ids", {DType::I32, {3}, ids}}}, {});
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr("entry 'rows', step 0 (Gather)"));
}

TEST_F(SessionTest, namesAreCheckedAndListed) {
  EXPECT_THAT(session->run("nope", {}, {}).message(),
              HasSubstr("no entry 'nope', it has: main, grow, rows"));
  EXPECT_THAT(session->run("main", {{"q", view(w)}}, {}).message(),
              HasSubstr("no input 'q', it has: x"));
  EXPECT_THAT(
      session->run("main", {{"x", view(w)}}, {{"q", {DType::F32, {4}, w}}})
          .message(),
      HasSubstr("no output 'q', it has: y"));
  EXPECT_EQ(session->setVariable("q", view(w)).code(), StatusCode::NotFound);
  EXPECT_EQ(session->inputBuffer("main", "q").status().code(),
            StatusCode::NotFound);
  EXPECT_EQ(session->outputBuffer("main", "q").status().code(),
            StatusCode::NotFound);
}

TEST_F(SessionTest, valuesAreChecked) {
  EXPECT_THAT(session->run("main", {{"x", {DType::F32, {5}, w}}}, {}).message(),
              HasSubstr("input 'x' is f32 [5], the plan has f32 [4]"));
  EXPECT_THAT(session->run("main", {{"x", {DType::I32, {4}, w}}}, {}).message(),
              HasSubstr("input 'x' is i32 [4]"));
  EXPECT_THAT(
      session->run("main", {{"x", view(w)}, {"x", view(w)}}, {}).message(),
      HasSubstr("input 'x' is given twice"));
  EXPECT_THAT(session->run("main", {{"x", view(nullptr)}}, {}).message(),
              HasSubstr("input 'x' has no data"));
  EXPECT_THAT(session->setVariable("w", {DType::F32, {2, 2}, w}).message(),
              HasSubstr("variable 'w' is f32 [4], the value is f32 [2,2]"));
  EXPECT_THAT(session->bindVariable("w", view(nullptr)).message(),
              HasSubstr("has no data"));
}

TEST_F(SessionTest, aRefusedRunLeavesInputsAlone) {
  ASSERT_TRUE(session->inputBuffer("main", "x").ok());
  EXPECT_FALSE(session->run("main", {{"q", view(w)}}, {}).ok());
  EXPECT_TRUE(session->run("main", {}, {}).ok());
}

TEST_F(SessionTest, profilesEveryStep) {
  std::vector<StepEvent> events;
  session->setProfileHook([&](const StepEvent &e) { events.push_back(e); });
  float y[4];
  ASSERT_TRUE(add(y).ok());
  ASSERT_EQ(events.size(), 1u);
  EXPECT_STREQ(events[0].entry, "main");
  EXPECT_STREQ(events[0].scope, "layer/add");
  EXPECT_STREQ(events[0].kind, "Binary");
  EXPECT_EQ(events[0].flops, 4u);
  EXPECT_EQ(events[0].bytes, 48u);
  EXPECT_LE(events[0].beginNs, events[0].endNs);
  std::vector<KindTime> times = session->timeByKind();
  ASSERT_EQ(times.size(), 1u);
  EXPECT_EQ(times[0].kind, "Binary");
  EXPECT_EQ(times[0].calls, 1u);
  session->resetTimes();
  EXPECT_TRUE(session->timeByKind().empty());
}

TEST_F(SessionTest, printsTheChosenImplementationsWhenAsked) {
  setenv("BERTC_VERBOSE", "dispatch", 1);
  ::testing::internal::CaptureStderr();
  Status status = session->prepare("main");
  std::string printed = ::testing::internal::GetCapturedStderr();
  unsetenv("BERTC_VERBOSE");
  ASSERT_TRUE(status.ok());
  EXPECT_THAT(printed, HasSubstr("bertc: dispatch: main 0 Binary layer/add:"));
}

TEST_F(SessionTest, reportsItsMemory) {
  MemoryReport report = session->memory();
  EXPECT_EQ(report.state, session->plan().stateBytes());
  EXPECT_EQ(report.arena, session->plan().arenaBytes());
  EXPECT_EQ(report.packedWeights, 0u);
}

TEST(Session, refusesAPlanLargerThanTheMachine) {
  PlanBuilder b = adder();
  b.plan.arena_bytes = uint64_t{1} << 45;
  Status status = Session::create(*b.load()).status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("bytes of memory, this machine has"));
}

TEST(Session, refusesANegativeThreadCount) {
  EXPECT_EQ(Session::create(*adder().load(), {-1}).status().code(),
            StatusCode::InvalidArgument);
}

TEST(Session, initialisesTheSameWhateverTheThreadCount) {
  PlanBuilder b = adder();
  b.plan.variables[1]->init = plan::InitKind::TruncatedNormal;
  b.plan.variables[1]->init_value = 0.5f;
  b.plan.variables[0]->init_value = 3.0f;
  StatusOr<Plan> plan = b.load();
  auto one = Session::create(*plan, {1});
  auto three = Session::create(*plan, {3});
  ASSERT_TRUE((*one)->initialise(9).ok());
  ASSERT_TRUE((*three)->initialise(9).ok());
  const auto *a = (*one)->variable("table")->as<float>();
  const auto *c = (*three)->variable("table")->as<float>();
  EXPECT_TRUE(std::equal(a, a + 8, c));
  EXPECT_NE(a[0], 0.0f);
  EXPECT_EQ((*one)->variable("w")->as<float>()[3], 3.0f);
}

TEST(Session, initialisesAgainAfterAnyKindOfChange) {
  auto session = *Session::create(*adder().load());
  float w[4] = {1, 2, 3, 4};
  auto first = [&] { return session->variable("w")->as<float>()[0]; };
  ASSERT_TRUE(session->setVariable("w", {DType::F32, {4}, w}).ok());
  ASSERT_TRUE(session->initialise(1).ok());
  EXPECT_EQ(first(), 0.0f);
  ASSERT_TRUE(session->bindVariable("w", {DType::F32, {4}, w}).ok());
  ASSERT_TRUE(session->initialise(1).ok());
  EXPECT_EQ(first(), 0.0f);
  ASSERT_TRUE(session->run("grow", {{"x", {DType::F32, {4}, w}}}, {}).ok());
  EXPECT_EQ(first(), 1.0f);
  ASSERT_TRUE(session->initialise(1).ok());
  EXPECT_EQ(first(), 0.0f);
  session->mutableVariable("w")->as<float>()[0] = 9;
  ASSERT_TRUE(session->initialise(1).ok());
  EXPECT_EQ(first(), 0.0f);
}

TEST(Session, initialisesAVariableThatWasOnlyEverBound) {
  auto session = *Session::create(*adder().load());
  float w[4] = {1, 2, 3, 4};
  ASSERT_TRUE(session->bindVariable("w", {DType::F32, {4}, w}).ok());
  ASSERT_TRUE(session->initialise(1).ok());
  EXPECT_EQ(session->variable("w")->as<float>()[0], 0.0f);
  EXPECT_EQ(w[0], 1.0f);
}

TEST(Session, runsTheTinyModelAlikeAtAnyThreadCount) {
  StatusOr<Plan> plan = tinyModel().load();
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  int32_t ids[4] = {1, 9, 0, 1};
  std::vector<float> results[2];
  for (int threads : {1, 2}) {
    auto session = Session::create(*plan, {threads});
    ASSERT_TRUE((*session)->initialise(1).ok());
    StatusOr<TensorView> table = (*session)->mutableVariable("table");
    std::iota(table->as<float>(), table->as<float>() + 80, -40.0f);
    std::vector<float> &y = results[threads - 1];
    y.resize(32);
    for (int repeat = 0; repeat < 3; ++repeat) {
      Status status = (*session)->run("main", {{"ids", {DType::I32, {4}, ids}}},
                                      {{"y", {DType::F32, {4, 8}, y.data()}}});
      ASSERT_TRUE(status.ok()) << status.message();
    }
    float sum = std::accumulate(y.begin(), y.begin() + 8, 0.0f);
    EXPECT_NEAR(sum, 1.0f, 1e-6f);
  }
  EXPECT_EQ(results[0], results[1]);
}

} // namespace
} // namespace bertc::rt::test
