// SPDX-License-Identifier: Apache-2.0
//
// A folder of checkpoints: the file `checkpoint`, the order in which a save
// makes and removes files, and which checkpoint to go on from.
#include "io/Checkpoint.h"
#include "io/PlainNames.h"
#include "io/proto/checkpoint.pb.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>
#include <unistd.h>

namespace bertc {
namespace {

constexpr const char *kStateFile = "checkpoint";

/// Keeps the first complaint of the text parser instead of printing it.
class FirstError : public google::protobuf::io::ErrorCollector {
public:
  void AddError(int line, int column, const std::string &text) override {
    if (message.empty()) {
      message = "line " + std::to_string(line + 1) + ", column " +
                std::to_string(column + 1) + ": " + quotable(text);
    }
  }
  std::string message;
};

/// The name inside the folder that a path in the state file means. TensorFlow
/// may write the folder's own path before it.
StatusOr<std::string> localName(const std::string &directory,
                                const std::string &written) {
  std::string name = written;
  if (written.find('/') != std::string::npos &&
      parentDirectory(written) == directory) {
    name = baseName(written);
  }
  if (!isPlainFileName(name)) {
    return corrupt("'" + joinPath(directory, kStateFile) + "' names '" +
                   quotable(written) +
                   "', expected a checkpoint in its own "
                   "folder");
  }
  return name;
}

/// Step number at the end of "BASE-STEP", or -1.
int64_t stepOf(const std::string &name) {
  size_t dash = name.rfind('-');
  if (dash == std::string::npos || dash + 1 == name.size() ||
      name.size() - dash > 18 ||
      name.find_first_not_of("0123456789", dash + 1) != std::string::npos) {
    return -1;
  }
  return std::strtoll(name.c_str() + dash + 1, nullptr, 10);
}

/// Names of all checkpoints that have an index, newest first.
StatusOr<std::vector<std::string>> presentNames(const std::string &directory) {
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> files, listFiles(directory));
  std::vector<std::string> names;
  for (const std::string &file : files) {
    size_t suffix = file.rfind(".index");
    if (suffix != std::string::npos && suffix + 6 == file.size()) {
      names.push_back(file.substr(0, suffix));
    }
  }
  std::stable_sort(names.begin(), names.end(),
                   [](const std::string &a, const std::string &b) {
                     return stepOf(a) > stepOf(b);
                   });
  return names;
}

/// Checks a checkpoint to the last byte.
Status verifyCheckpoint(const std::string &prefix) {
  BERTC_ASSIGN_OR_RETURN(CheckpointReader reader,
                         CheckpointReader::open(prefix));
  return reader.verifyAll();
}

/// The state after adding `name`: earlier names that still exist, then it.
CheckpointState advance(const std::string &directory, const std::string &name) {
  CheckpointState state;
  StatusOr<CheckpointState> before = readCheckpointState(directory);
  if (before.ok()) {
    for (const std::string &old : before->all) {
      if (old != name && fileExists(joinPath(directory, old + ".index"))) {
        state.all.push_back(old);
      }
    }
  }
  state.all.push_back(name);
  state.latest = name;
  return state;
}

} // namespace

void removeStaleCheckpointFiles(const std::string &directory,
                                const std::string &base) {
  DIR *dir = ::opendir(directory.c_str());
  if (dir == nullptr) {
    return;
  }
  std::vector<std::string> stale;
  while (const dirent *entry = ::readdir(dir)) {
    const std::string name = entry->d_name;
    const size_t mark = name.rfind(".tmp-");
    const bool ours = name.compare(0, base.size() + 2, "." + base + "-") == 0 ||
                      name.compare(0, 12, ".checkpoint.") == 0;
    if (!ours || mark == std::string::npos) {
      continue;
    }
    const long pid = std::strtol(name.c_str() + mark + 5, nullptr, 10);
    if (pid > 0 && ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) {
      stale.push_back(joinPath(directory, name));
    }
  }
  ::closedir(dir);
  for (const std::string &path : stale) {
    ::unlink(path.c_str());
  }
}

StatusOr<CheckpointState> readCheckpointState(const std::string &directory) {
  const std::string path = joinPath(directory, kStateFile);
  BERTC_ASSIGN_OR_RETURN(std::string text, readFile(path, 1 << 20));
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(16);
  proto::CheckpointState stored;
  if (!parser.ParseFromString(text, &stored)) {
    return corrupt("'" + path + "': " + error.message);
  }
  CheckpointState state;
  BERTC_ASSIGN_OR_RETURN(state.latest,
                         localName(directory, stored.model_checkpoint_path()));
  for (const std::string &written : stored.all_model_checkpoint_paths()) {
    BERTC_ASSIGN_OR_RETURN(std::string name, localName(directory, written));
    state.all.push_back(std::move(name));
  }
  return state;
}

Status writeCheckpointState(const std::string &directory,
                            const CheckpointState &state) {
  proto::CheckpointState stored;
  stored.set_model_checkpoint_path(state.latest);
  for (const std::string &name : state.all) {
    stored.add_all_model_checkpoint_paths(name);
  }
  std::string text;
  google::protobuf::TextFormat::PrintToString(stored, &text);
  return writeFileAtomically(joinPath(directory, kStateFile), text);
}

StatusOr<std::string> saveCheckpoint(const std::string &directory, int64_t step,
                                     const std::vector<TensorSource> &tensors,
                                     const SaveOptions &options) {
  BERTC_RETURN_IF_ERROR(makeDirectories(directory));
  removeStaleCheckpointFiles(directory, options.baseName);
  const std::string name = options.baseName + "-" + std::to_string(step);
  const std::string prefix = joinPath(directory, name);
  BERTC_RETURN_IF_ERROR(writeCheckpoint(prefix, tensors, options.fetch));
  if (options.verify) {
    BERTC_RETURN_IF_ERROR(verifyCheckpoint(prefix).annotate(
        "the checkpoint just written does not read back"));
  }
  // The state still lists what is about to be removed, so that a crash on the
  // way leaves it to the next save.
  CheckpointState state = advance(directory, name);
  BERTC_RETURN_IF_ERROR(writeCheckpointState(directory, state));
  const size_t keep = static_cast<size_t>(std::max(options.keepMax, 0));
  if (keep > 0 && state.all.size() > keep) {
    const auto firstKept = state.all.end() - static_cast<ptrdiff_t>(keep);
    for (auto it = state.all.begin(); it != firstKept; ++it) {
      BERTC_RETURN_IF_ERROR(removeCheckpoint(joinPath(directory, *it)));
    }
    state.all.erase(state.all.begin(), firstKept);
    BERTC_RETURN_IF_ERROR(writeCheckpointState(directory, state));
  }
  return prefix;
}

StatusOr<std::string> latestCheckpoint(const std::string &directory,
                                       std::vector<std::string> *rejected) {
  auto reject = [&](const Status &why) {
    if (rejected != nullptr) {
      rejected->push_back(why.message());
    }
  };
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> names,
                         presentNames(directory));
  StatusOr<CheckpointState> state = readCheckpointState(directory);
  if (state.ok()) {
    // Ahead of the others, and only once.
    names.erase(std::remove(names.begin(), names.end(), state->latest),
                names.end());
    names.insert(names.begin(), state->latest);
  } else if (state.status().code() != StatusCode::NotFound) {
    reject(state.status());
  }
  if (names.empty()) {
    return notFound("folder '" + directory + "' has no checkpoint");
  }
  Status first;
  for (const std::string &name : names) {
    const std::string prefix = joinPath(directory, name);
    Status status = verifyCheckpoint(prefix);
    if (status.ok()) {
      return prefix;
    }
    reject(status);
    if (first.ok()) {
      first = status;
    }
  }
  return corrupt("no checkpoint in '" + directory +
                 "' can be used: " + first.message());
}

} // namespace bertc
