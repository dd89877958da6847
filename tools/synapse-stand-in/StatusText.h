// SPDX-License-Identifier: Apache-2.0
//
// Short texts, at most STATUS_DESCRIPTION_MAX_SIZE bytes with the final zero.
#pragma once

#include "tools/synapse-stand-in/Library.h"

namespace bertc::standin {

/// A few words for any status, known or not.
const char *statusText(rt::syn::synStatus status);

/// Copies with a final zero; false when it does not fit into `room` bytes.
bool copyText(const std::string &text, char *to, uint64_t room);

} // namespace bertc::standin
