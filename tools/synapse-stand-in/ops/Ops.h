// SPDX-License-Identifier: Apache-2.0
//
// What the nodes of a graph do: the rules that each GUID puts on its operands,
// and its execution on the CPU in obvious code. The stand-in library calls
// checkOp for every node when a graph is compiled and runOp when it is
// launched.
//
//   OpCall call{"add_fwd_f32", {a, b}, {y}, nullptr, 0};
//   std::string problem = checkOp(call, synDeviceGaudi2);
//   if (problem.empty()) runOp(call);
//
// The rules are written from the documented interface alone and share nothing
// with the compiler's own table: each is the second opinion on the other.
#pragma once

#include "runtime/synapse/Abi.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bertc::standin {

/// One operand: dense, sizes[0] the fastest-varying dimension. An operand left
/// out (a null synTensor) has dtype syn_type_na, rank 0 and no data.
struct OpTensor {
  rt::syn::synDataType dtype = rt::syn::syn_type_na;
  int rank = 0;
  uint64_t sizes[8] = {};
  void *data = nullptr;
};

/// One node. `params` are the bytes given to synNodeCreate.
struct OpCall {
  const char *guid = "";
  std::vector<OpTensor> in, out;
  const void *params = nullptr;
  unsigned paramsSize = 0;
};

/// Checks the number of operands, dtypes, ranks, shapes, parameters and whether
/// the device has the kernel; data pointers are not looked at. Empty when fine,
/// else what is wrong: "GUID: ...", lower case, no final period.
std::string checkOp(const OpCall &call, rt::syn::synDeviceType device);

/// Executes a node that checkOp found fine on the calling thread and OpenMP's
/// team. Results may share memory with operands of the same shape only for
/// elementwise operations. Indices out of range trap nowhere: what is read
/// there is 0, what is written there is dropped.
void runOp(const OpCall &call);

/// Whether the GUID, with its dtype suffix, is one of those known here.
bool knowsGuid(const char *guid);

} // namespace bertc::standin
