// SPDX-License-Identifier: Apache-2.0
//
// Reading typed features of records, with errors that name them.
#pragma once

#include <cstdint>
#include <vector>

#include "bertc/status.h"
#include "io/Example.h"

namespace bertc {

/// The values of feature `name`; Corrupt when it is missing or of another type.
StatusOr<std::vector<int64_t>> readInts(const ExampleView &example,
                                        const char *name);
StatusOr<std::vector<float>> readFloats(const ExampleView &example,
                                        const char *name);

/// Corrupt unless feature `a` has as many values as feature `b`.
Status sameLength(const char *a, size_t aSize, const char *b, size_t bSize);

} // namespace bertc
