// SPDX-License-Identifier: Apache-2.0
//
// bert-run: trains, evaluates, runs and measures plans.
#include "bertc/runtime.h"
#include "runtime/core/CpuFeatures.h"
#include "tools/bert-run/Commands.h"

#include <flatbuffers/base.h>
#include <fmt/format.h>
#include <oneapi/dnnl/dnnl_version.h>

using namespace bertc;

namespace {

std::string version() {
  VersionInfo info;
  info.program = "bert-run";
  info.isa = rt::cpuIsa();
  info.libraries = {
      {"oneDNN", fmt::format("{}.{}.{}", DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR,
                             DNNL_VERSION_PATCH)},
      {"FlatBuffers",
       fmt::format("{}.{}.{}", FLATBUFFERS_VERSION_MAJOR,
                   FLATBUFFERS_VERSION_MINOR, FLATBUFFERS_VERSION_REVISION)}};
  return versionText(info);
}

} // namespace

int main(int argc, char **argv) {
  Subcommands program(
      "bert-run", "Trains, evaluates, runs and measures compiled BERT plans.");
  program.add("pretrain", addPretrainCommand);
  program.add("classify", addClassifyCommand);
  program.add("exec", addExecCommand);
  program.add("bench", addBenchCommand);
  program.add("convert", addConvertCommand);
  program.add("encode", addEncodeCommand);
  program.add("fill-mask", addFillMaskCommand);
  program.add("squad", addSquadCommand);
  return program.main(argc, argv, version, rt::checkMaxIsa);
}
