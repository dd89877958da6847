// SPDX-License-Identifier: Apache-2.0
//
// Variables between a session and weight files: TensorFlow checkpoints,
// safetensors, Hugging Face folders.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "io/SafeTensors.h"
#include "io/TensorInfo.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc {

/// Which variables of the plan are read from a file.
enum class LoadScope {
  /// Weights only: the start of a new run from an old model.
  Weights,
  /// Also the optimizer slots and accumulators that the file has.
  Everything,
};

struct LoadReport {
  /// Variables read.
  size_t loaded = 0;
  /// Weights of the plan that the file lacks.
  std::vector<std::string> missing;
  /// Tensors of the file that the plan has no use for, training state aside.
  std::vector<std::string> unused;
};

/// Reads every variable of the plan that `path` (whatever io/WeightSource.h
/// opens) has. Missing ones are left as they are and reported; a shape that
/// differs is an error naming both. A file without a single weight of the plan
/// is an error.
StatusOr<LoadReport> loadVariables(rt::Session &session,
                                   const std::string &path, LoadScope scope);

/// loadVariables() of weights for `--init-checkpoint`, in a session that has
/// its initial values. Heads that the file lacks (the pooler among them) keep
/// those and are in `missing`; a file that lacks anything else is of another
/// model, an error, and so is a Hugging Face folder whose config.json describes
/// one.
StatusOr<LoadReport> loadInitCheckpoint(rt::Session &session,
                                        const std::string &path);

/// For people: a line with all that was initialised, one with what of the file
/// was not used; none when there is nothing to say.
std::vector<std::string> describeLoad(const std::string &path,
                                      const LoadReport &report);

/// loadVariables() of weights that will not be trained: tensors of a
/// safetensors file (or Hugging Face folder) that are laid out as the plan
/// wants them are used where they are mapped, without a copy. `file` must live
/// as long as the session.
StatusOr<LoadReport> bindVariables(rt::Session &session,
                                   const std::string &path,
                                   SafeTensorsFile *file);

/// "a, b, c and 12 more".
std::string listNames(const std::vector<std::string> &names, size_t limit = 3);

/// A view of a variable under its name, for the writers. With accumulators
/// when `accumulators`.
StatusOr<std::vector<TensorSource>> variableSources(const rt::Session &session,
                                                    bool accumulators);

/// The file's element type for a runtime type.
DataType fileType(rt::DType dtype);

} // namespace bertc
