// SPDX-License-Identifier: Apache-2.0
//
// Collectives between processes. Every rank is a process forked from this one,
// which itself never calls the library.
#include "test/unit/synapse-stand-in/StandIn.h"

#include <atomic>
#include <csignal>
#include <functional>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace bertc::standin;

namespace {

/// What ranks share besides the communicator, in place of MPI's broadcast.
struct Shared {
  std::atomic<int> ready{0};
  hcclUniqueId id;
};

Shared *newShared() {
  void *pages = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return new (pages) Shared;
}

#define EXPECT_HCCL(expected, call)                                            \
  do {                                                                         \
    hcclResult_t got = (call);                                                 \
    EXPECT_EQ(got, expected) << #call << ": " << synGetLastErrorMessage();     \
  } while (false)

/// One rank: a device, a stream and a communicator.
class Rank {
public:
  Rank(Shared &shared, int ranks, int rank) : ranks(ranks), rank(rank) {
    EXPECT_SYN(synInitialize());
    EXPECT_SYN(synDeviceAcquireByModuleId(&device, uint32_t(rank)));
    EXPECT_SYN(synStreamCreateGeneric(&stream, device, 0));
    if (rank == 0) {
      EXPECT_HCCL(hcclSuccess, hcclGetUniqueId(&shared.id));
      shared.ready = 1;
    }
    while (!shared.ready) {
      usleep(1000);
    }
    joined = hcclCommInitRank(&comm, ranks, shared.id, rank);
    EXPECT_SYN(synDeviceMalloc(device, 4096, 0, 0, &memory));
    EXPECT_SYN(synHostMalloc(device, 4096, 0, &host));
  }

  template <class T> void put(uint64_t at, const std::vector<T> &values) {
    std::memcpy(host, values.data(), values.size() * sizeof(T));
    EXPECT_SYN(synMemCopyAsync(stream, reinterpret_cast<uint64_t>(host),
                               values.size() * sizeof(T), memory + at,
                               HOST_TO_DRAM));
    EXPECT_SYN(synStreamSynchronize(stream));
  }
  template <class T> std::vector<T> get(uint64_t at, size_t count) {
    std::vector<T> values(count);
    EXPECT_SYN(synMemCopyAsync(stream, memory + at, count * sizeof(T),
                               reinterpret_cast<uint64_t>(host), DRAM_TO_HOST));
    EXPECT_SYN(synStreamSynchronize(stream));
    std::memcpy(values.data(), host, count * sizeof(T));
    return values;
  }
  void *at(uint64_t offset) const {
    return reinterpret_cast<void *>(memory + offset);
  }
  void leave() {
    EXPECT_HCCL(hcclSuccess, hcclCommDestroy(comm));
    EXPECT_SYN(synStreamDestroy(stream));
    EXPECT_SYN(synDeviceRelease(device));
    EXPECT_SYN(synDestroy());
  }

  int ranks, rank;
  synDeviceId device = 0;
  synStreamHandle stream = nullptr;
  hcclComm_t comm = nullptr;
  hcclResult_t joined = hcclUninitialized;
  uint64_t memory = 0;
  void *host = nullptr;
};

/// Runs `body` in a process for each rank; every one must end well. A rank
/// that kills itself on purpose is `killed`.
void runRanks(int ranks, const std::function<void(Shared &, int rank)> &body,
              int killed = -1) {
  Shared *shared = newShared();
  std::vector<pid_t> children;
  for (int rank = 0; rank < ranks; rank++) {
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      body(*shared, rank);
      _exit(testing::Test::HasFailure() ? 1 : 0);
    }
    children.push_back(child);
  }
  for (int rank = 0; rank < ranks; rank++) {
    int status = 0;
    ASSERT_EQ(waitpid(children[size_t(rank)], &status, 0),
              children[size_t(rank)]);
    if (rank != killed) {
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
          << "rank " << rank << " failed";
    }
  }
  munmap(shared, sizeof(Shared));
}

TEST(HcclTest, allReduceSumsInTheOrderOfTheRanks) {
  runRanks(3, [](Shared &shared, int number) {
    Rank rank(shared, 3, number);
    // 1e8 + 1 - 1e8 in f32 is 0 in this order, 1 in others.
    const float parts[] = {1e8f, 1, -1e8f};
    rank.put<float>(0, {parts[number], float(number)});
    EXPECT_HCCL(hcclSuccess,
                hcclAllReduce(rank.at(0), rank.at(128), 2, hcclFloat32, hcclSum,
                              rank.comm, rank.stream));
    EXPECT_EQ(rank.get<float>(128, 2), (std::vector<float>{0, 3}));
    // In place, and the largest.
    EXPECT_HCCL(hcclSuccess,
                hcclAllReduce(rank.at(0), rank.at(0), 2, hcclFloat32, hcclMax,
                              rank.comm, rank.stream));
    EXPECT_EQ(rank.get<float>(0, 2), (std::vector<float>{1e8f, 2}));
    rank.leave();
  });
}

TEST(HcclTest, bf16IsSummedInF32AndRoundedOnce) {
  runRanks(3, [](Shared &shared, int number) {
    Rank rank(shared, 3, number);
    // 256 + 1 + 1: each sum rounded would stay at 256.
    rank.put<uint16_t>(0, {uint16_t(number == 0 ? 0x4380 : 0x3f80)});
    EXPECT_HCCL(hcclSuccess,
                hcclAllReduce(rank.at(0), rank.at(0), 1, hcclBfloat16, hcclSum,
                              rank.comm, rank.stream));
    EXPECT_EQ(rank.get<uint16_t>(0, 1)[0], 0x4381);
    rank.leave();
  });
}

TEST(HcclTest, otherCollectivesMoveWhatTheyShould) {
  runRanks(2, [](Shared &shared, int number) {
    Rank rank(shared, 2, number);
    float n = float(number);
    std::vector<float> mine{10 * n + 1, 10 * n + 2};
    auto fresh = [&] { rank.put<float>(0, mine); };
    fresh();
    EXPECT_HCCL(hcclSuccess,
                hcclAllGather(rank.at(0), rank.at(128), 2, hcclFloat32,
                              rank.comm, rank.stream));
    EXPECT_EQ(rank.get<float>(128, 4), (std::vector<float>{1, 2, 11, 12}));
    EXPECT_HCCL(hcclSuccess,
                hcclReduceScatter(rank.at(0), rank.at(128), 1, hcclFloat32,
                                  hcclSum, rank.comm, rank.stream));
    EXPECT_EQ(rank.get<float>(128, 1)[0], number == 0 ? 12 : 14);
    EXPECT_HCCL(hcclSuccess, hcclAlltoAll(rank.at(0), rank.at(128), 2,
                                          hcclFloat32, rank.comm, rank.stream));
    EXPECT_EQ(
        rank.get<float>(128, 2),
        (number == 0 ? std::vector<float>{1, 11} : std::vector<float>{2, 12}));
    rank.put<float>(256, {0, 0});
    EXPECT_HCCL(hcclSuccess,
                hcclReduce(rank.at(0), rank.at(256), 2, hcclFloat32, hcclMin, 1,
                           rank.comm, rank.stream));
    EXPECT_EQ(
        rank.get<float>(256, 2),
        (number == 1 ? std::vector<float>{1, 2} : std::vector<float>{0, 0}));
    EXPECT_HCCL(hcclSuccess,
                hcclBroadcast(rank.at(0), rank.at(256), 2, hcclFloat32, 1,
                              rank.comm, rank.stream));
    EXPECT_EQ(rank.get<float>(256, 2), (std::vector<float>{11, 12}));
    EXPECT_HCCL(hcclSuccess, hcclBcast(rank.at(0), 2, hcclFloat32, 0, rank.comm,
                                       rank.stream));
    EXPECT_EQ(rank.get<float>(0, 2), (std::vector<float>{1, 2}));
    EXPECT_HCCL(hcclSuccess, hcclBarrier(rank.comm, rank.stream));
    EXPECT_SYN(synStreamSynchronize(rank.stream));
    rank.leave();
  });
}

TEST(HcclTest, sendsAndReceivesPairUp) {
  runRanks(2, [](Shared &shared, int number) {
    Rank rank(shared, 2, number);
    rank.put<float>(0, {float(number + 5)});
    int peer = 1 - number;
    EXPECT_HCCL(hcclSuccess, hcclGroupStart());
    EXPECT_HCCL(hcclSuccess, hcclSend(rank.at(0), 1, hcclFloat32, peer,
                                      rank.comm, rank.stream));
    EXPECT_HCCL(hcclSuccess, hcclRecv(rank.at(128), 1, hcclFloat32, peer,
                                      rank.comm, rank.stream));
    EXPECT_HCCL(hcclSuccess, hcclGroupEnd());
    EXPECT_EQ(rank.get<float>(128, 1)[0], float(peer + 5));
    rank.leave();
  });
}

TEST(HcclTest, collectivesRunInTheOrderOfTheirStream) {
  runRanks(2, [](Shared &shared, int number) {
    Rank rank(shared, 2, number);
    // 1, then doubled by each all-reduce, without the host waiting between.
    rank.put<float>(0, {1});
    for (int i = 0; i < 10; i++) {
      EXPECT_HCCL(hcclSuccess,
                  hcclAllReduce(rank.at(0), rank.at(0), 1, hcclFloat32, hcclSum,
                                rank.comm, rank.stream));
    }
    EXPECT_EQ(rank.get<float>(0, 1)[0], 1024);
    rank.leave();
  });
}

TEST(HcclTest, callsOnTwoStreamsKeepTheOrderTheyWereMadeIn) {
  runRanks(2, [](Shared &shared, int number) {
    Rank rank(shared, 2, number);
    synStreamHandle second = nullptr;
    EXPECT_SYN(synStreamCreateGeneric(&second, rank.device, 0));
    rank.put<float>(0, {1});
    rank.put<float>(128, {2});
    for (int i = 0; i < 10; i++) {
      EXPECT_HCCL(hcclSuccess,
                  hcclAllReduce(rank.at(0), rank.at(0), 1, hcclFloat32, hcclSum,
                                rank.comm, rank.stream));
      EXPECT_HCCL(hcclSuccess,
                  hcclAllReduce(rank.at(128), rank.at(128), 1, hcclFloat32,
                                hcclMax, rank.comm, second));
    }
    EXPECT_SYN(synStreamSynchronize(second));
    EXPECT_EQ(rank.get<float>(0, 1)[0], 1024);
    EXPECT_EQ(rank.get<float>(128, 1)[0], 2);
    rank.leave();
  });
}

TEST(HcclTest, aCommunicatorTellsOfItself) {
  runRanks(2, [](Shared &shared, int number) {
    Rank rank(shared, 2, number);
    int value = -1;
    hcclResult_t error = hcclInternalError;
    EXPECT_HCCL(hcclSuccess, hcclCommCount(rank.comm, &value));
    EXPECT_EQ(value, 2);
    EXPECT_HCCL(hcclSuccess, hcclCommUserRank(rank.comm, &value));
    EXPECT_EQ(value, number);
    EXPECT_HCCL(hcclSuccess, hcclCommSynDevice(rank.comm, &value));
    EXPECT_EQ(value, int(rank.device));
    EXPECT_HCCL(hcclSuccess, hcclCommGetAsyncError(rank.comm, &error));
    EXPECT_EQ(error, hcclSuccess);
    EXPECT_HCCL(hcclSuccess, hcclGetVersion(&value));
    EXPECT_HCCL(hcclSuccess, hcclCommFinalize(rank.comm));
    rank.leave();
  });
}

TEST(HcclTest, argumentsAreChecked) {
  runRanks(1, [](Shared &shared, int) {
    hcclComm_t none = nullptr;
    EXPECT_HCCL(hcclUninitialized, hcclCommDestroy(none));
    EXPECT_HCCL(hcclUninitialized,
                hcclCommInitRank(&none, 1, hcclUniqueId{}, 0));
    Rank rank(shared, 1, 0);
    EXPECT_HCCL(hcclInvalidArgument, hcclCommInitRank(&none, 2, shared.id, 2));
    EXPECT_HCCL(hcclInvalidArgument,
                hcclCommInitRank(&none, 1, hcclUniqueId{}, 0));
    auto reduce = [&](hcclDataType_t type, hcclRedOp_t op, uint64_t offset) {
      return hcclAllReduce(rank.at(offset), rank.at(offset), 2, type, op,
                           rank.comm, rank.stream);
    };
    EXPECT_HCCL(hcclUnsupported, reduce(hcclFloat32, hcclProd, 0));
    EXPECT_HCCL(hcclUnsupported, reduce(hcclFloat32, hcclAvg, 0));
    EXPECT_HCCL(hcclUnsupported, reduce(hcclFloat64, hcclSum, 0));
    EXPECT_HCCL(hcclUnsupported, reduce(hcclFloat16, hcclSum, 0));
    EXPECT_HCCL(hcclInvalidArgument, reduce(hcclFloat32, hcclSum, 4092));
    EXPECT_HCCL(hcclInvalidArgument, hcclBcast(rank.at(0), 1, hcclFloat32, 1,
                                               rank.comm, rank.stream));
    EXPECT_HCCL(hcclInvalidArgument, hcclBarrier(rank.comm, nullptr));
    EXPECT_HCCL(hcclUninitialized, hcclBarrier(nullptr, rank.stream));
    rank.leave();
    EXPECT_HCCL(hcclUninitialized, hcclCommDestroy(rank.comm));
  });
}

TEST(HcclTest, resultsHaveTexts) {
  EXPECT_STREQ(hcclGetErrorString(hcclUninitialized),
               "HCCL is not initialized");
  EXPECT_STREQ(hcclGetErrorString(hcclPortDown), "a port is down");
  EXPECT_STREQ(hcclGetErrorString(hcclResult_t(99)), "unknown result");
}

TEST(HcclTest, aRankThatDiesFailsTheOthers) {
  runRanks(
      3,
      [](Shared &shared, int number) {
        Rank rank(shared, 3, number);
        rank.put<float>(0, {1});
        if (number == 2) {
          kill(getpid(), SIGKILL);
        }
        EXPECT_HCCL(hcclSuccess,
                    hcclAllReduce(rank.at(0), rank.at(0), 1, hcclFloat32,
                                  hcclSum, rank.comm, rank.stream));
        EXPECT_STATUS(synFailHccl, synStreamSynchronize(rank.stream));
        EXPECT_TRUE(lastMessageHas("rank 2 is gone"))
            << synGetLastErrorMessage();
        hcclResult_t error = hcclSuccess;
        EXPECT_HCCL(hcclSuccess, hcclCommGetAsyncError(rank.comm, &error));
        EXPECT_EQ(error, hcclSystemError);
        EXPECT_HCCL(hcclSuccess, hcclCommAbort(rank.comm));
        EXPECT_SYN(synDeviceRelease(rank.device));
        // The process of the id stays until the other has heard of it.
        shared.ready++;
        while (shared.ready < 3) {
          usleep(1000);
        }
      },
      2);
}

TEST(HcclTest, theDeathOfTheProcessOfTheIdFailsTheOthers) {
  runRanks(
      2,
      [](Shared &shared, int number) {
        Rank rank(shared, 2, number);
        if (number == 0) {
          kill(getpid(), SIGKILL);
        }
        EXPECT_HCCL(hcclSuccess, hcclBarrier(rank.comm, rank.stream));
        EXPECT_STATUS(synFailHccl, synStreamSynchronize(rank.stream));
        EXPECT_SYN(synDeviceRelease(rank.device));
      },
      0);
}

TEST(HcclTest, aRankThatStaysAwayFailsTheOthersInTime) {
  Environment timeout("SYNAPSE_STAND_IN_HCCL_TIMEOUT_MS", "300");
  runRanks(2, [](Shared &shared, int number) {
    Rank rank(shared, 2, number);
    if (number == 0) {
      EXPECT_HCCL(hcclSuccess, hcclBarrier(rank.comm, rank.stream));
      EXPECT_STATUS(synFailHccl, synStreamSynchronize(rank.stream));
      EXPECT_TRUE(lastMessageHas("did not come to a collective"))
          << synGetLastErrorMessage();
      shared.ready = 2;
    }
    while (shared.ready != 2) {
      usleep(1000);
    }
    EXPECT_SYN(synDeviceRelease(rank.device));
  });
}

TEST(HcclTest, aRankThatNeverJoinsFailsTheOthersInTime) {
  Environment timeout("SYNAPSE_STAND_IN_HCCL_TIMEOUT_MS", "300");
  runRanks(1, [](Shared &shared, int) {
    Rank rank(shared, 2, 0);
    EXPECT_EQ(rank.joined, hcclInvalidUsage);
    EXPECT_TRUE(lastMessageHas("not all ranks came"))
        << synGetLastErrorMessage();
  });
}

TEST(HcclTest, ranksThatDisagreeAllFail) {
  runRanks(2, [](Shared &shared, int number) {
    Rank rank(shared, 2, number);
    EXPECT_HCCL(hcclSuccess,
                hcclAllReduce(rank.at(0), rank.at(0), size_t(number + 1),
                              hcclFloat32, hcclSum, rank.comm, rank.stream));
    EXPECT_STATUS(synFailHccl, synStreamSynchronize(rank.stream));
    EXPECT_TRUE(lastMessageHas("one collective with different arguments"))
        << synGetLastErrorMessage();
    EXPECT_SYN(synDeviceRelease(rank.device));
  });
}

TEST(HcclTest, twoRanksOfOneNumberAreRefused) {
  Environment timeout("SYNAPSE_STAND_IN_HCCL_TIMEOUT_MS", "2000");
  runRanks(2, [](Shared &shared, int number) {
    EXPECT_SYN(synInitialize());
    synDeviceId device = 0;
    hcclComm_t comm = nullptr;
    EXPECT_SYN(synDeviceAcquireByModuleId(&device, uint32_t(number)));
    if (number == 0) {
      EXPECT_HCCL(hcclSuccess, hcclGetUniqueId(&shared.id));
      shared.ready = 1;
    }
    while (!shared.ready) {
      usleep(1000);
    }
    EXPECT_HCCL(hcclInvalidUsage, hcclCommInitRank(&comm, 2, shared.id, 1));
  });
}

TEST(HcclTest, theEnvironmentCanNameTheMeetingPlace) {
  Environment id("HCCL_COMM_ID", "127.0.0.1:" + std::to_string(getpid()));
  runRanks(2, [](Shared &shared, int number) {
    Rank rank(shared, 2, number);
    rank.put<float>(0, {1});
    EXPECT_HCCL(hcclSuccess,
                hcclAllReduce(rank.at(0), rank.at(0), 1, hcclFloat32, hcclSum,
                              rank.comm, rank.stream));
    EXPECT_EQ(rank.get<float>(0, 1)[0], 2);
    rank.leave();
  });
}

TEST(HcclTest, faultsCanBeOrdered) {
  Environment faults("SYNAPSE_STAND_IN_FAULT", "hcclAllReduce:1=6");
  runRanks(1, [](Shared &shared, int) {
    Rank rank(shared, 1, 0);
    auto reduce = [&] {
      return hcclAllReduce(rank.at(0), rank.at(0), 1, hcclFloat32, hcclSum,
                           rank.comm, rank.stream);
    };
    EXPECT_HCCL(hcclInternalError, reduce());
    EXPECT_HCCL(hcclSuccess, reduce());
    EXPECT_SYN(synStreamSynchronize(rank.stream));
    rank.leave();
  });
}

} // namespace
