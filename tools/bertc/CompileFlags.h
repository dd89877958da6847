// SPDX-License-Identifier: Apache-2.0
//
// The flags of `bertc compile`: declared on the program, then checked against
// each other and turned into what the compiler takes.
#pragma once

#include "compiler/driver/Compiler.h"
#include "support/Cli.h"

#include <optional>
#include <string>

namespace bertc {

/// Flags as they were typed; absent ones are empty.
struct CompileFlags {
  std::string config;
  std::string task;
  std::string mode;
  int64_t batchSize = 0;
  int64_t maxSeqLength = 0;
  std::optional<int64_t> maxPredictionsPerSeq;
  std::optional<int64_t> numLabels;
  std::optional<int64_t> packed;
  std::string metadata;
  std::string precision;
  std::string bf16ConfigPath;
  std::string optimizer;
  std::optional<int64_t> workers;
  std::string allreduce;
  std::string allreducePrecision;
  std::optional<double> allreduceBucketMb;
  std::string target = "cpu";
  std::optional<int64_t> maxGraphNodes;
  bool aotRecipe = false;
  std::string synapseLibrary;
  std::string cpuIsa = "native";
  std::string compileTo;
  std::string output;
  bool printIrAfterAll = false;
  bool timing = false;
  bool dryRun = false;
  bool json = false;
};

/// Declares all flags on the subcommand.
void declareCompileFlags(CLI::App &command, CompileFlags &flags);

/// What the flags ask for. InvalidArgument names the flag that does not fit or
/// is not available in this version.
StatusOr<CompileOptions> compileOptions(const CompileFlags &flags);

/// The phase after which to print IR; empty for the whole way to a plan.
StatusOr<std::optional<Phase>> compileToPhase(const CompileFlags &flags);

} // namespace bertc
