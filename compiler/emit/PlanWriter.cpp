// SPDX-License-Identifier: Apache-2.0

#include "compiler/emit/PlanWriter.h"

#include "compiler/emit/EntryWriter.h"
#include "compiler/emit/GraphWriter.h"
#include "dialects/bert/BertDialect.h"
#include "dialects/cpu/CpuOps.h"
#include "dialects/synapse/SynapseOps.h"
#include "runtime/core/PlanFile.h"
#include "runtime/schema/PlanSeal.h"
#include "runtime/schema/PlanVersion.h"

using namespace mlir;

namespace bertc {

namespace {

/// What a process needs beside state, arena and packed weights: code, stacks
/// and the matmul library's own memory.
constexpr uint64_t kRuntimeAllowance = 64ull << 20;

std::unique_ptr<plan::ModelT> writeModel(DictionaryAttr attr) {
  auto model = std::make_unique<plan::ModelT>();
  auto text = [&](StringRef key) {
    auto value = attr.getAs<StringAttr>(key);
    return value ? value.getValue().str() : std::string();
  };
  auto count = [&](StringRef key) -> uint64_t {
    auto value = attr.getAs<IntegerAttr>(key);
    return value ? value.getInt() : 0;
  };
  model->task = text("task");
  model->mode = text("mode");
  model->batch_size = count("batch_size");
  model->max_seq_length = count("max_seq_length");
  model->max_predictions_per_seq = count("max_predictions_per_seq");
  model->num_labels = count("num_labels");
  model->packed = count("packed");
  model->hidden_act = text("hidden_act");
  model->precision = text("precision");
  model->optimizer = text("optimizer");
  model->num_parameters = count("num_parameters");
  model->config_json = text("config_json");
  return model;
}

/// The operations of both targets have the same attributes, numbered alike.
template <typename VariableOp>
Status writeVariables(ModuleOp module, PlanSymbols &symbols,
                      plan::PlanT &result) {
  for (auto op : module.getOps<VariableOp>()) {
    symbols.variables[op.getSymName()] = result.variables.size();
    auto type = cast<RankedTensorType>(op.getType());
    auto variable = std::make_unique<plan::VariableT>();
    variable->name = op.getSymName().str();
    variable->dtype = planType(type.getElementType());
    variable->shape.assign(type.getShape().begin(), type.getShape().end());
    variable->role = static_cast<plan::VariableRole>(op.getRole());
    variable->trainable = op.getTrainable();
    variable->decay = op.getDecay();
    variable->init = static_cast<plan::InitKind>(op.getInit());
    variable->init_value = op.getInitValue().convertToFloat();
    if (!op.getOffset()) {
      return failedPrecondition("variable " + variable->name +
                                " has not been through memory planning");
    }
    variable->offset = *op.getOffset();
    result.variables.push_back(std::move(variable));
  }
  for (auto op : module.getOps<VariableOp>()) {
    uint32_t own = symbols.variables.lookup(op.getSymName());
    result.variables[own]->owner =
        op.getOwner() ? symbols.variables.lookup(*op.getOwner()) : own;
  }
  return Status();
}

void writePackedWeights(ModuleOp module, PlanSymbols &symbols,
                        plan::PlanT &result) {
  for (auto op : module.getOps<cpu::PackedWeightOp>()) {
    symbols.packedWeights[op.getSymName()] = result.packed_weights.size();
    auto packed = std::make_unique<plan::PackedWeightT>();
    packed->variable = symbols.variables.lookup(op.getVariable());
    const plan::VariableT &variable = *result.variables[packed->variable];
    packed->transposed = op.getTransposed();
    packed->k = variable.shape[packed->transposed ? 1 : 0];
    packed->n = variable.shape[packed->transposed ? 0 : 1];
    packed->dtype = op.getBf16() ? plan::DType::BF16 : variable.dtype;
    packed->m = op.getRows();
    packed->max_bytes = op.getMaxBytes();
    result.packed_weights.push_back(std::move(packed));
  }
}

/// What `bert.exchange` says; null when the module is for one worker.
std::unique_ptr<plan::ExchangeT> writeExchange(ModuleOp module,
                                               const PlanSymbols &symbols) {
  auto attr = module->getAttrOfType<DictionaryAttr>(bert::kExchangeAttr);
  if (!attr) {
    return nullptr;
  }
  auto exchange = std::make_unique<plan::ExchangeT>();
  exchange->workers = attr.getAs<IntegerAttr>("workers").getInt();
  exchange->micro_batches = attr.contains("micro_batches");
  bool bf16 = attr.getAs<bert::WireAttr>("wire").getValue() == bert::Wire::BF16;
  exchange->wire = bf16 ? plan::WireType::BF16 : plan::WireType::F32;
  for (auto names : attr.getAs<ArrayAttr>("buckets").getAsRange<ArrayAttr>()) {
    auto bucket = std::make_unique<plan::BucketT>();
    for (auto name : names.getAsRange<FlatSymbolRefAttr>()) {
      bucket->variables.push_back(symbols.variables.lookup(name.getValue()));
    }
    exchange->buckets.push_back(std::move(bucket));
  }
  return exchange;
}

/// Packs, seals and checks.
StatusOr<std::string> finish(const plan::PlanT &content) {
  flatbuffers::FlatBufferBuilder builder(1 << 20);
  plan::FinishPlanBuffer(builder, plan::Plan::Pack(builder, &content));
  uint8_t *bytes = builder.GetBufferPointer();
  size_t size = builder.GetSize();
  BERTC_RETURN_IF_ERROR(plan::sealPlan(bytes, size));
  auto loaded = rt::PlanFile::fromBytes(bytes, size, "the written plan");
  if (!loaded.ok()) {
    return internalError(
        "the compiler wrote a plan that the runtime refuses: " +
        loaded.status().message());
  }
  return std::string(reinterpret_cast<const char *>(bytes), size);
}

/// Entries and memory of the CPU.
Status writeSteps(ModuleOp module, plan::PlanT &result) {
  auto state = module->getAttrOfType<IntegerAttr>("cpu.state_bytes");
  auto arena = module->getAttrOfType<IntegerAttr>("cpu.arena_bytes");
  if (!state || !arena) {
    return failedPrecondition("the module has no model description or has not "
                              "been through memory planning");
  }
  result.target = "cpu";
  PlanSymbols symbols;
  BERTC_RETURN_IF_ERROR(
      writeVariables<cpu::VariableOp>(module, symbols, result));
  writePackedWeights(module, symbols, result);
  for (auto function : module.getOps<func::FuncOp>()) {
    result.entries.push_back(std::make_unique<plan::EntryT>());
    BERTC_RETURN_IF_ERROR(
        writeEntry(function, symbols, *result.entries.back()));
  }
  result.exchange = writeExchange(module, symbols);
  result.constants = symbols.constants.bytes();
  result.state_bytes = state.getInt();
  result.arena_bytes = arena.getInt();
  result.peak_bytes =
      result.state_bytes + result.arena_bytes + kRuntimeAllowance;
  for (const auto &packed : result.packed_weights) {
    result.peak_bytes += packed->max_bytes;
  }
  return Status();
}

/// Entries and memory of a device of SynapseAI.
Status writeGraphs(ModuleOp module, StringAttr device, plan::PlanT &result) {
  auto count = [&](StringRef name) {
    return module->getAttrOfType<IntegerAttr>(name);
  };
  IntegerAttr state = count(synapse::kStateBytesAttr);
  IntegerAttr arena = count(synapse::kArenaBytesAttr);
  IntegerAttr total = count(synapse::kDeviceBytesAttr);
  if (!state || !arena || !total) {
    return failedPrecondition("the module has not been through planning of "
                              "sections");
  }
  result.target = device.str();
  PlanSymbols symbols;
  symbols.constants = ConstantPool(128);
  BERTC_RETURN_IF_ERROR(
      writeVariables<synapse::VariableOp>(module, symbols, result));
  llvm::StringMap<plan::EntryT *> entries;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function->hasAttr(synapse::kDeterministicOfAttr)) {
      result.entries.push_back(std::make_unique<plan::EntryT>());
      entries[function.getSymName()] = result.entries.back().get();
      BERTC_RETURN_IF_ERROR(
          writeGraphEntry(function, symbols, *result.entries.back()));
    }
  }
  for (auto function : module.getOps<func::FuncOp>()) {
    auto of =
        function->getAttrOfType<StringAttr>(synapse::kDeterministicOfAttr);
    if (!of) {
      continue;
    }
    plan::EntryT *entry = entries.lookup(of.getValue());
    if (!entry) {
      return failedPrecondition("@" + function.getSymName().str() +
                                " is a twin of no entry");
    }
    BERTC_RETURN_IF_ERROR(writeDeterministicGraphs(function, symbols, *entry));
  }
  result.exchange = writeExchange(module, symbols);
  result.constants = symbols.constants.bytes();
  result.state_bytes = state.getInt();
  result.arena_bytes = arena.getInt();
  result.device_bytes = total.getInt();
  // Variables on their way from and to files, and what goes in and out.
  result.peak_bytes =
      result.state_bytes + result.arena_bytes + kRuntimeAllowance;
  return Status();
}

} // namespace

StatusOr<std::string> writePlan(ModuleOp module,
                                const PlanWriterOptions &options) {
  auto model = module->getAttrOfType<DictionaryAttr>(bert::kModelAttr);
  if (!model) {
    return failedPrecondition("the module has no model description or has not "
                              "been through memory planning");
  }
  plan::PlanT result;
  result.schema_version = plan::kSchemaVersion;
  result.sha256.assign(32, 0);
  result.producer = options.producer;
  result.cpu_isa = options.cpuIsa;
  result.model = writeModel(model);
  auto device = module->getAttrOfType<StringAttr>(synapse::kDeviceAttr);
  BERTC_RETURN_IF_ERROR(device ? writeGraphs(module, device, result)
                               : writeSteps(module, result));
  return finish(result);
}

} // namespace bertc
