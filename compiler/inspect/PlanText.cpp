// SPDX-License-Identifier: Apache-2.0
//
// A plan as tables for people.

#include "compiler/inspect/GraphReport.h"
#include "compiler/inspect/PlanExchange.h"
#include "compiler/inspect/PlanMemory.h"
#include "compiler/inspect/PlanPrecision.h"
#include "compiler/inspect/PlanReport.h"
#include "compiler/inspect/PlanStatistics.h"
#include "compiler/inspect/Units.h"

#include <fmt/format.h>

namespace bertc {

namespace {

/// Tensors of an entry that the arena table shows.
constexpr size_t kArenaRows = 12;

std::string shapeText(const flatbuffers::Vector<int64_t> &shape) {
  return rt::shapeString(rt::Shape(shape.begin(), shape.end()));
}

const char *dtypeText(plan::DType dtype) {
  return rt::dtypeName(static_cast<rt::DType>(dtype));
}

/// The formula that a hidden_act stands for.
std::string activationText(const std::string &act) {
  if (act == "gelu") {
    return "gelu (erf form)";
  }
  return act == "gelu_tanh" || act == "gelu_new" ? act + " (tanh form)" : act;
}

std::string headText(const rt::PlanFile &file) {
  const rt::ModelInfo &m = file.model();
  const plan::Plan &plan = file.root();
  std::string text = fmt::format(
      "plan {}\n  sha256      {}\n  producer    {}, schema {}\n"
      "  target      {}{}{}\n",
      file.path(), file.sha256(), file.producer(), plan.schema_version(),
      plan.target()->str(), hasGraphs(plan) ? "" : ", needs ",
      hasGraphs(plan) ? "" : file.cpuIsa());
  text += fmt::format("model\n  task        {}, mode {}\n"
                      "  shape       batch {}, sequence {}",
                      m.task, m.mode, m.batchSize, m.maxSeqLength);
  if (m.maxPredictionsPerSeq != 0) {
    text += fmt::format(", predictions {}", m.maxPredictionsPerSeq);
  }
  if (m.numLabels != 0) {
    text += fmt::format(", labels {}", m.numLabels);
  }
  if (m.packed != 0) {
    text += fmt::format(", packed {}", m.packed);
  }
  text += fmt::format("\n  activation  {}\n  precision   {}\n",
                      activationText(m.hiddenAct), m.precision);
  if (m.precision == "bf16" && !hasGraphs(plan)) {
    text +=
        fmt::format("  products    of bf16 in f32 on a CPU without fast bf16 "
                    "arithmetic; on this one in {}\n",
                    bf16Products());
  }
  if (!m.optimizer.empty()) {
    text += fmt::format("  optimizer   {}\n", m.optimizer);
  }
  return text + fmt::format("  parameters  {}\n", m.numParameters);
}

std::string memoryText(const plan::Plan &plan) {
  if (hasGraphs(plan)) {
    return deviceMemoryText(plan);
  }
  return fmt::format(
      "memory\n  variables   {}\n  arena       {}\n  packed      {} in {} "
      "weights\n  expected    {} resident on this CPU, {} at most\n",
      bytesText(plan.state_bytes()), bytesText(plan.arena_bytes()),
      bytesText(packedBytes(plan)), plan.packed_weights()->size(),
      bytesText(expectedBytesHere(plan)), bytesText(plan.peak_bytes()));
}

std::string variablesText(const plan::Plan &plan) {
  std::string text =
      fmt::format("variables ({})\n  {:>12} {:<8} {:<5} {:<5} {:<18} {}\n",
                  plan.variables()->size(), "offset", "role", "train", "decay",
                  "type", "name");
  for (const plan::Variable *v : *plan.variables()) {
    text += fmt::format(
        "  {:>12} {:<8} {:<5} {:<5} {:<18} {}\n", v->offset(),
        plan::EnumNameVariableRole(v->role()), v->trainable() ? "yes" : "no",
        v->decay() ? "yes" : "no",
        fmt::format("{} {}", dtypeText(v->dtype()), shapeText(*v->shape())),
        v->name()->str());
  }
  return text;
}

std::string packedText(const plan::Plan &plan) {
  std::string text =
      fmt::format("packed weights ({})\n", plan.packed_weights()->size());
  for (const plan::PackedWeight *w : *plan.packed_weights()) {
    text += fmt::format("  {:>12} {}x{}{} for {} rows: {}\n", w->max_bytes(),
                        w->k(), w->n(), w->transposed() ? " transposed" : "",
                        w->m(),
                        plan.variables()->Get(w->variable())->name()->str());
  }
  return text;
}

template <typename Bindings>
std::string bindingsText(const plan::Entry &entry, const char *title,
                         const Bindings &bindings) {
  std::string text;
  for (const plan::Binding *binding : bindings) {
    const plan::Tensor &tensor = *entry.tensors()->Get(binding->tensor());
    text += fmt::format("  {:<7} {:<5} {:<18} {}\n", title,
                        dtypeText(tensor.dtype()), shapeText(*tensor.shape()),
                        binding->name()->str());
  }
  return text;
}

std::string kindsText(const plan::Entry &entry) {
  std::string text = fmt::format("  {:<24} {:>6} {:>14} {:>12}\n", "step kind",
                                 "steps", "work", "traffic");
  for (const KindStatistics &kind : kindStatistics(entry)) {
    text += fmt::format("  {:<24} {:>6} {:>14} {:>12}\n", kind.kind, kind.steps,
                        flopsText(kind.flops), bytesText(kind.bytes));
  }
  return text;
}

std::string arenaText(const plan::Entry &entry) {
  std::vector<ArenaInterval> map = arenaMap(entry);
  std::string text = fmt::format(
      "  largest tensors of the arena ({} of {})\n  {:>12} {:>12} {:>13}  {}\n",
      std::min(kArenaRows, map.size()), map.size(), "offset", "bytes",
      "alive in steps", "made by");
  for (size_t i = 0; i < map.size() && i < kArenaRows; ++i) {
    text += fmt::format("  {:>12} {:>12} {:>6}-{:<6}  {}\n", map[i].offset,
                        map[i].bytes, map[i].first, map[i].last, map[i].scope);
  }
  return text;
}

/// Which steps run in what, and why.
std::string precisionText(const plan::Entry &entry) {
  std::string text = fmt::format("  {:>5} {:<24} {:<20} {}\n", "steps", "types",
                                 "step kind", "scope: rule");
  for (const PrecisionRow &row : precisionRows(entry)) {
    text += fmt::format("  {:>5} {:<24} {:<20} {}: {}\n", row.steps, row.types,
                        row.kind, row.scope.empty() ? "-" : row.scope,
                        row.reason.empty() ? "-" : row.reason);
  }
  return text;
}

std::string entryHead(const plan::Plan &plan, const plan::Entry &entry) {
  if (hasGraphs(plan)) {
    return graphEntryHead(plan, entry);
  }
  return fmt::format("entry {}: {} steps, {}, arena {}\n", entry.name()->str(),
                     entry.steps()->size(), flopsText(entry.flops()),
                     bytesText(entry.arena_bytes()));
}

} // namespace

std::string planText(const rt::PlanFile &file, bool nodes) {
  const plan::Plan &plan = file.root();
  std::string text = headText(file) + memoryText(plan) + variablesText(plan) +
                     (hasGraphs(plan) ? "" : packedText(plan)) +
                     exchangeText(plan);
  for (const plan::Entry *entry : *plan.entries()) {
    text += entryHead(plan, *entry);
    text += bindingsText(*entry, "input", *entry->inputs());
    text += bindingsText(*entry, "output", *entry->outputs());
    if (hasGraphs(plan)) {
      text += familiesText(plan, *entry) + graphsText(plan, *entry, nodes);
      continue;
    }
    text += kindsText(*entry);
    if (file.model().precision == "bf16") {
      text += precisionText(*entry);
    }
    text += arenaText(*entry);
  }
  return text;
}

std::string summaryText(const rt::PlanFile &file, double seconds) {
  const plan::Plan &plan = file.root();
  std::string text =
      fmt::format("parameters  {}\n", file.model().numParameters) +
      memoryText(plan) + exchangeText(plan);
  for (const plan::Entry *entry : *plan.entries()) {
    text += entryHead(plan, *entry) +
            (hasGraphs(plan) ? familiesText(plan, *entry) : kindsText(*entry));
  }
  return text + fmt::format("compiled in {:.2f} s, plan of {}\n", seconds,
                            bytesText(file.fileBytes()));
}

} // namespace bertc
