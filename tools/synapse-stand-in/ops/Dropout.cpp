// SPDX-License-Identifier: Apache-2.0
//
// Dropout from a seed tensor. The device's random sequence is not documented:
// only the statistics of this one are those of the device.
#include "runtime/synapse/KernelParams.h"
#include "tools/synapse-stand-in/ops/Broadcast.h"
#include "tools/synapse-stand-in/ops/OpTable.h"

#include <cmath>

namespace bertc::standin {
namespace {

using rt::syn::DropoutParams;

void checkRatio(Check &check) {
  auto params = check.params<DropoutParams>();
  if (check.ok() && !(params.ratio >= 0.0f && params.ratio < 1.0f)) {
    check.fail("ratio is " + std::to_string(params.ratio) +
               ", expected a probability to drop below 1");
  }
}

void checkDropout(Check &check, rt::syn::synDataType dtype) {
  check.operands({"x", "seed?"}, {"y", "mask"});
  check.dtype({"x", "y"}, {dtype});
  check.dtype({"seed"}, {I32});
  check.dtype({"mask"}, {I8});
  checkRatio(check);
  check.shape({"seed"}, {1});
  check.shape({"y", "mask"}, shapeOf(check["x"]));
  if (check.ok() && check.has("seed") &&
      check.params<DropoutParams>().seed != 0) {
    check.fail("both a seed tensor and a seed of " +
               std::to_string(check.params<DropoutParams>().seed) +
               " are given, expected the latter to be 0");
  }
}

void checkDropoutGrad(Check &check, rt::syn::synDataType dtype) {
  check.operands({"dy", "mask"}, {"dx"});
  check.dtype({"dy", "dx"}, {dtype});
  check.dtype({"mask"}, {I8});
  checkRatio(check);
  check.shape({"mask", "dx"}, shapeOf(check["dy"]));
}

float keptScale(const OpCall &call) {
  return 1.0f / (1.0f - paramsOf<DropoutParams>(call).ratio);
}

void runDropout(const OpCall &call) {
  auto params = paramsOf<DropoutParams>(call);
  const OpTensor &x = call.in[0], &y = call.out[0];
  bool hasSeed = call.in.size() > 1 && call.in[1].rank > 0;
  uint32_t seed =
      hasSeed ? static_cast<uint32_t>(readInt(call.in[1], 0)) : params.seed;
  double numbers = std::ldexp(static_cast<double>(params.ratio), 32);
  uint32_t threshold = static_cast<uint32_t>(numbers);
  float scale = keptScale(call);
  int8_t *mask = static_cast<int8_t *>(call.out[1].data);
  forEachPiece(1, elementCount(x), [&](uint64_t, uint64_t first, uint64_t n) {
    alignas(64) float from[PieceLength], to[PieceLength];
    leaf().dropoutMask(seed, first, threshold, mask + first,
                       static_cast<int64_t>(n));
    const float *values = readFloats(x, first, n, from);
    float *result = floatsToWrite(y, first, to);
    leaf().applyMask(values, mask + first, scale, result,
                     static_cast<int64_t>(n));
    writeFloats(y, first, n, result);
  });
}

void runDropoutGrad(const OpCall &call) {
  const OpTensor &dy = call.in[0], &dx = call.out[0];
  const int8_t *mask = static_cast<const int8_t *>(call.in[1].data);
  float scale = keptScale(call);
  forEachPiece(1, elementCount(dy), [&](uint64_t, uint64_t first, uint64_t n) {
    alignas(64) float from[PieceLength], to[PieceLength];
    const float *values = readFloats(dy, first, n, from);
    float *result = floatsToWrite(dx, first, to);
    leaf().applyMask(values, mask + first, scale, result,
                     static_cast<int64_t>(n));
    writeFloats(dx, first, n, result);
  });
}

} // namespace

void addDropoutOps(OpTable &table) {
  for (const Suffix &suffix : FloatSuffixes) {
    auto dtype = suffix.dtype;
    std::string end = std::string("_") + suffix.text;
    table["dropout_fwd" + end] = {[dtype](Check &c) { checkDropout(c, dtype); },
                                  runDropout};
    table["dropout_bwd" + end] = {
        [dtype](Check &c) { checkDropoutGrad(c, dtype); }, runDropoutGrad};
  }
}

} // namespace bertc::standin
