// SPDX-License-Identifier: Apache-2.0
//
// Sums, broadcasts and barriers between processes, each with a device of the
// stand-in.

#include "runtime/synapse/Hccl.h"
#include "runtime/core/DeviceCollective.h"
#include "runtime/synapse/Staging.h"
#include "test/unit/synapse/GraphPlan.h"
#include "test/unit/synapse/StandIn.h"

#include <fstream>
#include <functional>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bertc::rt::test {
namespace {

using namespace syn;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What one rank has.
struct Rank {
  DevicePtr device;
  Stream stream;
  Staging staging;
  DeviceBuffer memory;

  static StatusOr<Rank> make(const std::string &path) {
    Rank rank;
    BERTC_ASSIGN_OR_RETURN(LibraryPtr library, openLibrary(path));
    BERTC_ASSIGN_OR_RETURN(rank.device,
                           acquireDevice(library, synDeviceGaudi2));
    BERTC_ASSIGN_OR_RETURN(rank.stream, Stream::make(rank.device));
    BERTC_ASSIGN_OR_RETURN(rank.staging, Staging::make(rank.device));
    BERTC_ASSIGN_OR_RETURN(rank.memory,
                           DeviceBuffer::make(rank.device, 4096, "numbers"));
    return rank;
  }
  Status write(const std::vector<float> &values) {
    return staging.upload(
        stream,
        {{memory.address(),
          reinterpret_cast<std::byte *>(const_cast<float *>(values.data())),
          values.size() * sizeof(float)}});
  }
  StatusOr<std::vector<float>> read(size_t count) {
    std::vector<float> values(count);
    BERTC_RETURN_IF_ERROR(stream.synchronize());
    BERTC_RETURN_IF_ERROR(staging.download(
        stream,
        {{memory.address(), reinterpret_cast<std::byte *>(values.data()),
          count * sizeof(float)}}));
    return values;
  }
};

struct HcclTest : StandInTest {
  /// Runs `work` as each of `ranks` processes; every one must return ok. The id
  /// goes by a file.
  void onRanks(int ranks,
               const std::function<Status(int, const UniqueId &)> &work) {
    std::vector<pid_t> children;
    for (int rank = 0; rank < ranks; ++rank) {
      children.push_back(fork());
      ASSERT_GE(children.back(), 0);
      if (children.back() == 0) {
        Status status = asRank(rank, work);
        if (!status.ok()) {
          std::fprintf(stderr, "rank %d: %s\n", rank, status.message().c_str());
        }
        _exit(status.ok() ? 0 : 1);
      }
    }
    for (pid_t child : children) {
      int status = 0;
      ASSERT_EQ(waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
    }
  }
  Status asRank(int rank,
                const std::function<Status(int, const UniqueId &)> &work) {
    std::string report = folder / ("report" + std::to_string(rank) + ".json");
    setenv("SYNAPSE_STAND_IN_REPORT", report.c_str(), 1);
    setenv("HLS_MODULE_ID", std::to_string(rank).c_str(), 1);
    UniqueId id;
    BERTC_ASSIGN_OR_RETURN(LibraryPtr library, openLibrary(this->library()));
    if (rank == 0) {
      BERTC_ASSIGN_OR_RETURN(id, makeUniqueId(library));
      std::ofstream(folder / "id.tmp", std::ios::binary) << id.bytes;
      rename((folder / "id.tmp").c_str(), (folder / "id").c_str());
    }
    for (int i = 0; i < 2000 && id.bytes.empty(); ++i) {
      std::ifstream file(folder / "id", std::ios::binary);
      id.bytes.assign(std::istreambuf_iterator<char>(file), {});
      usleep(5000);
    }
    library.reset();
    return work(rank, id);
  }
};

Status expectValues(Rank &rank, const std::vector<float> &expected,
                    const char *what) {
  BERTC_ASSIGN_OR_RETURN(std::vector<float> found, rank.read(expected.size()));
  return found == expected ? Status()
                           : internalError(std::string(what) + " is wrong");
}

TEST_F(HcclTest, sumsAndBroadcasts) {
  constexpr int kRanks = 3;
  onRanks(kRanks, [&](int number, const UniqueId &id) -> Status {
    BERTC_ASSIGN_OR_RETURN(Rank rank, Rank::make(library()));
    BERTC_ASSIGN_OR_RETURN(Communicator all,
                           Communicator::join(rank.device, kRanks, number, id));
    if (all.rank() != number || all.ranks() != kRanks) {
      return internalError("not the rank it joined as");
    }
    auto own = static_cast<float>(number + 1);
    BERTC_RETURN_IF_ERROR(rank.write({own, 10 * own, 0.5f}));
    BERTC_RETURN_IF_ERROR(
        all.allReduceSum(rank.stream, rank.memory.address(), 3, DType::F32));
    BERTC_RETURN_IF_ERROR(expectValues(rank, {6, 60, 1.5f}, "the sum"));
    BERTC_RETURN_IF_ERROR(rank.write({own}));
    BERTC_RETURN_IF_ERROR(
        all.broadcast(rank.stream, rank.memory.address(), 1, DType::F32, 2));
    BERTC_RETURN_IF_ERROR(expectValues(rank, {3}, "the broadcast"));
    BERTC_RETURN_IF_ERROR(all.barrier(rank.stream));
    BERTC_RETURN_IF_ERROR(rank.stream.synchronize());
    return all.asyncError();
  });
  for (int rank = 0; rank < kRanks; ++rank) {
    std::ifstream file(folder / ("report" + std::to_string(rank) + ".json"));
    std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_THAT(text, HasSubstr("\"leaked\": {}"));
    EXPECT_THAT(text, HasSubstr("\"communicator\": 0"));
  }
}

// ---- sessions ---------------------------------------------------------------

StatusOr<std::unique_ptr<Session>> sessionOf(const SessionOptions &options) {
  BERTC_ASSIGN_OR_RETURN(Plan plan, smallDevicePlan().load());
  return Session::create(plan, options);
}

Status waitFor(DeviceCollective &devices) {
  for (int i = 0; i < 20000; ++i) {
    BERTC_ASSIGN_OR_RETURN(bool done, devices.done());
    if (done) {
      return Status();
    }
    usleep(1000);
  }
  return internalError("not done in 20 s");
}

Status expectVariable(Session &session, const char *name,
                      const std::vector<float> &expected) {
  BERTC_ASSIGN_OR_RETURN(ConstTensorView view, session.variable(name));
  std::vector<float> found(view.as<float>(),
                           view.as<float>() + numElements(view.shape));
  return found == expected ? Status()
                           : internalError(std::string(name) + " is wrong");
}

Status set(Session &session, const char *name, const Shape &shape,
           const std::vector<float> &values) {
  return session.setVariable(name, {DType::F32, shape, values.data()});
}

// Between runs that write and read the same variables, whichever side has the
// newest value.
TEST_F(HcclTest, sessionsExchangeVariables) {
  onRanks(2, [&](int number, const UniqueId &id) -> Status {
    BERTC_ASSIGN_OR_RETURN(auto session, sessionOf(options()));
    DeviceCollective &all = *session->deviceCollective();
    if (all.broadcast({0}).ok()) {
      return internalError("took work before it joined");
    }
    BERTC_RETURN_IF_ERROR(all.startJoin(2, number, id.bytes));
    BERTC_RETURN_IF_ERROR(waitFor(all));
    auto own = static_cast<float>(number + 1);
    std::vector<float> w(4, own), m(8, 10 * own), x = {1, 2, 3, 4};
    BERTC_RETURN_IF_ERROR(set(*session, "w", {4}, w));
    BERTC_RETURN_IF_ERROR(set(*session, "m", {2, 4}, m));
    // Rank 0's, to variables that rank 1 has changed on the host.
    BERTC_RETURN_IF_ERROR(all.broadcast({1, 0}));
    BERTC_RETURN_IF_ERROR(waitFor(all));
    BERTC_RETURN_IF_ERROR(expectVariable(*session, "w", {1, 1, 1, 1}));
    BERTC_RETURN_IF_ERROR(
        expectVariable(*session, "m", std::vector<float>(8, 10)));
    // After a run, before a run.
    ConstTensorView input(DType::F32, {4}, x.data());
    BERTC_RETURN_IF_ERROR(session->run("grow", {{"x", input}}, {}));
    BERTC_RETURN_IF_ERROR(all.allReduceSum({0}));
    BERTC_RETURN_IF_ERROR(session->run("grow", {{"x", input}}, {}));
    BERTC_RETURN_IF_ERROR(waitFor(all));
    BERTC_RETURN_IF_ERROR(expectVariable(*session, "w", {5, 8, 11, 14}));
    // What the host has set, on one rank only.
    if (number == 1) {
      BERTC_RETURN_IF_ERROR(all.fillZero({0}));
    }
    BERTC_RETURN_IF_ERROR(all.allReduceSum({0, 1}));
    BERTC_RETURN_IF_ERROR(waitFor(all));
    BERTC_RETURN_IF_ERROR(expectVariable(*session, "w", {5, 8, 11, 14}));
    BERTC_RETURN_IF_ERROR(
        expectVariable(*session, "m", std::vector<float>(8, 20)));
    return all.reducedBytes() >= 64 ? Status() : internalError("bytes");
  });
  for (int rank = 0; rank < 2; ++rank) {
    std::ifstream file(folder / ("report" + std::to_string(rank) + ".json"));
    std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_THAT(text, HasSubstr("\"leaked\": {}"));
    // w and m lie side by side, so each call is one of HCCL.
    EXPECT_THAT(text, HasSubstr("\"hcclBroadcast\": {\"calls\": 1,"));
    EXPECT_THAT(text, HasSubstr("\"hcclAllReduce\": {\"calls\": 2,"));
  }
}

TEST_F(HcclTest, aSessionLeavesThoseThatDoNotCome) {
  onRanks(2, [&](int number, const UniqueId &id) -> Status {
    {
      BERTC_ASSIGN_OR_RETURN(auto session, sessionOf(options()));
      DeviceCollective &all = *session->deviceCollective();
      BERTC_RETURN_IF_ERROR(all.startJoin(2, number, id.bytes));
      BERTC_RETURN_IF_ERROR(waitFor(all));
      if (number == 0) {
        BERTC_RETURN_IF_ERROR(all.allReduceSum({0}));
        BERTC_ASSIGN_OR_RETURN(bool done, all.done());
        if (done) {
          return internalError("a sum without the other rank");
        }
        all.abort();
        if (!all.isAborted() || all.allReduceSum({0}).ok()) {
          return internalError("works after the end");
        }
        std::ofstream(folder / "left") << "yes";
      } else {
        // As long as the other takes, whatever else the machine does.
        for (int i = 0; i < 20000 && folder.files("left").empty(); ++i) {
          usleep(1000);
        }
      }
    }
    return Status();
  });
  for (int rank = 0; rank < 2; ++rank) {
    std::ifstream file(folder / ("report" + std::to_string(rank) + ".json"));
    std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_THAT(text, HasSubstr("\"leaked\": {}"));
  }
}

TEST_F(HcclTest, eachProcessOfAHostPrefersTheModuleOfItsNumber) {
  SessionOptions second = options();
  second.deviceIndex = 1;
  ScopedVariable two("SYNAPSE_STAND_IN_DEVICES", "gaudi2:2");
  {
    auto session = sessionOf(second);
    ASSERT_TRUE(session.ok()) << session.status().message();
    EXPECT_THAT((*session)->device(), HasSubstr("gaudi2 module 1"));
  }
  {
    // Held by somebody: any other.
    ScopedVariable fault("SYNAPSE_STAND_IN_FAULT",
                         "synDeviceAcquireByModuleId:1=20");
    auto session = sessionOf(second);
    ASSERT_TRUE(session.ok()) << session.status().message();
    EXPECT_THAT((*session)->device(), HasSubstr("gaudi2 ("));
  }
  {
    ScopedVariable module("HLS_MODULE_ID", "0");
    auto session = sessionOf(second);
    ASSERT_TRUE(session.ok()) << session.status().message();
    EXPECT_THAT((*session)->device(), HasSubstr("gaudi2 module 0"));
  }
  ScopedVariable mixed("SYNAPSE_STAND_IN_DEVICES", "gaudi:2,gaudi2:2");
  auto session = sessionOf(second);
  ASSERT_TRUE(session.ok()) << session.status().message();
  session->reset();
  second.deviceIndex = 2;
  Status none = sessionOf(second).status();
  EXPECT_EQ(exitCode(none), 5);
  EXPECT_THAT(none.message(),
              HasSubstr("this host has 2 devices of type gaudi2 and 3 or more "
                        "processes; start at most one process for each device "
                        "(mpirun --map-by ppr:2:node)"));
}

TEST_F(HcclTest, refusesWhatCannotBe) {
  StatusOr<Rank> rank = Rank::make(library());
  ASSERT_TRUE(rank.ok()) << rank.status().message();
  StatusOr<UniqueId> id = makeUniqueId(rank->device->sharedLibrary());
  ASSERT_TRUE(id.ok()) << id.status().message();
  EXPECT_EQ(Communicator::join(rank->device, 2, 2, *id).status().code(),
            StatusCode::InvalidArgument);
  EXPECT_THAT(
      Communicator::join(rank->device, 1, 0, {"abc"}).status().message(),
      HasSubstr("by an id of 3 bytes, expected 1032"));
  StatusOr<Communicator> alone = Communicator::join(rank->device, 1, 0, *id);
  ASSERT_TRUE(alone.ok()) << alone.status().message();
  EXPECT_THAT(
      alone->allReduceSum(rank->stream, rank->memory.address(), 1, DType::I32)
          .message(),
      HasSubstr("devices exchange f32 and bf16, not i32"));
}

TEST_F(HcclTest, aFailureNamesTheFunction) {
  for (const char *function :
       {"hcclGetUniqueId", "hcclCommInitRank", "hcclAllReduce", "hcclBroadcast",
        "hcclBarrier", "hcclCommGetAsyncError"}) {
    ScopedVariable fault("SYNAPSE_STAND_IN_FAULT",
                         std::string(function) + ":1=9");
    auto all = [&]() -> Status {
      BERTC_ASSIGN_OR_RETURN(Rank rank, Rank::make(library()));
      BERTC_ASSIGN_OR_RETURN(UniqueId id,
                             makeUniqueId(rank.device->sharedLibrary()));
      BERTC_ASSIGN_OR_RETURN(Communicator alone,
                             Communicator::join(rank.device, 1, 0, id));
      uint64_t at = rank.memory.address();
      BERTC_RETURN_IF_ERROR(alone.allReduceSum(rank.stream, at, 1, DType::F32));
      BERTC_RETURN_IF_ERROR(alone.broadcast(rank.stream, at, 1, DType::F32, 0));
      BERTC_RETURN_IF_ERROR(alone.barrier(rank.stream));
      return alone.asyncError();
    }();
    EXPECT_EQ(exitCode(all), 5);
    EXPECT_THAT(all.message(),
                HasSubstr(std::string(function) + ": hcclSocketError (9)"));
    EXPECT_THAT(all.message(), HasSubstr("HCCL_SOCKET_IFNAME"));
    EXPECT_THAT(accounting().left, IsEmpty());
  }
}

} // namespace
} // namespace bertc::rt::test
