// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/EntryProgram.h"

#include "runtime/core/BlockedTensors.h"
#include "runtime/core/CpuFeatures.h"
#include "runtime/onednn/OneDnn.h"
#include "runtime/onednn/PackedWeights.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bertc::rt {
namespace {

bool printsDispatch() {
  const char *verbose = std::getenv("BERTC_VERBOSE");
  return verbose != nullptr && std::strcmp(verbose, "dispatch") == 0;
}

TensorRef resolve(const plan::Entry &entry, uint32_t operand,
                  const StorageBase &base) {
  if (operand == kNoOperand) {
    return TensorRef();
  }
  const plan::Tensor &tensor = *entry.tensors()->Get(operand);
  TensorRef ref = describeTensor(tensor);
  std::byte *start = base(ref.storage, ref.index);
  ref.data = start == nullptr ? nullptr : start + tensor.offset();
  return ref;
}

uint64_t operandBytes(const std::vector<TensorRef> &operands) {
  uint64_t bytes = 0;
  for (const TensorRef &t : operands) {
    bytes += t.present ? t.numElements() * dtypeBytes(t.dtype) : 0;
  }
  return bytes;
}

std::vector<TensorRef> resolveAll(const plan::Entry &entry,
                                  const flatbuffers::Vector<uint32_t> &operands,
                                  const StorageBase &base) {
  std::vector<TensorRef> refs;
  for (uint32_t operand : operands) {
    refs.push_back(resolve(entry, operand, base));
  }
  return refs;
}

// Operands of all steps, in the layout they have on this CPU.
std::vector<StepOperands> resolveSteps(const plan::Entry &entry,
                                       const StorageBase &base, int threads,
                                       PackedWeights *packed) {
  bool tiles = tileUnit() != TileUnit::None;
  std::vector<StepOperands> steps;
  for (const plan::Step *step : *entry.steps()) {
    StepOperands operands = {resolveAll(entry, *step->inputs(), base),
                             resolveAll(entry, *step->outputs(), base),
                             {}};
    const StepRegistry::Handler *handler =
        stepRegistry().find(step->params_type());
    if (tiles && handler != nullptr && handler->layouts != nullptr) {
      StepContext context(*step, operands.inputs, operands.outputs, threads,
                          packed);
      operands.layouts = handler->layouts(context);
    }
    steps.push_back(std::move(operands));
  }
  if (tiles) {
    std::vector<TensorRef> results;
    for (const plan::Binding *b : *entry.outputs()) {
      results.push_back(resolve(entry, b->tensor(), base));
    }
    chooseBlocked(steps, results);
  }
  return steps;
}

StatusOr<ProgramStep> prepareStep(const plan::Step &step, StepOperands operands,
                                  int threads, PackedWeights *packed,
                                  const std::vector<WeightShard> *shards,
                                  EntryProgram *entryProgram) {
  const StepRegistry::Handler *handler =
      stepRegistry().find(step.params_type());
  if (handler == nullptr) {
    return failedPrecondition("this runtime has no such step kind");
  }
  ProgramStep program;
  program.bytes =
      operandBytes(operands.inputs) + operandBytes(operands.outputs);
  program.flops = step.flops();
  program.kind = handler->name;
  program.kindId = step.params_type();
  program.scope = step.scope() == nullptr ? "" : step.scope()->str();
  StepContext context(step, std::move(operands.inputs),
                      std::move(operands.outputs), threads, packed);
  context.setShards(shards);
  BERTC_ASSIGN_OR_RETURN(program.step, handler->prepare(context));
  entryProgram->scratchBytes =
      std::max(entryProgram->scratchBytes, context.scratchBytes());
  entryProgram->exchanges |= context.wantsExchange();
  for (std::shared_ptr<SplitUpdate> &split : context.takeSplits()) {
    entryProgram->splits.push_back(std::move(split));
  }
  return program;
}

// " (in blocks: input 0, output 0)"
std::string blockedText(const StepOperands &operands) {
  std::string text;
  auto add = [&](const std::vector<TensorRef> &list, const char *name) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (list[i].blocked) {
        text += (text.empty() ? " (in blocks: " : ", ") + std::string(name) +
                " " + std::to_string(i);
      }
    }
  };
  add(operands.inputs, "input");
  add(operands.outputs, "output");
  return text.empty() ? text : text + ")";
}

// Packed copies by the step that writes their variable last.
std::vector<std::vector<uint32_t>> repacksByStep(const plan::Plan &plan,
                                                 const plan::Entry &entry) {
  std::vector<int64_t> lastWriter(plan.variables()->size(), -1);
  for (uint32_t i = 0; i < entry.steps()->size(); ++i) {
    for (uint32_t operand : *entry.steps()->Get(i)->outputs()) {
      const plan::Tensor *t =
          operand == kNoOperand ? nullptr : entry.tensors()->Get(operand);
      if (t != nullptr && t->storage() == plan::Storage::Variable) {
        lastWriter[t->index()] = i;
      }
    }
  }
  std::vector<std::vector<uint32_t>> repacks(entry.steps()->size());
  for (uint32_t i = 0; i < plan.packed_weights()->size(); ++i) {
    int64_t writer = lastWriter[plan.packed_weights()->Get(i)->variable()];
    if (writer >= 0) {
      repacks[static_cast<size_t>(writer)].push_back(i);
    }
  }
  return repacks;
}

} // namespace

std::string stepName(size_t index, const char *kind, const std::string &scope) {
  return "step " + std::to_string(index) + " (" + kind +
         (scope.empty() ? "" : ", " + scope) + ")";
}

std::vector<bool> writtenVariables(const plan::Plan &plan,
                                   const plan::Entry &entry) {
  std::vector<bool> written(plan.variables()->size(), false);
  for (const plan::Step *step : *entry.steps()) {
    for (uint32_t operand : *step->outputs()) {
      if (operand != kNoOperand &&
          entry.tensors()->Get(operand)->storage() == plan::Storage::Variable) {
        written[entry.tensors()->Get(operand)->index()] = true;
      }
    }
  }
  return written;
}

StatusOr<EntryProgram> prepareEntry(const plan::Plan &plan,
                                    const plan::Entry &entry,
                                    const StorageBase &base, int threads,
                                    PackedWeights *packed,
                                    const std::vector<WeightShard> *shards) {
  EntryProgram program;
  packed->beginEntry(writtenVariables(plan, entry));
  bool verbose = printsDispatch();
  if (verbose && plan.model()->precision()->str() == "bf16") {
    std::fprintf(stderr, "bertc: dispatch: %s: products of bf16 in %s\n",
                 entry.name()->c_str(), bf16ProductsReason());
  }
  std::vector<std::vector<uint32_t>> repacks = repacksByStep(plan, entry);
  std::vector<StepOperands> operands =
      resolveSteps(entry, base, threads, packed);
  for (uint32_t i = 0; i < entry.steps()->size(); ++i) {
    const plan::Step &step = *entry.steps()->Get(i);
    std::string blocks = verbose ? blockedText(operands[i]) : "";
    StatusOr<ProgramStep> prepared = prepareStep(
        step, std::move(operands[i]), threads, packed, shards, &program);
    if (!prepared.ok()) {
      std::string kind = stepKindName(step.params_type());
      std::string scope = step.scope() == nullptr ? "" : step.scope()->str();
      return prepared.status().annotate("entry '" + entry.name()->str() +
                                        "', " +
                                        stepName(i, kind.c_str(), scope));
    }
    if (verbose) {
      std::fprintf(stderr, "bertc: dispatch: %s %u %s %s: %s%s\n",
                   entry.name()->c_str(), i, prepared->kind,
                   prepared->scope.c_str(), prepared->step->implementation(),
                   blocks.c_str());
    }
    if (shards == nullptr) {
      prepared->repacks = std::move(repacks[i]);
    }
    program.steps.push_back(*std::move(prepared));
  }
  for (const plan::Binding *b : *entry.inputs()) {
    program.inputs.push_back(resolve(entry, b->tensor(), base));
  }
  for (const plan::Binding *b : *entry.outputs()) {
    program.outputs.push_back(resolve(entry, b->tensor(), base));
  }
  program.packed = packed->endEntry();
  return program;
}

} // namespace bertc::rt
