// SPDX-License-Identifier: Apache-2.0
//
// Everything of the `cpu` dialect; root of the generated code and docs.

#ifndef BERTC_CPU_TD
#define BERTC_CPU_TD

include "dialects/cpu/CpuCollectiveOps.td"
include "dialects/cpu/CpuElementwiseOps.td"
include "dialects/cpu/CpuFusedOps.td"
include "dialects/cpu/CpuMaskOps.td"
include "dialects/cpu/CpuMatmulOps.td"
include "dialects/cpu/CpuModelOps.td"
include "dialects/cpu/CpuStorageOps.td"

#endif // BERTC_CPU_TD
