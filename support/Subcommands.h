// SPDX-License-Identifier: Apache-2.0
//
// A program of several subcommands, from its flags to its exit code. Each
// subcommand is a function that declares its flags and returns what to do when
// it was chosen:
//
//   Command addBenchCommand(CLI::App &app) {
//     auto flags = std::make_shared<Flags>();
//     CLI::App *command = app.add_subcommand("bench", "time a plan");
//     ...
//     return [flags] { return perform(*flags); };
//   }
//   int main(int argc, char **argv) {
//     Subcommands program("bert-run", "Trains and runs plans.");
//     program.add("bench", addBenchCommand);
//     return program.main(argc, argv, version);
//   }
#pragma once

#include "support/Cli.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bertc {

/// Performs a chosen subcommand; returns the process's exit code.
using Command = std::function<int()>;

class Subcommands {
public:
  Subcommands(const std::string &program, const std::string &description);

  /// Adds the subcommand `name` to the program it is given.
  using Declare = std::function<Command(CLI::App &)>;
  void add(const std::string &name, Declare declare);

  /// Runs the chosen subcommand, after `prepare`, whose error ends the program.
  /// Says which subcommands there are when the first argument is none of them;
  /// no exception leaves it. `version` makes what `--version` prints.
  int main(int argc, const char *const *argv,
           const std::function<std::string()> &version,
           const std::function<Status()> &prepare = {});

private:
  int run(int argc, const char *const *argv,
          const std::function<std::string()> &version,
          const std::function<Status()> &prepare);
  Status checkName(int argc, const char *const *argv) const;

  CLI::App app_;
  std::vector<std::pair<std::string, Declare>> subcommands_;
};

} // namespace bertc
