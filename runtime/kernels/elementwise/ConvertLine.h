// SPDX-License-Identifier: Apache-2.0
//
// Conversions of one contiguous run of numbers on the calling thread, for who
// walks over memory by himself.
#pragma once

#include <cstdint>

namespace bertc::rt::kernels {

/// out[i] = scale * in[i], from bf16.
void widenLine(const uint16_t *in, float *out, int64_t n, float scale);

/// out[i] = in[i] rounded to bf16, to nearest even.
void narrowLine(const float *in, uint16_t *out, int64_t n);

/// out[i] = scale * (in[i] rounded to bf16), as f32.
void roundLine(const float *in, float *out, int64_t n, float scale);

} // namespace bertc::rt::kernels
