// SPDX-License-Identifier: Apache-2.0
#include "run/VectorSink.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>

namespace bertc {

namespace {

bool endsWith(const std::string &text, const std::string &suffix) {
  return text.size() > suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

Status stdoutError() {
  std::string message =
      fmt::format("cannot write to standard output: {}", std::strerror(errno));
  return errno == ENOSPC ? resourceExhausted(message) : ioError(message);
}

} // namespace

StatusOr<VectorFormat> vectorFormat(const std::string &output) {
  if (endsWith(output, ".safetensors")) {
    return VectorFormat::SafeTensors;
  }
  if (output == "-" || endsWith(output, ".jsonl")) {
    return VectorFormat::JsonLines;
  }
  return invalidArgument(
      fmt::format("--output is '{}', expected a name ending in .safetensors or "
                  ".jsonl, or - for JSON lines on stdout",
                  output));
}

StatusOr<VectorSink> VectorSink::open(const std::string &output,
                                      VectorFormat format, size_t hidden,
                                      bool perToken,
                                      const std::string &pooling) {
  VectorSink sink;
  sink.output_ = output;
  sink.pooling_ = pooling;
  sink.format_ = format;
  sink.set_.hidden = hidden;
  sink.set_.perToken = perToken;
  if (format == VectorFormat::JsonLines && output != "-") {
    BERTC_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(output));
    sink.file_ = std::move(file);
  }
  return sink;
}

Status VectorSink::add(const std::string &text,
                       const std::vector<float> &values) {
  size_t count = values.size() / set_.hidden;
  if (format_ == VectorFormat::SafeTensors) {
    set_.counts.push_back(static_cast<uint32_t>(count));
    set_.values.insert(set_.values.end(), values.begin(), values.end());
    return Status();
  }
  std::string line = vectorJsonLine(next_++, text, values.data(), count,
                                    set_.hidden, set_.perToken) +
                     "\n";
  if (file_) {
    return file_->append(line);
  }
  return std::fwrite(line.data(), 1, line.size(), stdout) == line.size()
             ? Status()
             : stdoutError();
}

Status VectorSink::finish() {
  if (format_ == VectorFormat::SafeTensors) {
    return writeVectors(output_, set_, pooling_);
  }
  if (file_) {
    return file_->commit();
  }
  return std::fflush(stdout) == 0 ? Status() : stdoutError();
}

} // namespace bertc
