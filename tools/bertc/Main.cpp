// SPDX-License-Identifier: Apache-2.0
//
// bertc: compiles BERT configurations to plans and shows what is in a plan.
#include "tools/bertc/Commands.h"

#include "llvm/Config/llvm-config.h"

#include <new>
#include <utility>
#include <vector>

using namespace bertc;

namespace {

int run(int argc, char **argv) {
  CLI::App app("Compiles BERT configurations to plans.", "bertc");
  app.require_subcommand(1);
  using Adder = Command (*)(CLI::App &);
  const std::pair<const char *, Adder> adders[] = {
      {"compile", addCompileCommand}, {"inspect", addInspectCommand}};
  std::vector<std::pair<const char *, Command>> commands;
  for (const auto &[name, add] : adders) {
    commands.emplace_back(name, add(app));
  }
  VersionInfo info;
  info.program = "bertc";
  info.libraries = {{"LLVM", LLVM_VERSION_STRING}};
  CliResult parsed = parseCommandLine(app, argc, argv, versionText(info));
  if (parsed.done) {
    return parsed.exitCode;
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
    return reportError("bertc", resourceExhausted("out of memory"));
  } catch (const std::exception &error) {
    return reportError("bertc", internalError(error.what()));
  }
}
