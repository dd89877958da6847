// SPDX-License-Identifier: Apache-2.0
//
// SynapseAI's C interface as libSynapse exports it from release 1.16 to 1.21:
// our own declarations of its constants, enums, structs and functions, every
// size and offset checked where it is declared. Nothing here depends on
// SynapseAI being installed. The functions are only declared: bind them by
// name at run time with their types taken from the declarations,
//
//   using namespace bertc::rt::syn;
//   auto *launch =
//       reinterpret_cast<decltype(&synLaunch)>(dlsym(library, "synLaunch"));
//
// The names are those of the C symbols, hence the house style does not apply.
#pragma once

// IWYU pragma: begin_exports
#include "runtime/synapse/AbiEnums.h"
#include "runtime/synapse/AbiFunctions.h"
#include "runtime/synapse/AbiTypes.h"
#include "runtime/synapse/HcclAbi.h"
// IWYU pragma: end_exports
