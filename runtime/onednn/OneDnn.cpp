// SPDX-License-Identifier: Apache-2.0

#include "runtime/onednn/OneDnn.h"

#include "runtime/core/Bf16Rate.h"
#include "runtime/core/CpuFeatures.h"

#include <cstring>

namespace bertc::rt {

static void capOneDnn() {
  if (usableIsa() >= detectedIsa()) {
    return;
  }
  dnnl_cpu_isa_t cap = dnnl_cpu_isa_default;
  switch (usableIsa()) {
  case Isa::None:
    cap = dnnl_cpu_isa_sse41;
    break;
  case Isa::Avx2:
    cap = dnnl_cpu_isa_avx2;
    break;
  case Isa::Avx512:
    cap = dnnl_cpu_isa_avx512_core;
    break;
  case Isa::Avx512Bf16:
    cap = dnnl_cpu_isa_avx512_core_bf16;
    break;
  case Isa::Amx:
    break;
  }
  // Fails only when the embedding program used oneDNN before us; its choice
  // then stands.
  (void)dnnl_set_max_cpu_isa(cap);
}

dnnl::engine &cpuEngine() {
  static dnnl::engine engine = [] {
    capOneDnn();
    return dnnl::engine(dnnl::engine::kind::cpu, 0);
  }();
  return engine;
}

dnnl::stream &cpuStream() {
  static dnnl::stream stream(cpuEngine());
  return stream;
}

dnnl::memory::data_type toDnnl(DType dtype) {
  return dtype == DType::BF16 ? dnnl::memory::data_type::bf16
                              : dnnl::memory::data_type::f32;
}

static bool libraryMultipliesBf16() {
  try {
    using dnnl::memory;
    memory::desc square({64, 64}, memory::data_type::bf16,
                        memory::format_tag::ab);
    dnnl::matmul::primitive_desc pd(cpuEngine(), square, square, square);
    return !isReference(pd.impl_info_str());
  } catch (const dnnl::error &) {
    return false;
  }
}

static const Bf16Choice &bf16Choice() {
  static const Bf16Choice choice = chooseBf16(libraryMultipliesBf16());
  return choice;
}

bool multipliesBf16() { return bf16Choice().inBf16; }

const char *bf16ProductsReason() { return bf16Choice().reason.c_str(); }

bool isReference(const char *implementation) {
  return std::strstr(implementation, "ref") != nullptr;
}

} // namespace bertc::rt
