// SPDX-License-Identifier: Apache-2.0
//
// What all command-line programs share on top of CLI11: `_` and `-` mean the
// same in flag names, booleans take `--flag`, `--flag=True` and
// `--flag=False`, usage errors leave with 2, help and version with 0, errors go
// to stderr as `program: error: ...`.
//
//   CLI::App app("...", "bert-data");
//   addBoolFlag(app, "--do-lower-case", lower, "lower-case the text");
//   CliResult parsed = parseCommandLine(app, argc, argv, versionText({...}));
//   if (parsed.done) return parsed.exitCode;
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "bertc/status.h"

namespace bertc {

/// The project's version, e.g. "0.1.0".
const char *projectVersion();

/// What `--version` prints; `libraries` are (name, version) pairs.
struct VersionInfo {
  std::string program;
  std::vector<std::pair<std::string, std::string>> libraries;
  /// Instruction set in use, e.g. "avx512_bf16"; empty: detected here.
  std::string isa;
};

/// "bert-data 0.1.0 (cpu amx)" and a line for each library.
std::string versionText(const VersionInfo &info);

/// Best of avx2, avx512, avx512_bf16, amx that this CPU and its operating
/// system support; "baseline" below AVX2.
std::string detectedIsa();

/// The arguments after the program's name, with `_` turned into `-` in flag
/// names (before `=` only, and not after a bare `--`).
std::vector<std::string> normalizeArguments(int argc, const char *const *argv);

/// Adds `--name`, `--name=BOOL` and `--no-name`; the help shows the default.
CLI::Option *addBoolFlag(CLI::App &app, const std::string &name, bool &value,
                         const std::string &description);

/// Outcome of parseCommandLine: when `done`, the program is to return
/// `exitCode` at once (help, version, or a usage error already reported).
struct CliResult {
  bool done = false;
  int exitCode = 0;
};

/// Adds `--version`, parses, prints help and version on stdout and usage errors
/// (exit code 2) on stderr. Never throws.
CliResult parseCommandLine(CLI::App &app, int argc, const char *const *argv,
                           const std::string &version);

/// Prints `program: error: message` on stderr and returns the exit code.
int reportError(const std::string &program, const Status &status);

/// Lines `environment: BERTC_X=value` for every BERTC_ variable that is set,
/// sorted by name; empty when none is.
std::vector<std::string> environmentLines();

/// Prints environmentLines() on stderr.
void logEnvironment();

} // namespace bertc
