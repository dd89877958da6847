// SPDX-License-Identifier: Apache-2.0
//
// Products of one matrix that run together against the same one by one: the
// same bits, for widths that are no multiple of a tile, several blocks of rows,
// both ways of going through K, and any number of threads.

#include "runtime/kernels/amx/Gemm.h"

#include "test/unit/kernels/AmxTesting.h"

#include <omp.h>

namespace bertc::rt::kernels::amx {
namespace {

// One B of a group with what belongs to it.
struct Member {
  int64_t n;
  DType out = DType::BF16;
  bool bias = true;
  Values c, biases;
  AlignedHalves panels;
};

size_t size(int64_t rows, int64_t cols) {
  return static_cast<size_t>(rows * cols);
}

class Group {
public:
  Group(int64_t m, int64_t k, std::vector<int64_t> widths, bool mixed = false)
      : m_(m), k_(k),
        a_(randomValues(DType::BF16, size(m, k + kPadding), -1, 1, 1)) {
    for (int64_t n : widths) {
      members_.push_back({n, DType::BF16, true, {}, {}, {}});
      Member &member = members_.back();
      auto seed = static_cast<uint32_t>(members_.size());
      if (mixed) {
        member.out = seed % 2 == 0 ? DType::F32 : DType::BF16;
        member.bias = seed != 1;
      }
      Values w = randomValues(DType::F32, size(k, n), -1, 1, 10 + seed);
      member.panels.resize(static_cast<size_t>(panelHalves(k, n)));
      packPanels(w.f32(), k, n, member.panels.data(), nullptr);
      member.biases = randomValues(DType::F32, size(1, n), -1, 1, 20 + seed);
    }
  }

  std::vector<Values> together(TileUnit unit, int threads) {
    std::vector<GemmTask> tasks = begin();
    auto count = static_cast<int64_t>(tasks.size());
    AlignedBytes scratch(gemmGroupScratchBytes(tasks.data(), count, threads));
    gemmGroup(tasks.data(), count, unit, scratch.data(), threads);
    EXPECT_TRUE(scratch.guardIntact());
    return end();
  }

  std::vector<Values> oneByOne(TileUnit unit) {
    for (const GemmTask &task : begin()) {
      AlignedBytes scratch(gemmScratchBytes(m_, task.n, k_, false, 1));
      gemm(task, unit, scratch.data(), 1);
    }
    return end();
  }

  void check(TileUnit unit = TileUnit::Emulated) {
    std::vector<Values> expected = oneByOne(unit);
    int before = omp_get_max_threads();
    for (int threads : {1, 2, 3}) {
      omp_set_num_threads(threads);
      std::vector<Values> found = together(unit, threads);
      for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_TRUE(found[i].sameBits(expected[i]))
            << "product " << i << ", m " << m_ << ", k " << k_ << ", "
            << threads << " threads, seed " << kSeed;
      }
    }
    omp_set_num_threads(before);
  }

private:
  static constexpr int64_t kPadding = 3;

  std::vector<GemmTask> begin() {
    std::vector<GemmTask> tasks;
    for (Member &member : members_) {
      member.c =
          randomValues(member.out, size(m_, member.n + kPadding), -1, 1, 30);
      GemmTask task;
      task.m = m_, task.n = member.n, task.k = k_;
      task.a = {static_cast<const uint16_t *>(a_.data()), k_ + kPadding, 1,
                false};
      task.b = member.panels.data();
      task.c = {member.c.buffer(), member.n + kPadding};
      if (member.bias) {
        task.bias = member.biases.buffer();
      }
      tasks.push_back(task);
    }
    return tasks;
  }

  std::vector<Values> end() {
    std::vector<Values> results;
    for (Member &member : members_) {
      EXPECT_TRUE(member.c.guardIntact());
      results.push_back(member.c);
    }
    return results;
  }

  int64_t m_, k_;
  Values a_;
  std::vector<Member> members_;
};

TEST(AmxGemmGroup, HasTheBitsOfSingleProducts) {
  forEachTarget([] {
    for (int64_t m : {1, 33, 70}) {
      for (int64_t k : {1, 40, 100}) {
        Group(m, k, {32, 64}).check();
        Group(m, k, {45, 1, 33}).check();
      }
    }
  });
}

TEST(AmxGemmGroup, EveryBlocking) {
  // Several blocks of rows; several chunks of K, shallow and deep; more columns
  // than a deep block keeps.
  Group(530, 64, {33, 65, 40}).check();
  Group(70, 1024, {45, 33, 70}).check();
  Group(40, 1100, {45, 33, 70}).check();
  Group(33, 1056, {600, 70, 500}).check();
  // Columns shared by threads, and fewer of them than threads.
  Group(3, 64, {200, 300}).check();
  Group(1, 40, {5, 6}).check();
}

TEST(AmxGemmGroup, MembersDifferInTypeAndBias) {
  for (int64_t k : {70, 1100}) {
    Group(45, k, {50, 34, 96}, true).check();
  }
}

TEST(AmxGemmGroup, HardwareIsTheEmulationBitForBit) {
  if (detectedIsa() != Isa::Amx) {
    GTEST_SKIP() << "this CPU has " << isaName(detectedIsa())
                 << ", no AMX tiles";
  }
  Group group(200, 768, {90, 64, 33});
  group.check(TileUnit::Hardware);
  std::vector<Values> hardware = group.together(TileUnit::Hardware, 2);
  std::vector<Values> emulated = group.together(TileUnit::Emulated, 2);
  for (size_t i = 0; i < hardware.size(); ++i) {
    EXPECT_TRUE(hardware[i].sameBits(emulated[i]));
  }
}

} // namespace
} // namespace bertc::rt::kernels::amx
