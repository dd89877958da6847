// SPDX-License-Identifier: Apache-2.0
//
// TensorFlow's numbers for element types (tensorflow.DataType).
#include "io/TensorTypes.h"

namespace bertc {
namespace {

struct TypeNumber {
  DataType type;
  int32_t number;
};

constexpr TypeNumber kNumbers[] = {
    {DataType::F32, 1},  {DataType::F64, 2},   {DataType::I32, 3},
    {DataType::U8, 4},   {DataType::I16, 5},   {DataType::I8, 6},
    {DataType::I64, 9},  {DataType::Bool, 10}, {DataType::BF16, 14},
    {DataType::F16, 19},
};
constexpr int32_t kString = 7, kResource = 20, kVariant = 21;

} // namespace

DataType dataTypeFromTensorFlow(int32_t number) {
  for (const TypeNumber &row : kNumbers) {
    if (row.number == number) {
      return row.type;
    }
  }
  return number == kString ? DataType::String : DataType::Other;
}

int32_t dataTypeToTensorFlow(DataType type) {
  for (const TypeNumber &row : kNumbers) {
    if (row.type == type) {
      return row.number;
    }
  }
  return 0;
}

bool hasPlainBytes(int32_t number) {
  return number != kString && number != kResource && number != kVariant;
}

} // namespace bertc
