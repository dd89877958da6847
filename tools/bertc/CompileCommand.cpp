// SPDX-License-Identifier: Apache-2.0
//
// bertc compile: a configuration to a plan, or to the IR of a phase.
#include "tools/bertc/Commands.h"
#include "tools/bertc/CompileFlags.h"

#include "io/Files.h"

#include <cstdio>
#include <memory>

namespace bertc {
namespace {

/// Writes text to a file, whole or not at all, or to stdout.
Status writeText(const std::string &path, const std::string &text) {
  if (path.empty() || path == "-") {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
        std::fflush(stdout) != 0) {
      return ioError("cannot write to stdout");
    }
    return Status::okStatus();
  }
  BERTC_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(path));
  BERTC_RETURN_IF_ERROR(file.append(text));
  return file.commit();
}

Status compile(const CompileFlags &flags) {
  BERTC_ASSIGN_OR_RETURN(CompileOptions options, compileOptions(flags));
  BERTC_ASSIGN_OR_RETURN(std::optional<Phase> printed, compileToPhase(flags));
  if (!printed && flags.output.empty() && !flags.dryRun) {
    return invalidArgument("--output is missing, expected a file for the plan, "
                           "- for stdout, --dry-run or --compile-to");
  }
  Compiler compiler(std::move(options));
  BERTC_RETURN_IF_ERROR(compiler.import());
  for (const std::string &note : compiler.notes()) {
    std::fprintf(stderr, "bertc: note: %s\n", note.c_str());
  }
  if (printed) {
    BERTC_RETURN_IF_ERROR(compiler.runThrough(*printed));
    return flags.dryRun ? Status::okStatus()
                        : writeText(flags.output, compiler.moduleText());
  }
  BERTC_RETURN_IF_ERROR(compiler.runThrough(Phase::Memory));
  return failedPrecondition("no plan can be written by this version, expected "
                            "--compile-to with an earlier phase");
}

} // namespace

Command addCompileCommand(CLI::App &app) {
  auto flags = std::make_shared<CompileFlags>();
  CLI::App *command =
      app.add_subcommand("compile", "compiles a configuration to a plan");
  declareCompileFlags(*command, *flags);
  return [flags] { return reportError("bertc", compile(*flags)); };
}

} // namespace bertc
