// SPDX-License-Identifier: Apache-2.0
//
// TensorFlow's numbers for element types. Internal to io/.
#pragma once

#include "io/TensorInfo.h"

#include <cstdint>

namespace bertc {

/// Other for a type that we have no use for.
DataType dataTypeFromTensorFlow(int32_t number);

/// 0 for String and Other.
int32_t dataTypeToTensorFlow(DataType type);

/// False for the types (strings, variants, resources) whose stored bytes have
/// a structure of their own, which the checksum follows.
bool hasPlainBytes(int32_t number);

} // namespace bertc
