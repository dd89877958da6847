// SPDX-License-Identifier: Apache-2.0
//
// NAME_metadata.json beside a folder NAME of packed records, as the reference
// writes it and training reads it.
#pragma once

#include <string>

#include "bertc/status.h"
#include "data/packing/PackingPlan.h"

namespace bertc {

/// "a/b_metadata.json" for the folder "a/b" or "a/b/".
std::string packMetadataPath(const std::string &folder);

/// The file's text: the reference's keys, sorted, two spaces of indentation.
std::string packMetadataText(const PackingPlan &plan,
                             const LengthHistogram &histogram,
                             int maxSequencesPerPack);

/// The most frequent kinds of the plan, at most `count`.
std::vector<PackKind> mostFrequentKinds(const PackingPlan &plan, size_t count);

} // namespace bertc
