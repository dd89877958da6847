// SPDX-License-Identifier: Apache-2.0
//
// The stand-in of SynapseAI's library for tests: where it is, what is ordered
// of it by the environment, and its accounting.
#pragma once

#include "bertc/runtime.h"

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

namespace bertc::rt::test {

/// Sets an environment variable while it lives.
class ScopedVariable {
public:
  /// Null: unset.
  ScopedVariable(const char *name, const char *value);
  ScopedVariable(const char *name, const std::string &value)
      : ScopedVariable(name, value.c_str()) {}
  ~ScopedVariable();
  ScopedVariable(const ScopedVariable &) = delete;
  ScopedVariable &operator=(const ScopedVariable &) = delete;

private:
  std::string name_, old_;
  bool wasSet_;
};

/// A folder that goes away with it.
class TestFolder {
public:
  TestFolder();
  ~TestFolder();
  const std::string &path() const { return path_; }
  std::string operator/(const std::string &name) const {
    return path_ + "/" + name;
  }
  /// Names of the files in it that end in `suffix`.
  std::vector<std::string> files(const std::string &suffix) const;

private:
  std::string path_;
};

/// What the stand-in wrote when the library was given back.
struct Accounting {
  /// What was still alive then, by kind; only what is not 0.
  std::map<std::string, uint64_t> left;
  struct Calls {
    uint64_t calls = 0, failed = 0;
  };
  std::map<std::string, Calls> calls;
  uint64_t launches = 0;
};

/// No faults, no report, no cache, no modules chosen: what each test starts
/// from, whatever the caller's environment.
struct StandInTest : ::testing::Test {
  /// The library.
  static std::string library();
  /// Options with the library and without a recipe cache.
  SessionOptions options() const;
  /// The accounting of the last session; call it when that has ended.
  Accounting accounting() const;

  TestFolder folder;
  ScopedVariable report{"SYNAPSE_STAND_IN_REPORT", folder / "report.json"};
  ScopedVariable fault{"SYNAPSE_STAND_IN_FAULT", nullptr};
  ScopedVariable devices{"SYNAPSE_STAND_IN_DEVICES", nullptr};
  ScopedVariable path{"BERTC_SYNAPSE_LIBRARY", nullptr};
  ScopedVariable unchecked{"BERTC_SYNAPSE_UNCHECKED", nullptr};
  ScopedVariable module{"HLS_MODULE_ID", nullptr};
  ScopedVariable kernels{"GC_KERNEL_PATH", nullptr};
  ScopedVariable cacheFolder{"BERTC_RECIPE_CACHE_DIR", nullptr};
  ScopedVariable cacheSize{"BERTC_RECIPE_CACHE_MB", nullptr};
};

} // namespace bertc::rt::test
