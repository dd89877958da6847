// SPDX-License-Identifier: Apache-2.0

#include "test/unit/synapse/StandIn.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace bertc::rt::test {

namespace fs = std::filesystem;

ScopedVariable::ScopedVariable(const char *name, const char *value)
    : name_(name) {
  const char *old = std::getenv(name);
  wasSet_ = old != nullptr;
  old_ = wasSet_ ? old : "";
  if (value == nullptr) {
    unsetenv(name);
  } else {
    setenv(name, value, 1);
  }
}

ScopedVariable::~ScopedVariable() {
  if (wasSet_) {
    setenv(name_.c_str(), old_.c_str(), 1);
  } else {
    unsetenv(name_.c_str());
  }
}

TestFolder::TestFolder() {
  std::string pattern =
      (fs::temp_directory_path() / "bertc-synapse-XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<std::string> TestFolder::files(const std::string &suffix) const {
  std::vector<std::string> names;
  for (const auto &entry : fs::directory_iterator(path_)) {
    std::string name = entry.path().filename().string();
    if (name.size() >= suffix.size() &&
        name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0) {
      names.push_back(name);
    }
  }
  return names;
}

std::string StandInTest::library() { return BERTC_SYNAPSE_STAND_IN; }

SessionOptions StandInTest::options() const {
  SessionOptions options;
  options.threads = 1;
  options.synapseLibrary = library();
  options.recipeCache = "off";
  return options;
}

Accounting StandInTest::accounting() const {
  Accounting result;
  std::ifstream file(folder / "report.json");
  auto report = nlohmann::json::parse(file, nullptr, false);
  if (report.is_discarded()) {
    ADD_FAILURE() << "the stand-in has written no report";
    return result;
  }
  for (const char *group : {"live", "leaked"}) {
    for (const auto &[kind, count] : report[group].items()) {
      if (count.get<uint64_t>() != 0) {
        result.left[kind] = count.get<uint64_t>();
      }
    }
  }
  for (const auto &[function, counts] : report["calls"].items()) {
    result.calls[function] = {counts["calls"].get<uint64_t>(),
                              counts["failed"].get<uint64_t>()};
  }
  result.launches = report["launches"].get<uint64_t>();
  return result;
}

} // namespace bertc::rt::test
