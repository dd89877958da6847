// SPDX-License-Identifier: Apache-2.0
//
// A folder of its own for a test, removed at the end.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "text/Vocabulary.h"

namespace bertc {

class TestFolder {
public:
  TestFolder() {
    std::string name = ::testing::TempDir() + "bertc-data-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string &path() const { return path_; }
  std::string file(const std::string &name) const { return path_ + "/" + name; }

  std::string write(const std::string &name, const std::string &text) const {
    std::ofstream(file(name), std::ios::binary) << text;
    return file(name);
  }

  std::string read(const std::string &name) const {
    return readPath(file(name));
  }

  static std::string readPath(const std::string &path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  /// Names of everything inside, hidden entries too, sorted and joined by
  /// spaces.
  std::string names() const {
    std::set<std::string> found;
    for (const auto &entry :
         std::filesystem::recursive_directory_iterator(path_)) {
      found.insert(std::filesystem::relative(entry.path(), path_).string());
    }
    std::string joined;
    for (const std::string &name : found) {
      joined += (joined.empty() ? "" : " ") + name;
    }
    return joined;
  }

private:
  std::string path_;
};

/// The special tokens, then "t5", "t6", ... up to `size` tokens; those whose
/// number is a multiple of 3 continue a word ("##t6").
inline std::string numberedVocabulary(size_t size) {
  std::string text;
  for (const std::string &name : specialTokenNames()) {
    text += name + "\n";
  }
  for (size_t id = 5; id < size; ++id) {
    text += (id % 3 == 0 ? "##t" : "t") + std::to_string(id) + "\n";
  }
  return text;
}

inline const std::string genesisPath =
    std::string(BERTC_TEST_DATA) + "/text/genesis.txt";
inline const std::string vocabPath =
    std::string(BERTC_TEST_DATA) + "/text/vocab.txt";

} // namespace bertc
