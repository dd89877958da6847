// SPDX-License-Identifier: Apache-2.0
#include "support/Cli.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <cpuid.h>
#include <fmt/format.h>
#include <unistd.h>

namespace bertc {
namespace {

/// XCR0: which register states the operating system saves.
uint64_t enabledStates() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0) {
    return 0;
  }
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

} // namespace

const char *projectVersion() { return BERTC_VERSION; }

std::string detectedIsa() {
  constexpr uint64_t avxStates = 0x6, avx512States = 0xe6, tileStates = 0x60000;
  uint64_t states = enabledStates();
  unsigned a = 0, b = 0, c = 0, d = 0;
  if ((states & avxStates) != avxStates ||
      __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 ||
      (b & (1U << 5)) == 0 /* AVX2 */) {
    return "baseline";
  }
  // F, DQ, CD, BW, VL.
  constexpr unsigned avx512Bits =
      1U << 16 | 1U << 17 | 1U << 28 | 1U << 30 | 1U << 31;
  if ((states & avx512States) != avx512States ||
      (b & avx512Bits) != avx512Bits) {
    return "avx2";
  }
  bool tiles = (d & (1U << 24)) != 0 && (d & (1U << 22)) != 0 &&
               (states & tileStates) == tileStates;
  __get_cpuid_count(7, 1, &a, &b, &c, &d);
  bool bf16 = (a & (1U << 5)) != 0;
  return !bf16 ? "avx512" : tiles ? "amx" : "avx512_bf16";
}

std::string versionText(const VersionInfo &info) {
  std::string isa = info.isa.empty() ? detectedIsa() : info.isa;
  std::string text =
      fmt::format("{} {} (cpu {})", info.program, projectVersion(), isa);
  for (const auto &[library, version] : info.libraries) {
    text += fmt::format("\n  {} {}", library, version);
  }
  return text;
}

std::vector<std::string> normalizeArguments(int argc, const char *const *argv) {
  std::vector<std::string> arguments;
  bool literal = false;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    literal = literal || argument == "--";
    if (!literal && argument.rfind("--", 0) == 0) {
      size_t end = std::min(argument.find('='), argument.size());
      std::replace(argument.begin(),
                   argument.begin() + static_cast<ptrdiff_t>(end), '_', '-');
    }
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

CLI::Option *addBoolFlag(CLI::App &app, const std::string &name, bool &value,
                         const std::string &description) {
  std::string bare = name.rfind("--", 0) == 0 ? name.substr(2) : name;
  return app.add_flag("--" + bare + ",!--no-" + bare, value,
                      description + (value ? " [default: on]" : ""));
}

CliResult parseCommandLine(CLI::App &app, int argc, const char *const *argv,
                           const std::string &version) {
  try {
    app.set_version_flag("--version", version,
                         "print the versions of this program and its "
                         "libraries, and the instruction set");
    std::vector<std::string> arguments = normalizeArguments(argc, argv);
    // CLI11 takes the arguments last first.
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
    return {};
  } catch (const CLI::Success &request) {
    return {true, app.exit(request)};
  } catch (const CLI::Error &error) {
    std::fprintf(stderr, "%s: error: %s\nrun with --help for the flags\n",
                 app.get_name().c_str(), error.what());
    return {true, 2};
  } catch (const std::exception &error) {
    std::fprintf(stderr, "%s: error: %s\n", app.get_name().c_str(),
                 error.what());
    return {true, 2};
  }
}

int reportError(const std::string &program, const Status &status) {
  if (!status.ok()) {
    std::fprintf(stderr, "%s: error: %s\n", program.c_str(),
                 status.message().c_str());
  }
  return exitCode(status);
}

std::vector<std::string> environmentLines() {
  std::vector<std::string> lines;
  for (char **entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, "BERTC_", 6) == 0) {
      lines.push_back(std::string("environment: ") + *entry);
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

void logEnvironment() {
  for (const std::string &line : environmentLines()) {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

} // namespace bertc
