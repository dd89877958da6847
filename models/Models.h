// SPDX-License-Identifier: Apache-2.0
//
// From a configuration and a task to a module of the bert dialect: variables,
// the loss before differentiation, and the entries that need no gradients.
//
//   ModelOptions options;
//   options.task = Task::Pretrain;
//   options.batchSize = 16; options.maxSeqLength = 128;
//   BERTC_ASSIGN_OR_RETURN(auto module, buildModel(context, config, options));
//
// A module in training mode has the helper `@loss` (dropout on, takes `rng`),
// `@evaluate` and `@predict`; in inference mode only `@predict`.
#pragma once

#include "bertc/status.h"
#include "models/BertConfig.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bertc {

enum class Task { Pretrain, Classify, Squad, Encode };
enum class Mode { Train, Infer };

const char *taskName(Task task);
std::optional<Task> parseTask(std::string_view name);
const char *modeName(Mode mode);
std::optional<Mode> parseMode(std::string_view name);

struct ModelOptions {
  Task task = Task::Pretrain;
  Mode mode = Mode::Train;
  int64_t batchSize = 0;    // B
  int64_t maxSeqLength = 0; // S
  /// P; pretrain only.
  int64_t maxPredictionsPerSeq = 20;
  /// Classify only.
  int64_t numLabels = 2;
  /// K: most sequences that share a row; 0 for one sequence a row, unpacked.
  /// Not for encode.
  int64_t packed = 0;
  /// Recorded in the module, not acted on here: lamb or adamw.
  std::string optimizer = "lamb";
  /// Recorded in the module, not acted on here.
  std::string precision = "f32";
};

/// InvalidArgument names the option that does not fit, with what is expected.
Status checkModelOptions(const BertConfig &config, const ModelOptions &options);

/// The module, unverified. models/Tasks.h has the names and shapes of inputs
/// and outputs of each function.
StatusOr<mlir::OwningOpRef<mlir::ModuleOp>>
buildModel(mlir::MLIRContext &context, const BertConfig &config,
           const ModelOptions &options);

} // namespace bertc
