// SPDX-License-Identifier: Apache-2.0
//
// bertc: compiles BERT configurations to plans and shows what is in a plan.
#include "tools/bertc/Commands.h"

#include "llvm/Config/llvm-config.h"

using namespace bertc;

int main(int argc, char **argv) {
  Subcommands program("bertc", "Compiles BERT configurations to plans.");
  program.add("compile", addCompileCommand);
  program.add("inspect", addInspectCommand);
  return program.main(argc, argv, [] {
    VersionInfo info;
    info.program = "bertc";
    info.libraries = {{"LLVM", LLVM_VERSION_STRING}};
    return versionText(info);
  });
}
