// SPDX-License-Identifier: Apache-2.0
//
// A tiny model on the same sequences, packed and one a row, and its results in
// a form that does not depend on how they were laid out.
#pragma once

#include "compiler/driver/Compiler.h"
#include "test/unit/compiler/emit/PackedBatch.h"

#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace bertc {

/// Ids of the model are below this, and its sequences at most so long.
inline constexpr int packedVocabulary = 50;
inline constexpr int64_t packedMostPositions = 16;

/// What runs a model: the interpreter after a phase, or the plan.
struct PackedEngine {
  const char *name;
  Phase phase; // Plan for the runtime
  double lossTolerance;
  double tensorTolerance;
};

inline void PrintTo(const PackedEngine &engine, std::ostream *out) {
  *out << engine.name;
}

/// loss_scale of train_step.
inline constexpr double packedLossScale = 0.5;

/// Runs an entry of a new model with random variables, the same for every
/// batch size and layout, without dropout. After train_step the accumulators,
/// which begin at 0, are among the results.
StatusOr<interpret::TensorMap> runModel(const PackedEngine &engine,
                                        const ModelOptions &model,
                                        const std::string &entry,
                                        interpret::TensorMap batch);

/// Results for one sequence by name.
using SequenceRows = std::map<std::string, std::vector<double>>;

/// Splits the results of predict by sequence, in the order of `packs`; rows of
/// places that hold no sequence are left out. Span logits are those of the
/// sequence's own tokens.
std::vector<SequenceRows> rowsBySequence(const interpret::TensorMap &results,
                                         const SamplePacks &packs,
                                         const ModelOptions &model);

/// The same sequences one a row. Squad takes its softmax over all positions of
/// a row, so its rows have no padding: one model for each length there is.
class UnpackedModel {
public:
  UnpackedModel(const PackedEngine &engine, Task task,
                const SamplePacks &packs);

  /// Losses and gradients as means over all sequences, counts and sums of
  /// evaluation over all, but not its predictions.
  StatusOr<interpret::TensorMap> run(const std::string &entry) const;
  /// Results of predict by sequence.
  StatusOr<std::vector<SequenceRows>> predict() const;

private:
  struct Group {
    ModelOptions model;
    SamplePacks rows;
    std::vector<size_t> numbers; // of the sequences, over all packs
  };
  const PackedEngine &engine_;
  size_t sequences_ = 0;
  std::vector<Group> groups_;
};

} // namespace bertc
