// SPDX-License-Identifier: Apache-2.0
//
// The names of BERT's variables: ours are those of the reference checkpoints
// (`bert/encoder/layer_0/attention/self/query/kernel`, kernels [in, out]);
// Hugging Face's are dotted, and its linear weights are [out, in].
#pragma once

#include <optional>
#include <string>

namespace bertc {

/// A variable's name in the other naming, and whether its matrix must be
/// transposed on the way.
struct MappedName {
  std::string name;
  bool transposed = false;
};

/// What a name in a Hugging Face file is to us.
enum class ForeignName {
  /// A variable of ours.
  Variable,
  /// Known and of no use: position_ids, the decoder tied to the embedding, a
  /// second copy of the output bias.
  Redundant,
  Unknown,
};

/// Our name for a Hugging Face tensor, with or without the leading `bert.`,
/// `LayerNorm.weight/bias` or `gamma/beta`.
ForeignName fromHuggingFace(const std::string &name, MappedName *mapped);

/// Hugging Face's name for one of our variables; nothing for optimizer slots,
/// global_step and other names that have no counterpart. `bareModel` leaves
/// out the leading `bert.`, as files of the bare encoder do.
std::optional<MappedName> toHuggingFace(const std::string &name,
                                        bool bareModel = false);

/// True for NAME/adam_m, NAME/adam_v, NAME/accum, global_step, bertc/...
bool isTrainingState(const std::string &name);

} // namespace bertc
