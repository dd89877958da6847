// SPDX-License-Identifier: Apache-2.0
//
// The little that all users of oneDNN share: engine, stream, and the border
// where the library's exceptions become Status values.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"

#include <oneapi/dnnl/dnnl.hpp>

namespace bertc::rt {

/// The CPU engine and its stream. The first call caps oneDNN at usableIsa().
dnnl::engine &cpuEngine();
dnnl::stream &cpuStream();

/// f32 or bf16; the callers have checked that it is one of these.
dnnl::memory::data_type toDnnl(DType dtype);

/// Whether products of bf16 are left to bf16 arithmetic: the library has it at
/// the ISA it is capped at, and the CPU gains by it (runtime/core/Bf16Rate.h).
/// Otherwise they are formed in f32.
bool multipliesBf16();

/// Why, for people.
const char *bf16ProductsReason();

/// True for implementations that are only meant to be correct.
bool isReference(const char *implementation);

/// Runs fn, which returns Status, and turns a thrown dnnl::error into one.
template <typename Fn> Status callDnnl(const char *what, Fn fn) {
  try {
    return fn();
  } catch (const dnnl::error &e) {
    std::string text = std::string(what) + ": oneDNN says: " + e.what();
    return e.status == dnnl_out_of_memory ? resourceExhausted(text)
                                          : internalError(text);
  } catch (const std::bad_alloc &) {
    return resourceExhausted(std::string(what) + ": out of memory");
  }
}

} // namespace bertc::rt
