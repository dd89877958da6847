// SPDX-License-Identifier: Apache-2.0
//
// Filling and copying large memory on all OpenMP threads, so that each page is
// first touched where it is likely used.
#pragma once

#include "bertc/runtime.h"

#include <cstddef>

namespace bertc::rt {

struct TensorRef;

/// memcpy on all threads.
void parallelCopy(void *to, const void *from, size_t bytes);

/// Copies a strided window to dense row-major memory.
void copyToDense(const TensorRef &from, void *to);

/// Fills a variable with its initial value. Element i depends only on the
/// seed, the variable's name and i.
void initialiseVariable(const VariableInfo &variable, uint64_t seed,
                        void *data);

} // namespace bertc::rt
