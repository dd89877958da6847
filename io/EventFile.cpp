// SPDX-License-Identifier: Apache-2.0
//
// Event files are logs: they grow in place, record by record, so that
// TensorBoard can follow a run. A record cut short by a crash is at the end of
// its file, where readers expect it.
#include "io/EventFile.h"
#include "io/Files.h"
#include "io/TfRecord.h"
#include "io/proto/event.pb.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <unistd.h>

namespace bertc {
namespace {

const std::string kPrefix = "events.out.tfevents.";

double now() {
  return std::chrono::duration<double>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string hostName() {
  char name[256] = {};
  if (::gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') {
    return "localhost";
  }
  std::string text = name;
  std::replace(text.begin(), text.end(), '/', '-');
  return text;
}

/// The second for a new file's name: now, but after every file that is there,
/// so that the names sort in the order of the sessions.
StatusOr<int64_t> secondFor(const std::string &directory) {
  auto second = static_cast<int64_t>(now());
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> names, listFiles(directory));
  for (const std::string &name : names) {
    int64_t found = 0;
    if (name.compare(0, kPrefix.size(), kPrefix) == 0 &&
        std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(),
                        found)
                .ec == std::errc()) {
      second = std::max(second, found < INT64_MAX ? found + 1 : found);
    }
  }
  return second;
}

Status failed(const std::string &path, const char *what, int code) {
  std::string text = path + ": cannot " + what + ": " + std::strerror(code);
  return code == ENOSPC || code == EDQUOT ? resourceExhausted(text)
                                          : ioError(text);
}

proto::Event stamped(int64_t step) {
  proto::Event event;
  event.set_wall_time(now());
  event.set_step(step);
  return event;
}

} // namespace

StatusOr<EventFile> EventFile::create(const std::string &directory,
                                      int64_t firstStep) {
  static std::atomic<int> filesOfProcess{0};
  BERTC_RETURN_IF_ERROR(makeDirectories(directory));
  BERTC_ASSIGN_OR_RETURN(int64_t second, secondFor(directory));
  std::string digits = std::to_string(second);
  digits.insert(0, 10 - std::min<size_t>(10, digits.size()), '0');
  EventFile events;
  events.path_ = joinPath(directory, kPrefix + digits + "." + hostName() + "." +
                                         std::to_string(::getpid()) + "." +
                                         std::to_string(filesOfProcess++));
  events.file_.reset(std::fopen(events.path_.c_str(), "wxe"));
  if (!events.file_) {
    return failed(events.path_, "create the event file", errno);
  }
  proto::Event version = stamped(0);
  version.set_file_version("brain.Event:2");
  proto::Event start = stamped(firstStep);
  start.mutable_session_log()->set_status(proto::SessionLog::START);
  BERTC_RETURN_IF_ERROR(events.append(version.SerializeAsString()));
  BERTC_RETURN_IF_ERROR(events.append(start.SerializeAsString()));
  return events;
}

Status EventFile::scalars(int64_t step, const std::vector<Scalar> &values) {
  if (!file_ || values.empty()) {
    return Status();
  }
  proto::Event event = stamped(step);
  for (const Scalar &scalar : values) {
    proto::Summary::Value *value = event.mutable_summary()->add_value();
    value->set_tag(scalar.tag);
    value->set_simple_value(static_cast<float>(scalar.value));
  }
  return append(event.SerializeAsString());
}

Status EventFile::append(const std::string &event) {
  std::string framed;
  frameRecord(event, &framed);
  if (std::fwrite(framed.data(), 1, framed.size(), file_.get()) !=
          framed.size() ||
      std::fflush(file_.get()) != 0) {
    return failed(path_, "write the event file", errno);
  }
  return Status();
}

} // namespace bertc
