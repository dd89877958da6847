// SPDX-License-Identifier: Apache-2.0
//
// Casts between all pairs of f32, bf16, i32 and i8 with their rounding modes,
// constants, memset and range.
#include "runtime/synapse/KernelParams.h"
#include "tools/synapse-stand-in/ops/Broadcast.h"
#include "tools/synapse-stand-in/ops/OpTable.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace bertc::standin {
namespace {

using rt::syn::CastParams;
using rt::syn::CastRound;
using rt::syn::ConstantI64Params;
using rt::syn::ConstantParams;
using rt::syn::RangeParams;

bool isFloat(rt::syn::synDataType dtype) {
  return dtype == F32 || dtype == BF16;
}

void checkCast(Check &check, rt::syn::synDataType from,
               rt::syn::synDataType to) {
  check.operands({"x"}, {"y"});
  check.dtype({"x"}, {from});
  check.dtype({"y"}, {to});
  check.shape({"y"}, shapeOf(check["x"]));
  if (check.paramsBytes() == 0) {
    return;
  }
  auto mode = static_cast<int>(check.params<CastParams>().roundMode);
  if (mode < 0 || mode > 8 || mode == 7) {
    check.fail("rounding mode is " + std::to_string(mode) +
               ", expected 0 to 6 or 8");
  }
}

/// Left out, or DEFAULT: to nearest even for floats, to zero for integers.
CastRound roundingOf(const OpCall &call) {
  CastRound mode =
      call.params ? paramsOf<CastParams>(call).roundMode : CastRound::Default;
  if (mode != CastRound::Default) {
    return mode;
  }
  return isFloat(call.out[0].dtype) ? CastRound::NearestEven : CastRound::Zero;
}

/// Sixteen bits that depend on the element alone: stochastic rounding here is
/// the same in every run.
uint32_t diceOf(uint64_t element) {
  uint32_t x = static_cast<uint32_t>(element) * 0x9e3779b9u + 0x7f4a7c15u;
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return (x ^ (x >> 16)) & 0xffff;
}

/// A float with 16 bits of its mantissa dropped by the mode.
float roundToBf16(float x, CastRound mode, uint64_t element) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  if ((bits & 0x7fffffff) >= 0x7f800000) {
    return x;
  }
  bool negative = bits >> 31;
  uint32_t carry = 0;
  switch (mode) {
  case CastRound::Down:
    carry = negative ? 0xffff : 0;
    break;
  case CastRound::Up:
    carry = negative ? 0 : 0xffff;
    break;
  case CastRound::Stochastic:
  case CastRound::StochasticFlush:
    carry = diceOf(element);
    break;
  case CastRound::HalfAway:
    carry = 0x8000;
    break;
  case CastRound::NearestEven:
    carry = 0x7fff + ((bits >> 16) & 1);
    break;
  default:
    break;
  }
  bits = (bits + carry) & 0xffff0000u;
  std::memcpy(&x, &bits, 4);
  return x;
}

/// A whole number near x; saturates, NaN becomes 0.
int32_t roundToInt(float x, CastRound mode, uint64_t element, int32_t least,
                   int32_t most) {
  double value = x;
  switch (mode) {
  case CastRound::NearestEven:
    value = std::nearbyint(value);
    break;
  case CastRound::Down:
    value = std::floor(value);
    break;
  case CastRound::Up:
    value = std::ceil(value);
    break;
  case CastRound::Stochastic:
  case CastRound::StochasticFlush:
    value = std::floor(value + diceOf(element) / 65536.0);
    break;
  case CastRound::HalfAway:
    value = std::round(value);
    break;
  default:
    value = std::trunc(value);
  }
  if (std::isnan(value)) {
    return 0;
  }
  return static_cast<int32_t>(
      std::min<double>(most, std::max<double>(least, value)));
}

void writeInt(const OpTensor &tensor, uint64_t at, int32_t value) {
  if (tensor.dtype == I32) {
    static_cast<int32_t *>(tensor.data)[at] = value;
  } else {
    static_cast<int8_t *>(tensor.data)[at] = static_cast<int8_t>(
        std::min<int32_t>(127, std::max<int32_t>(-128, value)));
  }
}

/// To bf16 by a mode of its own, from f32 (integers are first made f32).
void castToFloat(const OpCall &call, CastRound mode) {
  const OpTensor &x = call.in[0], &y = call.out[0];
  bool rounds = y.dtype == BF16 && mode != CastRound::NearestEven;
  forEachPiece(1, elementCount(x), [&](uint64_t, uint64_t first, uint64_t n) {
    float buffer[PieceLength], rounded[PieceLength];
    const float *from = readFloats(x, first, n, buffer);
    if (rounds) {
      for (uint64_t i = 0; i < n; ++i) {
        rounded[i] = roundToBf16(from[i], mode, first + i);
      }
      from = rounded;
    }
    writeFloats(y, first, n, from);
  });
}

void castToInt(const OpCall &call, CastRound mode) {
  const OpTensor &x = call.in[0], &y = call.out[0];
  bool wide = y.dtype == I32;
  int32_t least = wide ? std::numeric_limits<int32_t>::min() : -128;
  int32_t most = wide ? std::numeric_limits<int32_t>::max() : 127;
  forEachPiece(1, elementCount(x), [&](uint64_t, uint64_t first, uint64_t n) {
    for (uint64_t i = first; i < first + n; ++i) {
      writeInt(y, i,
               isFloat(x.dtype)
                   ? roundToInt(readFloat(x, i), mode, i, least, most)
                   : readInt(x, i));
    }
  });
}

void runCast(const OpCall &call) {
  if (isFloat(call.out[0].dtype)) {
    castToFloat(call, roundingOf(call));
  } else {
    castToInt(call, roundingOf(call));
  }
}

void runConstant(const OpCall &call) {
  const OpTensor &y = call.out[0];
  auto value = paramsOf<ConstantParams>(call).value;
  std::vector<char> element(elementBytes(y.dtype));
  OpTensor one{y.dtype, 1, {1}, element.data()};
  if (y.dtype == I32) {
    writeInt(one, 0, value.i);
  } else {
    writeFloats(one, 0, 1, &value.f);
  }
  char *to = static_cast<char *>(y.data);
  for (uint64_t i = 0; i < elementCount(y); ++i) {
    std::memcpy(to + i * element.size(), element.data(), element.size());
  }
}

void runConstantI64(const OpCall &call) {
  auto params = paramsOf<ConstantI64Params>(call);
  uint64_t value = params.low | static_cast<uint64_t>(params.high) << 32;
  std::fill_n(static_cast<uint64_t *>(call.out[0].data),
              elementCount(call.out[0]), value);
}

void checkMemset(Check &check) {
  check.operands({}, {"y"});
  check.noParams();
}

void runMemset(const OpCall &call) {
  const OpTensor &y = call.out[0];
  std::memset(y.data, 0, elementCount(y) * elementBytes(y.dtype));
}

/// Elements of start, start + delta... before limit.
uint64_t rangeCount(double start, double limit, double delta) {
  return static_cast<uint64_t>(
      std::max(0.0, std::ceil((limit - start) / delta)));
}

void checkRange(Check &check, rt::syn::synDataType dtype) {
  check.operands({}, {"y"});
  check.dtype({"y"}, {dtype});
  auto params = check.params<RangeParams>();
  bool whole = dtype == I32;
  double start = whole ? params.start.i : params.start.f;
  double limit = whole ? params.limit.i : params.limit.f;
  double delta = whole ? params.delta.i : params.delta.f;
  if (check.ok() && delta == 0) {
    check.fail("delta is 0");
  }
  if (check.ok()) {
    check.shape({"y"}, {rangeCount(start, limit, delta)});
  }
}

void runRange(const OpCall &call) {
  auto params = paramsOf<RangeParams>(call);
  const OpTensor &y = call.out[0];
  for (uint64_t i = 0; i < y.sizes[0]; ++i) {
    if (y.dtype == I32) {
      writeInt(y, i, params.start.i + static_cast<int32_t>(i) * params.delta.i);
    } else {
      static_cast<float *>(y.data)[i] =
          params.start.f + static_cast<float>(i) * params.delta.f;
    }
  }
}

void checkConstant(Check &check, rt::syn::synDataType dtype, unsigned bytes) {
  check.operands({}, {"y"});
  check.dtype({"y"}, {dtype});
  check.paramsOfSize(bytes);
}

} // namespace

void addCastOps(OpTable &table) {
  for (const Suffix &from : AllSuffixes) {
    for (const Suffix &to : AllSuffixes) {
      if (from.dtype != to.dtype) {
        std::string guid = std::string("cast_") + from.text + "_to_" + to.text;
        table[guid] = {
            [a = from.dtype, b = to.dtype](Check &c) { checkCast(c, a, b); },
            runCast};
      }
    }
  }
  for (const Suffix &suffix : AllSuffixes) {
    auto dtype = suffix.dtype;
    if (dtype != I8) {
      table[std::string("constant_") + suffix.text] = {
          [dtype](Check &c) {
            checkConstant(c, dtype, sizeof(ConstantParams));
          },
          runConstant};
    }
    if (dtype == F32 || dtype == I32) {
      table[std::string("range_") + suffix.text] = {
          [dtype](Check &c) { checkRange(c, dtype); }, runRange};
    }
  }
  table["constant_i64"] = {[](Check &c) {
                             checkConstant(c, rt::syn::syn_type_int64,
                                           sizeof(ConstantI64Params));
                           },
                           runConstantI64};
  table["memset"] = {checkMemset, runMemset, On::Every, 8};
}

} // namespace bertc::standin
