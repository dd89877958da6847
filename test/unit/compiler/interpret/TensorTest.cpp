// SPDX-License-Identifier: Apache-2.0
#include "compiler/interpret/Files.h"
#include "test/unit/compiler/interpret/Evaluate.h"

#include <cmath>
#include <cstdio>

namespace bertc::interpret {
namespace {

using testing::ElementsAre;

TEST(Tensor, BytesOfEveryTypeComeBack) {
  for (DataType dtype : {DataType::F64, DataType::F32, DataType::BF16,
                         DataType::I64, DataType::I32, DataType::Bool}) {
    Tensor tensor{dtype, {3}, {0, 1, 1}};
    auto bytes = tensor.toBytes(dtype);
    ASSERT_TRUE(bytes.ok());
    auto back = Tensor::fromBytes(dtype, {3}, bytes->data());
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->values, tensor.values) << dataTypeName(dtype);
  }
  EXPECT_FALSE(Tensor::fromBytes(DataType::F16, {0}, nullptr).ok());
}

TEST(Tensor, Bf16RoundsToNearestEven) {
  EXPECT_EQ(convertValue(1 + 0x1p-8, DataType::BF16), 1);
  EXPECT_EQ(convertValue(1 + 0x1p-8 + 0x1p-20, DataType::BF16), 1 + 0x1p-7);
  EXPECT_EQ(convertValue(-(1 + 3 * 0x1p-8), DataType::BF16), -(1 + 0x1p-6));
  EXPECT_EQ(convertValue(3.4e38, DataType::BF16), INFINITY);
  EXPECT_TRUE(std::isnan(convertValue(std::nan(""), DataType::BF16)));
}

TEST(Tensor, FilesKeepNamesTypesAndWidth) {
  std::string path = testing::TempDir() + "interpret_tensors.safetensors";
  TensorMap tensors = {{"a", floats({2}, {0.1, 2})}, {"b", integers({}, {-5})}};
  ASSERT_TRUE(writeTensors(path, tensors, /*wide=*/true).ok());
  auto back = readTensors(path);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ((*back)["a"].dtype, DataType::F64);
  EXPECT_THAT((*back)["a"].values, ElementsAre(0.1, 2));
  EXPECT_EQ((*back)["b"].dtype, DataType::I32);
  EXPECT_TRUE((*back)["b"].shape.empty());
  ASSERT_TRUE(writeTensors(path, tensors, /*wide=*/false).ok());
  EXPECT_EQ((*readTensors(path))["a"][0], 0.1f);
  std::remove(path.c_str());
}

TEST(Tensor, BrokenModulesReportWhere) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = parseModule(
      context, "func.func @f(%x: tensor<2xf32>, %y: tensor<3xf32>) {\n"
               "%z = bert.add %x, %y : (tensor<2xf32>, tensor<3xf32>) -> "
               "tensor<3xf32>\nreturn }");
  ASSERT_FALSE(module.ok());
  EXPECT_THAT(module.status().message(),
              testing::HasSubstr("expected the shapes of x and y to "
                                 "broadcast, found 2 and 3"));
  auto missing = readModule(context, "/nonexistent/x.mlir");
  EXPECT_EQ(missing.status().code(), StatusCode::NotFound);
}

} // namespace
} // namespace bertc::interpret
