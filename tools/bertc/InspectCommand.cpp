// SPDX-License-Identifier: Apache-2.0
//
// bertc inspect: what is in a plan. Loads it as the runtime does, except that
// this CPU need not be able to run it.
#include "tools/bertc/Commands.h"

#include "compiler/inspect/PlanReport.h"
#include "io/Files.h"
#include "tools/bertc/ScalingFlags.h"

#include <cstdio>
#include <memory>

namespace bertc {
namespace {

struct InspectFlags {
  std::string plan;
  bool json = false;
  bool nodes = false;
  ScalingFlags scaling;
};

StatusOr<std::string> scaling(const rt::PlanFile &file,
                              const InspectFlags &flags) {
  if (flags.nodes) {
    return invalidArgument("--nodes has no effect on --scaling");
  }
  BERTC_ASSIGN_OR_RETURN(ScalingReport report, scalingOf(file, flags.scaling));
  if (!flags.scaling.plot.empty()) {
    BERTC_ASSIGN_OR_RETURN(AtomicFile plot,
                           AtomicFile::create(flags.scaling.plot));
    BERTC_RETURN_IF_ERROR(plot.append(scalingSvg(report)));
    BERTC_RETURN_IF_ERROR(plot.commit());
  }
  return flags.json ? jsonText(scalingJson(report)) : scalingText(report);
}

Status inspect(const InspectFlags &flags) {
  BERTC_ASSIGN_OR_RETURN(auto file, rt::PlanFile::load(flags.plan));
  std::string text;
  if (flags.scaling.wanted) {
    BERTC_ASSIGN_OR_RETURN(text, scaling(*file, flags));
  } else {
    text =
        flags.json ? jsonText(planJson(*file)) : planText(*file, flags.nodes);
  }
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
      std::fflush(stdout) != 0) {
    return ioError("cannot write to stdout");
  }
  return Status::okStatus();
}

} // namespace

Command addInspectCommand(CLI::App &app) {
  auto flags = std::make_shared<InspectFlags>();
  CLI::App *command = app.add_subcommand("inspect", "shows what is in a plan");
  command->add_option("plan", flags->plan, "plan file")->required();
  command->add_flag("--json", flags->json, "everything, as JSON");
  command->add_flag("--nodes", flags->nodes,
                    "every node of the graphs of gaudi and gaudi2");
  addScalingFlags(*command, flags->scaling);
  return [flags] { return reportError("bertc", inspect(*flags)); };
}

} // namespace bertc
