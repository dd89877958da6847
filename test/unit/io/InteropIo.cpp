// SPDX-License-Identifier: Apache-2.0
//
// The side of test/interop/tensorflow_interop.py that is ours: reads and
// writes checkpoints, records and event files with bertc_io. Exit code 1 and a
// message when something fails.
#include "io/Checkpoint.h"
#include "io/Convert.h"
#include "io/EventFile.h"
#include "io/Example.h"
#include "io/SafeTensors.h"
#include "io/TfRecord.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using namespace bertc;

namespace {

using Arguments = std::vector<std::string>;

Status verify(const Arguments &args) {
  BERTC_ASSIGN_OR_RETURN(CheckpointReader reader,
                         CheckpointReader::open(args[0]));
  return reader.verifyAll();
}

/// strings PREFIX TENSOR EXPECTED: the elements, joined by newlines.
Status strings(const Arguments &args) {
  BERTC_ASSIGN_OR_RETURN(CheckpointReader reader,
                         CheckpointReader::open(args[0]));
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> elements,
                         reader.readStrings(args[1]));
  std::string joined;
  for (size_t i = 0; i < elements.size(); ++i) {
    joined += (i > 0 ? "\n" : "") + elements[i];
  }
  return joined == args[2] ? Status() : corrupt("the strings differ");
}

Status convert(const Arguments &args) {
  return convertWeights(args[0], args[1], {}).status();
}

/// save SAFETENSORS FOLDER STEP
Status save(const Arguments &args) {
  BERTC_ASSIGN_OR_RETURN(SafeTensorsFile file, SafeTensorsFile::open(args[0]));
  std::vector<TensorSource> tensors;
  for (const TensorView &tensor : file.tensors()) {
    tensors.push_back({tensor.info, tensor.data});
  }
  return saveCheckpoint(args[1], std::atoll(args[2].c_str()), tensors, {})
      .status();
}

/// The record taken apart by ExampleView and put together by ExampleBuilder.
Status reencodeRecord(std::string_view record, std::string *out) {
  ExampleView view;
  BERTC_RETURN_IF_ERROR(view.parse(record));
  ExampleBuilder builder;
  for (const FeatureView &feature : view.features()) {
    const std::vector<int64_t> ints = feature.int64s();
    const std::vector<float> floats = feature.floats();
    switch (feature.kind()) {
    case FeatureKind::Int64:
      builder.setInt64(feature.name(), ints.data(), ints.size());
      break;
    case FeatureKind::Float:
      builder.setFloat(feature.name(), floats.data(), floats.size());
      break;
    case FeatureKind::Bytes:
      builder.setBytes(feature.name(), feature.byteStrings());
      break;
    case FeatureKind::None:
      break;
    }
  }
  builder.serialize(out);
  return Status();
}

Status copyRecords(const Arguments &args, bool reencode) {
  BERTC_ASSIGN_OR_RETURN(TfRecordReader reader, TfRecordReader::open(args[0]));
  BERTC_ASSIGN_OR_RETURN(TfRecordWriter writer,
                         TfRecordWriter::create(args[1]));
  std::string_view record;
  for (;;) {
    BERTC_ASSIGN_OR_RETURN(bool more, reader.next(&record));
    if (!more) {
      return writer.finish().status();
    }
    std::string encoded;
    if (reencode) {
      BERTC_RETURN_IF_ERROR(reencodeRecord(record, &encoded));
      record = encoded;
    }
    BERTC_RETURN_IF_ERROR(writer.append(record));
  }
}

/// events FOLDER FIRST LAST: a session with a point for each of these steps.
Status events(const Arguments &args) {
  const int64_t first = std::atoll(args[1].c_str());
  BERTC_ASSIGN_OR_RETURN(EventFile file, EventFile::create(args[0], first));
  for (int64_t step = first; step <= std::atoll(args[2].c_str()); ++step) {
    BERTC_RETURN_IF_ERROR(
        file.scalars(step, {{"loss", 1.0 / static_cast<double>(step)},
                            {"session", static_cast<double>(first)}}));
  }
  return Status();
}

Status run(const std::string &command, const Arguments &args) {
  if (command == "verify" && args.size() == 1) {
    return verify(args);
  }
  if (command == "strings" && args.size() == 3) {
    return strings(args);
  }
  if (command == "convert" && args.size() == 2) {
    return convert(args);
  }
  if (command == "save" && args.size() == 3) {
    return save(args);
  }
  if ((command == "reencode" || command == "reframe") && args.size() == 2) {
    return copyRecords(args, command == "reencode");
  }
  if (command == "events" && args.size() == 3) {
    return events(args);
  }
  return invalidArgument("unknown command '" + command + "'");
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 2) {
    std::fprintf(stderr, "interop-io: expected a command\n");
    return 2;
  }
  Status status = run(argv[1], Arguments(argv + 2, argv + argc));
  if (!status.ok()) {
    std::fprintf(stderr, "interop-io: %s\n", status.message().c_str());
    return 1;
  }
  return 0;
}
