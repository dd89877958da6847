// SPDX-License-Identifier: Apache-2.0
//
// Modules and tensors from files.
#include "compiler/interpret/Files.h"

#include "dialects/bert/BertDialect.h"
#include "io/SafeTensors.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace bertc::interpret {

/// Runs `parse` and turns diagnostics into an error.
static StatusOr<OwningOpRef<ModuleOp>>
collectErrors(MLIRContext &context,
              llvm::function_ref<OwningOpRef<ModuleOp>()> parse) {
  context.loadDialect<bert::BertDialect, func::FuncDialect>();
  std::string messages;
  llvm::raw_string_ostream os(messages);
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    os << (messages.empty() ? "" : "; ") << diagnostic.getLocation() << ": "
       << diagnostic;
    return success();
  });
  OwningOpRef<ModuleOp> module = parse();
  if (!module) {
    return corrupt(messages);
  }
  return module;
}

StatusOr<OwningOpRef<ModuleOp>> readModule(MLIRContext &context,
                                           const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  std::string content(file.view());
  auto module = collectErrors(context, [&] {
    return parseSourceString<ModuleOp>(content, ParserConfig(&context), path);
  });
  return module;
}

StatusOr<OwningOpRef<ModuleOp>> parseModule(MLIRContext &context,
                                            StringRef text) {
  return collectErrors(context, [&] {
    return parseSourceString<ModuleOp>(text, ParserConfig(&context));
  });
}

StatusOr<TensorMap> readTensors(const std::string &path) {
  BERTC_ASSIGN_OR_RETURN(SafeTensorsFile file, SafeTensorsFile::open(path));
  TensorMap tensors;
  for (const TensorView &view : file.tensors()) {
    StatusOr<Tensor> tensor =
        Tensor::fromBytes(view.info.dtype, view.info.shape, view.data);
    if (!tensor.ok()) {
      return tensor.status().annotate(path + ": tensor '" + view.info.name +
                                      "'");
    }
    tensors[view.info.name] = *std::move(tensor);
  }
  return tensors;
}

Status writeTensors(const std::string &path, const TensorMap &tensors,
                    bool wide) {
  std::vector<std::vector<uint8_t>> bytes;
  std::vector<TensorSource> sources;
  for (const auto &[name, tensor] : tensors) {
    DataType dtype =
        wide && isFloat(tensor.dtype) ? DataType::F64 : tensor.dtype;
    BERTC_ASSIGN_OR_RETURN(std::vector<uint8_t> content, tensor.toBytes(dtype));
    bytes.push_back(std::move(content));
    sources.push_back({{name, dtype, tensor.shape}, bytes.back().data()});
  }
  return writeSafeTensors(path, sources);
}

} // namespace bertc::interpret
