// SPDX-License-Identifier: Apache-2.0
//
// bert-run: trains, evaluates, runs and measures plans.
#include "bertc/runtime.h"
#include "runtime/core/CpuFeatures.h"
#include "tools/bert-run/Commands.h"

#include <algorithm>
#include <cstdio>
#include <flatbuffers/base.h>
#include <fmt/format.h>
#include <new>
#include <oneapi/dnnl/dnnl_version.h>
#include <utility>
#include <vector>

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

using NamedCommand = std::pair<std::string, Command>;

bool known(const std::vector<NamedCommand> &commands, const std::string &name) {
  return std::any_of(
      commands.begin(), commands.end(),
      [&](const NamedCommand &command) { return command.first == name; });
}

int run(int argc, char **argv) {
  CLI::App app("Trains, evaluates, runs and measures compiled BERT plans.",
               "bert-run");
  app.require_subcommand(1);
  using Adder = Command (*)(CLI::App &);
  const std::pair<const char *, Adder> adders[] = {
      {"pretrain", addPretrainCommand},
      {"exec", addExecCommand},
      {"bench", addBenchCommand},
      {"convert", addConvertCommand}};
  std::vector<NamedCommand> commands;
  for (const auto &[name, add] : adders) {
    commands.emplace_back(name, add(app));
  }
  // CLI11 would only say that a subcommand is missing.
  if (argc > 1 && argv[1][0] != '-' && !known(commands, argv[1])) {
    return reportError("bert-run", invalidArgument(fmt::format(
                                       "unknown subcommand '{}'; there are "
                                       "pretrain, exec, bench and convert",
                                       argv[1])));
  }
  CliResult parsed = parseCommandLine(app, argc, argv, version());
  if (parsed.done) {
    return parsed.exitCode;
  }
  if (Status status = rt::checkMaxIsa(); !status.ok()) {
    return reportError("bert-run", status);
  }
  logEnvironment();
  for (const auto &[name, command] : commands) {
    if (app.got_subcommand(name)) {
      return command();
    }
  }
  return 2;
}

} // namespace

int main(int argc, char **argv) {
  try {
    return run(argc, argv);
  } catch (const std::bad_alloc &) {
    return reportError("bert-run", resourceExhausted("out of memory"));
  } catch (const std::exception &error) {
    return reportError("bert-run", internalError(error.what()));
  }
}
