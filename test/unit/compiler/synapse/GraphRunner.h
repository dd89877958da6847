// SPDX-License-Identifier: Apache-2.0
//
// Executes entries of the `synapse` dialect node by node with the operations of
// the stand-in, in the interpreter's terms, so that one test can put the same
// question to both. No graph, recipe or launch takes part: the order is that of
// the IR.
#pragma once

#include "compiler/interpret/Interpreter.h"
#include "dialects/synapse/SynapseOps.h"
#include "tools/synapse-stand-in/ops/Ops.h"

#include "llvm/ADT/DenseMap.h"

#include <memory>

namespace bertc {

class GraphRunner {
public:
  /// `module` is borrowed, and is for `device`, whose kernels alone may occur.
  GraphRunner(mlir::ModuleOp module, rt::syn::synDeviceType device)
      : module_(module), device_(device) {}

  void setVariables(const interpret::TensorMap &values) { variables_ = values; }
  const interpret::TensorMap &variables() const { return variables_; }

  /// Runs an entry; all its outputs. An error names the node that the stand-in
  /// refuses.
  StatusOr<interpret::TensorMap> run(llvm::StringRef entry,
                                     const interpret::TensorMap &inputs);

private:
  using Bytes = std::shared_ptr<std::vector<uint8_t>>;

  Status runGraph(synapse::GraphOp graph);
  Status runOperation(mlir::Operation &op);
  Status runNode(synapse::NodeOp node);
  Status loadVariables();
  Status storeVariables();
  void derive(synapse::DerivedOp op);

  mlir::ModuleOp module_;
  rt::syn::synDeviceType device_;
  interpret::TensorMap variables_;
  // Of the entry that runs.
  llvm::DenseMap<mlir::Value, Bytes> values_;
  /// Memory of the variables, which nodes write into as on the device: a reader
  /// that comes too late reads the new value.
  std::map<std::string, Bytes> memory_;
  /// Where results go that are stored in a variable.
  llvm::DenseMap<mlir::Value, Bytes> placed_;
  interpret::TensorMap inputs_;
};

} // namespace bertc
