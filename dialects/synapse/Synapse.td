// SPDX-License-Identifier: Apache-2.0
//
// Everything of the `synapse` dialect; root of the generated code and docs.

#ifndef BERTC_SYNAPSE_TD
#define BERTC_SYNAPSE_TD

include "dialects/synapse/SynapseOps.td"

#endif // BERTC_SYNAPSE_TD
