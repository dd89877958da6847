// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the stand-in share: a fixture that sets the environment,
// initialises the library and takes a device, and a builder of small graphs.
#pragma once

#include "runtime/synapse/Abi.h"
#include "runtime/synapse/KernelParams.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

namespace bertc::standin {

using namespace rt::syn;

/// Expects a status, and shows the library's words when it is another.
#define EXPECT_STATUS(expected, call)                                          \
  do {                                                                         \
    synStatus got = (call);                                                    \
    EXPECT_EQ(got, expected) << #call << ": " << synGetLastErrorMessage();     \
  } while (false)
#define ASSERT_STATUS(expected, call)                                          \
  do {                                                                         \
    synStatus got = (call);                                                    \
    ASSERT_EQ(got, expected) << #call << ": " << synGetLastErrorMessage();     \
  } while (false)
#define EXPECT_SYN(call) EXPECT_STATUS(synSuccess, call)
#define ASSERT_SYN(call) ASSERT_STATUS(synSuccess, call)

inline bool lastMessageHas(const std::string &words) {
  return std::string(synGetLastErrorMessage()).find(words) != std::string::npos;
}

/// Sets an environment variable while it lives.
class Environment {
public:
  Environment(const char *name, const std::string &value) : name_(name) {
    setenv(name, value.c_str(), 1);
  }
  ~Environment() { unsetenv(name_); }

private:
  const char *name_;
};

/// An initialised library; the device is taken by the test or by DeviceTest.
class LibraryTest : public testing::Test {
protected:
  void SetUp() override { ASSERT_SYN(synInitialize()); }
  void TearDown() override { synDestroy(); }

  /// Starts again with faults; give back what was made before.
  void restart(const std::string &faults) {
    synDestroy();
    setenv("SYNAPSE_STAND_IN_FAULT", faults.c_str(), 1);
    synStatus status = synInitialize();
    unsetenv("SYNAPSE_STAND_IN_FAULT");
    ASSERT_EQ(status, synSuccess) << synGetLastErrorMessage();
  }
};

/// And a Gaudi2 with a stream.
class DeviceTest : public LibraryTest {
protected:
  void SetUp() override {
    LibraryTest::SetUp();
    open();
  }
  void open() {
    ASSERT_SYN(synDeviceAcquireByDeviceType(&device_, synDeviceGaudi2));
    ASSERT_SYN(synStreamCreateGeneric(&stream_, device_, 0));
  }
  void restartWith(const std::string &faults) {
    restart(faults);
    open();
  }

  uint64_t deviceMalloc(uint64_t bytes) {
    uint64_t address = 0;
    EXPECT_SYN(synDeviceMalloc(device_, bytes, 0, 0, &address));
    return address;
  }
  /// Copies floats to the device and back, through memory it may reach.
  void upload(uint64_t address, const std::vector<float> &values) {
    copy(address, const_cast<float *>(values.data()),
         values.size() * sizeof(float), HOST_TO_DRAM);
  }
  std::vector<float> download(uint64_t address, size_t count) {
    std::vector<float> values(count);
    copy(address, values.data(), count * sizeof(float), DRAM_TO_HOST);
    return values;
  }

  synDeviceId device_ = SYN_INVALID_DEVICE_ID;
  synStreamHandle stream_ = nullptr;

private:
  void copy(uint64_t address, void *host, uint64_t bytes, synDmaDir direction) {
    uint64_t own = reinterpret_cast<uint64_t>(host);
    ASSERT_SYN(synHostMap(device_, bytes, host));
    bool up = direction == HOST_TO_DRAM;
    EXPECT_SYN(synMemCopyAsync(stream_, up ? own : address, bytes,
                               up ? address : own, direction));
    EXPECT_SYN(synStreamSynchronize(stream_));
    EXPECT_SYN(synHostUnmap(device_, host));
  }
};

/// Builds graphs of f32 tensors in a few words. Handles that are not given
/// back end with the library.
class GraphBuilder {
public:
  explicit GraphBuilder(synDeviceType type = synDeviceGaudi2) {
    EXPECT_SYN(synGraphCreate(&graph, type));
  }

  synSectionHandle section() {
    synSectionHandle made = nullptr;
    EXPECT_SYN(synSectionCreate(&made, 0, graph));
    return made;
  }
  /// A tensor; with a section it lies there at an offset.
  synTensor tensor(const char *name, std::initializer_list<uint64_t> sizes,
                   synSectionHandle section = nullptr, uint64_t offset = 0,
                   synDataType type = syn_type_float) {
    synTensor made = nullptr;
    EXPECT_SYN(synTensorHandleCreate(&made, graph, DATA_TENSOR, name));
    synTensorGeometry geometry{};
    geometry.dims = uint32_t(sizes.size());
    std::copy(sizes.begin(), sizes.end(), geometry.sizes);
    EXPECT_SYN(synTensorSetGeometry(made, &geometry, synGeometrySizes));
    EXPECT_SYN(synTensorSetDeviceDataType(made, type));
    if (section) {
      EXPECT_SYN(synTensorAssignToSection(made, section, offset));
    }
    return made;
  }
  synTensor persistent(const char *name,
                       std::initializer_list<uint64_t> sizes) {
    return tensor(name, sizes, section());
  }
  /// A node; its id.
  synNodeId node(const char *guid, std::vector<synTensor> in,
                 std::vector<synTensor> out, const void *params = nullptr,
                 unsigned paramsSize = 0, const char *name = "node") {
    synNodeId id = 0;
    EXPECT_SYN(synNodeCreateWithId(
        graph, in.data(), out.data(), uint32_t(in.size()), uint32_t(out.size()),
        params, paramsSize, guid, name, &id, nullptr, nullptr));
    return id;
  }
  synRecipeHandle compile() {
    synRecipeHandle recipe = nullptr;
    EXPECT_SYN(synGraphCompile(&recipe, graph, "recipe", nullptr));
    return recipe;
  }
  synStatus tryCompile() {
    synRecipeHandle recipe = nullptr;
    return synGraphCompile(&recipe, graph, "recipe", nullptr);
  }

  synGraphHandle graph = nullptr;
};

/// The list of a launch, by name.
class LaunchList {
public:
  LaunchList &add(const char *name, uint64_t address) {
    synLaunchTensorInfo info{};
    info.tensorName = name;
    info.pTensorAddress = address;
    info.tensorType = DATA_TENSOR;
    info.tensorId = TENSOR_INVALID_ID;
    infos.push_back(info);
    return *this;
  }
  synStatus launch(synStreamHandle stream, synRecipeHandle recipe,
                   uint64_t workspace = 0) {
    return synLaunch(stream, infos.data(), uint32_t(infos.size()), workspace,
                     recipe, SYN_FLAGS_TENSOR_NAME);
  }

  std::vector<synLaunchTensorInfo> infos;
};

} // namespace bertc::standin
