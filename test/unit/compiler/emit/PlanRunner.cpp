// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/emit/PlanRunner.h"

#include "compiler/emit/PlanWriter.h"

#include <vector>

namespace bertc {

using interpret::Tensor;
using interpret::TensorMap;

namespace {

DataType dataType(rt::DType dtype) {
  switch (dtype) {
  case rt::DType::F32:
    return DataType::F32;
  case rt::DType::BF16:
    return DataType::BF16;
  case rt::DType::I32:
    return DataType::I32;
  case rt::DType::I64:
    return DataType::I64;
  case rt::DType::Bool:
    return DataType::Bool;
  }
  return DataType::F32;
}

} // namespace

StatusOr<PlanRunner> PlanRunner::open(mlir::ModuleOp module,
                                      const rt::SessionOptions &options) {
  BERTC_ASSIGN_OR_RETURN(std::string bytes, writePlan(module, {}));
  BERTC_ASSIGN_OR_RETURN(rt::Plan plan,
                         rt::Plan::fromBytes(bytes.data(), bytes.size()));
  BERTC_ASSIGN_OR_RETURN(auto session, rt::Session::create(plan, options));
  return PlanRunner(std::move(session));
}

StatusOr<PlanRunner> PlanRunner::create(Compiler &compiler,
                                        const rt::SessionOptions &options) {
  BERTC_RETURN_IF_ERROR(compiler.runThrough(Phase::Memory));
  return open(compiler.module(), options);
}

StatusOr<PlanRunner> PlanRunner::create(Compiler &compiler, int threads) {
  rt::SessionOptions options;
  options.threads = threads;
  return create(compiler, options);
}

StatusOr<PlanRunner> PlanRunner::create(mlir::ModuleOp module, int threads) {
  rt::SessionOptions options;
  options.threads = threads;
  return open(module, options);
}

Status PlanRunner::setVariables(const TensorMap &values) {
  for (const auto &[name, value] : values) {
    BERTC_ASSIGN_OR_RETURN(auto bytes, value.toBytes(DataType::F32));
    BERTC_RETURN_IF_ERROR(session_->setVariable(
        name, {rt::DType::F32, value.shape, bytes.data()}));
  }
  return Status::okStatus();
}

StatusOr<Tensor> PlanRunner::variable(const std::string &name) const {
  BERTC_ASSIGN_OR_RETURN(rt::ConstTensorView view, session_->variable(name));
  return Tensor::fromBytes(dataType(view.dtype), view.shape, view.data);
}

StatusOr<TensorMap> PlanRunner::run(const std::string &entry,
                                    const TensorMap &inputs) {
  const rt::EntryInfo *info = plan().findEntry(entry);
  if (info == nullptr) {
    return notFound("no entry " + entry);
  }
  // Reserved, so that the views into the buffers stay valid.
  std::vector<std::vector<uint8_t>> buffers;
  buffers.reserve(info->inputs.size() + info->outputs.size());
  rt::NamedInputs given;
  for (const rt::TensorInfo &input : info->inputs) {
    auto found = inputs.find(input.name);
    if (found == inputs.end()) {
      return notFound("no input " + input.name);
    }
    BERTC_ASSIGN_OR_RETURN(auto bytes,
                           found->second.toBytes(dataType(input.dtype)));
    buffers.push_back(std::move(bytes));
    given.emplace_back(input.name,
                       rt::ConstTensorView{input.dtype, found->second.shape,
                                           buffers.back().data()});
  }
  rt::NamedOutputs wanted;
  for (const rt::TensorInfo &output : info->outputs) {
    rt::TensorView view{output.dtype, output.shape, nullptr};
    buffers.emplace_back(view.bytes());
    view.data = buffers.back().data();
    wanted.emplace_back(output.name, view);
  }
  BERTC_RETURN_IF_ERROR(session_->run(entry, given, wanted));
  TensorMap results;
  for (const auto &[name, view] : wanted) {
    BERTC_ASSIGN_OR_RETURN(
        Tensor tensor,
        Tensor::fromBytes(dataType(view.dtype), view.shape, view.data));
    results[name] = std::move(tensor);
  }
  return results;
}

} // namespace bertc
