// SPDX-License-Identifier: Apache-2.0
//
// Sessions that share the updates of an optimizer: the bits of one that makes
// them all, however weights are cut; moments only where they are needed.

#include "test/unit/runtime/PlanBuilder.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <random>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

namespace bertc::rt::test {
namespace {

using ::testing::HasSubstr;

std::string weightName(size_t i) { return "w" + std::to_string(i); }

/// Weights of these sizes with their slots, role by role as the compiler lays
/// them out, and entry apply_gradients.
PlanBuilder optimizerPlan(const std::vector<int64_t> &sizes, bool lamb) {
  PlanBuilder b;
  auto count = static_cast<uint32_t>(sizes.size());
  struct Role {
    const char *suffix;
    plan::VariableRole role;
  };
  for (Role role : {Role{"", plan::VariableRole::Weight},
                    Role{"/accum", plan::VariableRole::Accum},
                    Role{"/adam_m", plan::VariableRole::AdamM},
                    Role{"/adam_v", plan::VariableRole::AdamV}}) {
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t index = b.variable(weightName(i) + role.suffix, {sizes[i]});
      b.plan.variables[index]->role = role.role;
      b.plan.variables[index]->owner = i;
      b.plan.variables[index]->trainable =
          role.role == plan::VariableRole::Weight;
    }
  }
  b.plan.entries.clear();
  b.nextEntry("apply_gradients");
  uint32_t rate = b.arena({}), step = b.arena({}, DType::I32);
  b.input("learning_rate", rate);
  b.input("update_step", step);
  for (uint32_t i = 0; i < count; ++i) {
    std::vector<uint32_t> operands;
    for (uint32_t slot : {0u, 2u, 3u, 1u}) { // var, m, v, accum
      operands.push_back(b.onVariable(slot * count + i));
    }
    std::vector<uint32_t> inputs = operands;
    inputs.push_back(rate);
    inputs.push_back(step);
    auto set = [](auto params) {
      params.beta1 = 0.9f;
      params.beta2 = 0.999f;
      params.eps = 1e-6f;
      params.weight_decay = 0.01f;
      return params;
    };
    if (lamb) {
      b.step(set(plan::LambParamsT()), inputs, operands);
    } else {
      b.step(set(plan::AdamWParamsT()), inputs, operands);
    }
  }
  return b;
}

Status update(Session &session, int32_t step) {
  float rate = 0.01f;
  return session.run("apply_gradients",
                     {{"learning_rate", {DType::F32, {}, &rate}},
                      {"update_step", {DType::I32, {}, &step}}},
                     {});
}

/// What every session of a group has to say to all; gives up when one is gone.
class Group {
public:
  explicit Group(size_t size) : texts_(size) {}

  StatusOr<std::vector<std::string>> exchange(size_t rank,
                                              const std::string &text) {
    std::unique_lock<std::mutex> lock(mutex_);
    texts_[rank] = text;
    size_t round = round_;
    if (++arrived_ == texts_.size()) {
      arrived_ = 0;
      ++round_;
      all_ = texts_;
      changed_.notify_all();
    }
    if (!changed_.wait_for(lock, std::chrono::seconds(60),
                           [&] { return round_ > round; })) {
      return ioError("rank is alone");
    }
    return all_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_, all_;
  size_t arrived_ = 0, round_ = 0;
};

std::vector<float> valuesOf(Session &session, const std::string &name) {
  ConstTensorView view = *session.variable(name);
  auto *data = static_cast<const float *>(view.data);
  return {data, data + numElements(view.shape)};
}

void setRandom(Session &session, const std::vector<int64_t> &sizes,
               const char *suffix, unsigned seed) {
  uint32_t state = seed | 1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    std::vector<float> values(static_cast<size_t>(sizes[i]));
    std::generate(values.begin(), values.end(), [&] {
      state = state * 1664525u + 1013904223u;
      return static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f;
    });
    ASSERT_TRUE(session
                    .setVariable(weightName(i) + suffix,
                                 {DType::F32, {sizes[i]}, values.data()})
                    .ok());
  }
}

/// Sessions 0 .. ranks-1, and one that makes all updates.
struct Shared {
  Shared(const std::vector<int64_t> &sizes, bool lamb, size_t ranks,
         const std::vector<std::vector<int64_t>> &cuts)
      : sizes(sizes), group(ranks) {
    Plan plan = *optimizerPlan(sizes, lamb).load();
    SessionOptions two;
    two.threads = 2;
    whole = *Session::create(plan, two);
    for (size_t rank = 0; rank < ranks; ++rank) {
      SessionOptions threads;
      threads.threads = 1 + static_cast<int>(rank % 2);
      sessions.push_back(*Session::create(plan, threads));
      OptimizerShard shard;
      for (size_t i = 0; i < sizes.size(); ++i) {
        if (cuts[i][rank] < cuts[i][rank + 1]) {
          shard.ranges.push_back(
              {weightName(i), cuts[i][rank], cuts[i][rank + 1]});
        }
      }
      shard.exchange = [this, rank](const std::string &text) {
        return group.exchange(rank, text);
      };
      Status status = sessions.back()->shardOptimizer(std::move(shard));
      EXPECT_TRUE(status.ok()) << status.message();
    }
  }

  void step(int32_t number) {
    ASSERT_TRUE(update(*whole, number).ok());
    std::vector<std::thread> threads;
    for (auto &session : sessions) {
      threads.emplace_back([&, one = session.get()] {
        Status status = update(*one, number);
        EXPECT_TRUE(status.ok()) << status.message();
      });
    }
    for (std::thread &thread : threads) {
      thread.join();
    }
  }

  std::vector<int64_t> sizes;
  Group group;
  std::unique_ptr<Session> whole;
  std::vector<std::unique_ptr<Session>> sessions;
};

class OptimizerShardTest : public ::testing::TestWithParam<bool> {};

TEST_P(OptimizerShardTest, HasTheBitsOfOneSessionHoweverWeightsAreCut) {
  // One block, blocks, parts, and a weight whose parts are larger.
  std::vector<int64_t> sizes = {1, 37, 1024, 5000, 16384, 50001, 4400000};
  unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (size_t ranks : {1u, 5u}) {
    std::vector<std::vector<int64_t>> cuts;
    for (int64_t size : sizes) {
      std::vector<int64_t> at = {0, size};
      for (size_t i = 1; i < ranks; ++i) {
        at.push_back(static_cast<int64_t>(random() % (size + 1)));
      }
      std::sort(at.begin(), at.end());
      if (size == 50001 && ranks > 2) { // two cuts in one block, one at its end
        at = {0, 20500, 20503, 21504, 32768, size};
      }
      cuts.push_back(at);
    }
    Shared shared(sizes, GetParam(), ranks, cuts);
    setRandom(*shared.whole, sizes, "", seed);
    for (auto &session : shared.sessions) {
      setRandom(*session, sizes, "", seed);
    }
    for (int32_t step = 1; step <= 2; ++step) {
      setRandom(*shared.whole, sizes, "/accum", seed + unsigned(step));
      for (auto &session : shared.sessions) {
        setRandom(*session, sizes, "/accum", seed + unsigned(step));
      }
      shared.step(step);
    }
    for (size_t i = 0; i < sizes.size(); ++i) {
      for (const char *suffix : {"", "/adam_m", "/adam_v", "/accum"}) {
        std::string name = weightName(i) + suffix;
        std::vector<float> expected = valuesOf(*shared.whole, name);
        for (size_t rank = 0; rank < ranks; ++rank) {
          std::vector<float> found = valuesOf(*shared.sessions[rank], name);
          EXPECT_TRUE(std::equal(found.begin() + cuts[i][rank],
                                 found.begin() + cuts[i][rank + 1],
                                 expected.begin() + cuts[i][rank]))
              << name << " of rank " << rank;
          if (std::strncmp(suffix, "/adam", 5) == 0) {
            EXPECT_TRUE(std::all_of(found.begin(),
                                    found.begin() + cuts[i][rank],
                                    [](float x) { return x == 0; }));
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, OptimizerShardTest, ::testing::Bool());

size_t residentBytes(Session &session, const std::string &name) {
  ConstTensorView view = *session.variable(name);
  auto page = static_cast<uintptr_t>(sysconf(_SC_PAGE_SIZE));
  auto begin = reinterpret_cast<uintptr_t>(view.data) / page * page;
  auto end =
      (reinterpret_cast<uintptr_t>(view.data) + view.bytes() + page - 1) /
      page * page;
  std::vector<unsigned char> pages((end - begin) / page);
  EXPECT_EQ(mincore(reinterpret_cast<void *>(begin), end - begin, pages.data()),
            0);
  return page * static_cast<size_t>(
                    std::count_if(pages.begin(), pages.end(),
                                  [](unsigned char p) { return p & 1; }));
}

// Also of a session that had all of them before.
TEST(OptimizerShard, OnlyOwnMomentsAreResident) {
  int64_t elements = (int64_t{24} << 20) / 4 + 12345;
  std::vector<int64_t> sizes = {elements, 77};
  Plan plan = *optimizerPlan(sizes, true).load();
  SessionOptions one;
  one.threads = 1;
  auto session = *Session::create(plan, one);
  uint64_t before = session->memory().state;
  ASSERT_TRUE(update(*session, 1).ok());
  size_t all = residentBytes(*session, "w0/adam_m");
  EXPECT_GE(all, static_cast<size_t>(elements) * 4);
  int64_t begin = elements / 4, end = elements / 2;
  OptimizerShard shard;
  shard.ranges = {{"w0", begin, end}};
  shard.exchange = [](const std::string &) {
    return StatusOr<std::vector<std::string>>(std::vector<std::string>());
  };
  ASSERT_TRUE(session->shardOptimizer(shard).ok());
  ASSERT_TRUE(session->initialise(3).ok());
  std::vector<float> values(static_cast<size_t>(elements), 1.0f);
  for (const char *name : {"w0/adam_m", "w0/adam_v"}) {
    ASSERT_TRUE(
        session->setVariable(name, {DType::F32, {elements}, values.data()})
            .ok());
  }
  for (const char *name : {"w0/adam_m", "w0/adam_v"}) {
    EXPECT_LE(residentBytes(*session, name), all * 26 / 100) << name;
  }
  for (const char *name : {"w0/adam_m", "w0/adam_v"}) {
    std::vector<float> kept = valuesOf(*session, name);
    EXPECT_EQ(kept[static_cast<size_t>(begin) - 1], 0);
    EXPECT_EQ(kept[static_cast<size_t>(begin)], 1);
    EXPECT_EQ(kept[static_cast<size_t>(end)], 0);
  }
  uint64_t others = 2 * 4 * static_cast<uint64_t>(elements + 77 - end + begin);
  EXPECT_EQ(session->memory().state, before - others);
  // Given back is what another division leaves to others.
  shard.ranges = {{"w0", begin, end - 1}};
  ASSERT_TRUE(session->shardOptimizer(shard).ok());
  EXPECT_EQ(session->memory().state, before - others - 2 * 4);
}

TEST(OptimizerShard, RefusesWhatIsNoPart) {
  auto session = *Session::create(*optimizerPlan({10, 20}, true).load());
  auto refusal = [&](std::vector<VariableRange> ranges) {
    return session->shardOptimizer({std::move(ranges), {}}).message();
  };
  EXPECT_THAT(refusal({{"w7", 0, 1}}), HasSubstr("no variable 'w7'"));
  EXPECT_THAT(refusal({{"w0", 3, 11}}),
              HasSubstr("elements 3 to 11 of 'w0' cannot be a session's part"));
  EXPECT_THAT(refusal({{"w0", 3, 3}}), HasSubstr("'w0'"));
  EXPECT_THAT(refusal({{"w1", 0, 3}, {"w1", 5, 6}}), HasSubstr("5 to 6"));
  EXPECT_THAT(refusal({{"w0/adam_m", 0, 3}}), HasSubstr("adam_m"));
  EXPECT_EQ(refusal({{"w0", 3, 5}}), "");
  EXPECT_THAT(update(*session, 1).message(), HasSubstr("no way to reach them"));
}

TEST(OptimizerShard, SessionsThatDoNotAgreeAreFound) {
  auto session = *Session::create(*optimizerPlan({5000}, true).load());
  std::vector<std::string> texts;
  OptimizerShard shard;
  shard.ranges = {{"w0", 1000, 5000}};
  shard.exchange = [&](const std::string &own) {
    texts.push_back(own);
    return StatusOr<std::vector<std::string>>(texts);
  };
  ASSERT_TRUE(session->shardOptimizer(shard).ok());
  EXPECT_THAT(update(*session, 1).message(), HasSubstr("leave elements out"));
  texts = {"short"};
  EXPECT_THAT(update(*session, 1).message(), HasSubstr("do not agree"));
}

} // namespace
} // namespace bertc::rt::test
