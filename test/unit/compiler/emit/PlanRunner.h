// SPDX-License-Identifier: Apache-2.0
//
// A compiled plan on the runtime, spoken to in the interpreter's terms, so that
// one test can put the same question to both.
#pragma once

#include "bertc/runtime.h"
#include "compiler/driver/Compiler.h"
#include "compiler/interpret/Interpreter.h"

#include <memory>
#include <string>

namespace bertc {

class PlanRunner {
public:
  /// Writes the plan of `compiler`, which becomes a module of the last phase,
  /// and opens a session on it.
  static StatusOr<PlanRunner> create(Compiler &compiler, int threads = 0);

  /// The same with more to say about the session.
  static StatusOr<PlanRunner> create(Compiler &compiler,
                                     const rt::SessionOptions &options);

  /// For a module that has been through memory planning.
  static StatusOr<PlanRunner> create(mlir::ModuleOp module, int threads = 0);

  /// Sets every variable of the map.
  Status setVariables(const interpret::TensorMap &values);
  /// The present value of a variable.
  StatusOr<interpret::Tensor> variable(const std::string &name) const;
  /// Runs an entry; all its outputs.
  StatusOr<interpret::TensorMap> run(const std::string &entry,
                                     const interpret::TensorMap &inputs);

  const rt::Plan &plan() const { return session_->plan(); }

private:
  static StatusOr<PlanRunner> open(mlir::ModuleOp module,
                                   const rt::SessionOptions &options);

  explicit PlanRunner(std::unique_ptr<rt::Session> session)
      : session_(std::move(session)) {}

  std::unique_ptr<rt::Session> session_;
};

} // namespace bertc
