// SPDX-License-Identifier: Apache-2.0
//
// bertc compile: a configuration to a plan, or to the IR of a phase.
#include "tools/bertc/Commands.h"
#include "tools/bertc/CompileFlags.h"

#include "compiler/emit/PlanWriter.h"
#include "compiler/inspect/PlanReport.h"
#include "io/Files.h"
#include "runtime/synapse/AotRecipe.h"

#include <chrono>
#include <cstdio>
#include <memory>

namespace bertc {
namespace {

/// Writes text or a plan to a file, whole or not at all, or to stdout.
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

/// The instruction set that the plan will ask for. Kernels are chosen when the
/// plan is loaded and every step kind has one for AVX2, in bf16 as well
/// (products are then formed in f32), so no plan needs more by itself.
std::string requiredIsa(const CompileFlags &flags) {
  return flags.cpuIsa == "native" ? "avx2" : flags.cpuIsa;
}

/// Prints what the compiler has noted since the last time.
void printNotes(const Compiler &compiler, size_t &printed) {
  for (; printed < compiler.notes().size(); ++printed) {
    std::fprintf(stderr, "bertc: note: %s\n",
                 compiler.notes()[printed].c_str());
  }
}

/// Says what came out: tables on stderr, or JSON on stdout when that is free.
Status report(const CompileFlags &flags, const std::string &plan,
              double seconds) {
  std::string name = flags.output.empty() ? "plan" : flags.output;
  BERTC_ASSIGN_OR_RETURN(
      auto file, rt::PlanFile::fromBytes(plan.data(), plan.size(), name));
  if (flags.json) {
    std::fputs(jsonText(summaryJson(*file, seconds)).c_str(),
               flags.output == "-" ? stderr : stdout);
  } else {
    std::fputs(summaryText(*file, seconds).c_str(), stderr);
  }
  return Status::okStatus();
}

Status compile(const CompileFlags &flags) {
  auto start = std::chrono::steady_clock::now();
  BERTC_ASSIGN_OR_RETURN(CompileOptions asked, compileOptions(flags));
  BERTC_ASSIGN_OR_RETURN(std::optional<Phase> printed, compileToPhase(flags));
  if (!printed && flags.output.empty() && !flags.dryRun) {
    return invalidArgument("--output is missing, expected a file for the plan, "
                           "- for stdout, --dry-run or --compile-to");
  }
  Compiler compiler(std::move(asked));
  BERTC_RETURN_IF_ERROR(compiler.import());
  size_t notes = 0;
  printNotes(compiler, notes);
  if (printed) {
    BERTC_RETURN_IF_ERROR(compiler.runThrough(*printed));
    printNotes(compiler, notes);
    return flags.dryRun ? Status::okStatus()
                        : writeText(flags.output, compiler.moduleText());
  }
  BERTC_RETURN_IF_ERROR(compiler.runThrough(Phase::Memory));
  printNotes(compiler, notes);
  PlanWriterOptions writer;
  writer.producer = std::string("bertc ") + projectVersion();
  writer.cpuIsa = requiredIsa(flags);
  BERTC_ASSIGN_OR_RETURN(std::string plan,
                         writePlan(compiler.module(), writer));
  if (flags.aotRecipe) {
    BERTC_ASSIGN_OR_RETURN(plan,
                           rt::syn::withRecipes(plan, flags.synapseLibrary));
  }
  if (!flags.dryRun) {
    BERTC_RETURN_IF_ERROR(writeText(flags.output, plan));
  }
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  return report(flags, plan, seconds.count());
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
