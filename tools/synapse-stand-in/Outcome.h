// SPDX-License-Identifier: Apache-2.0
//
// What a call came to: a status for the caller and, for the log and
// synGetLastErrorMessage, the reason in words.
#pragma once

#include "runtime/synapse/Abi.h"

#include <string>
#include <utility>

namespace bertc::standin {

struct [[nodiscard]] Outcome {
  rt::syn::synStatus status = rt::syn::synSuccess;
  std::string why;

  bool ok() const { return status == rt::syn::synSuccess; }
};

inline Outcome fine() { return {}; }
inline Outcome refuse(rt::syn::synStatus status, std::string why) {
  return {status, std::move(why)};
}

} // namespace bertc::standin
