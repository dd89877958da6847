// SPDX-License-Identifier: Apache-2.0
//
// Packed pre-training records: told from plain ones by their features, held
// against the plan, and counted. A pack is one row of a batch and up to K
// sequences; what users count is sequences.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "io/Example.h"
#include "run/BatchStream.h"
#include "run/RecordSet.h"

#include <string>
#include <vector>

namespace bertc {

/// K of a packed record, 0 for a plain one. Corrupt when the features of packs
/// contradict each other.
StatusOr<int64_t> packedSequences(const ExampleView &example);

/// Whether a record with `packed` sequences a pack (0: plain) fits a plan for
/// `planned`; the error names both. `plainFits` allows plain records in a
/// packed plan, as packs of one sequence.
Status checkPacking(int64_t packed, int64_t planned, bool plainFits);

/// Values that `feature` of a plan for packs must have in a plain record: 0
/// when it is not in such records, else the number.
size_t plainValues(const BatchFeature &feature, const rt::ModelInfo &model);

/// Writes one row of `feature` as a pack that holds the plain record alone.
Status readPlainRow(const ExampleView &example, const BatchFeature &feature,
                    uint8_t *row);

/// Sequences of a row, from its input_mask: the largest number.
uint32_t sequencesOfRow(const int32_t *mask, size_t positions);

/// Sequences of an average pack: what the metadata beside the records says,
/// else the average over up to 4096 records spread over the set. `source` says
/// which, for people.
StatusOr<double> expectedSequences(const std::vector<std::string> &inputs,
                                   const RecordSet &records,
                                   std::string *source);

/// The reference's rule: as each micro-batch holds that many more sequences,
/// an update needs that many fewer; rounded as Python does, at least 1.
int64_t packedAccumulationSteps(int64_t asked, double expectedSequences);

} // namespace bertc
