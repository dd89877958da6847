// SPDX-License-Identifier: Apache-2.0
//
// The hash inside a plan file: SHA-256 of the whole file with the 32 bytes of
// Plan.sha256 taken as zero. The writer seals a finished buffer, the loader
// compares.
#pragma once

#include "bertc/status.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace bertc::plan {

/// The hash of a plan buffer whose structure the FlatBuffers verifier has
/// accepted and whose sha256 field has 32 bytes.
std::array<uint8_t, 32> planHash(const uint8_t *bytes, size_t size);

/// Stores planHash() in the buffer's sha256 field. Errors: InvalidArgument when
/// the buffer is no plan or its sha256 field does not have 32 bytes.
Status sealPlan(uint8_t *bytes, size_t size);

} // namespace bertc::plan
