// SPDX-License-Identifier: Apache-2.0
#include "support/Subcommands.h"

#include <new>

namespace bertc {

namespace {

/// "a", "a or b", "a, b or c".
std::string listed(const std::vector<std::string> &names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    text += i == 0 ? "" : i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

} // namespace

Subcommands::Subcommands(const std::string &program,
                         const std::string &description)
    : app_(description, program) {
  app_.require_subcommand(1);
}

void Subcommands::add(const std::string &name, Declare declare) {
  subcommands_.emplace_back(name, std::move(declare));
}

// CLI11 would only say that a subcommand is missing.
Status Subcommands::checkName(int argc, const char *const *argv) const {
  if (argc < 2 || argv[1][0] == '-') {
    return Status();
  }
  std::vector<std::string> names;
  for (const auto &[name, declare] : subcommands_) {
    if (name == argv[1]) {
      return Status();
    }
    names.push_back(name);
  }
  return invalidArgument("there is no subcommand '" + std::string(argv[1]) +
                         "'; expected " + listed(names));
}

int Subcommands::run(int argc, const char *const *argv,
                     const std::function<std::string()> &version,
                     const std::function<Status()> &prepare) {
  if (Status status = checkName(argc, argv); !status.ok()) {
    return reportError(app_.get_name(), status);
  }
  std::vector<std::pair<std::string, Command>> commands;
  for (const auto &[name, declare] : subcommands_) {
    commands.emplace_back(name, declare(app_));
  }
  CliResult parsed = parseCommandLine(app_, argc, argv, version());
  if (parsed.done) {
    return parsed.exitCode;
  }
  if (Status status = prepare ? prepare() : Status(); !status.ok()) {
    return reportError(app_.get_name(), status);
  }
  logEnvironment();
  for (const auto &[name, command] : commands) {
    if (app_.got_subcommand(name)) {
      return command();
    }
  }
  return 2;
}

int Subcommands::main(int argc, const char *const *argv,
                      const std::function<std::string()> &version,
                      const std::function<Status()> &prepare) {
  try {
    return run(argc, argv, version, prepare);
  } catch (const std::bad_alloc &) {
    return reportError(app_.get_name(), resourceExhausted("out of memory"));
  } catch (const std::exception &error) {
    return reportError(app_.get_name(), internalError(error.what()));
  }
}

} // namespace bertc
