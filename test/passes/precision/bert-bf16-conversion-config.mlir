// RUN: bertc-opt --bert-bf16-conversion=config=%S/Inputs/other.json --split-input-file %s 2> %t | FileCheck %s
// RUN: FileCheck --check-prefix=WARN %s < %t

// An exception of a file that matches nothing is a warning with its position;
// these modules are converted one by one.
// WARN: other.json:5:53: exception 'never' Sub matches no operation

// Tests that a strict conditional operation is in bf16 when all neighbours are,
// where constants do not count.
// CHECK-LABEL: func.func @strict_all
// CHECK-SAME: Mul = "bf16: strict conditional list, all neighbours in bf16"
// CHECK: bert.mul {{.*}} -> tensor<4xbf16>
func.func @strict_all(%x: tensor<4xf32>) -> tensor<4xf32> {
  %two = bert.constant {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %0 = bert.sqrt %x {scope = "Sqrt"} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = bert.mul %0, %two {scope = "Mul"} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = bert.sqrt %1 {scope = "Sqrt_1"} : (tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// -----

// Tests that one neighbour in f32 keeps it there.
// CHECK-LABEL: func.func @strict_not_all
// CHECK-SAME: Mul = "f32: strict conditional list, a neighbour in f32"
// CHECK: bert.mul {{.*}} -> tensor<4xf32>
func.func @strict_not_all(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %0 = bert.sqrt %x {scope = "Sqrt"} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = bert.mul %0, %y {scope = "Mul"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = bert.sqrt %1 {scope = "Sqrt_1"} : (tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// -----

// Tests that strict and plain conditions work together to a fixed point: the
// subtraction is next to a root, and then the negation has bf16 on both sides.
// CHECK-LABEL: func.func @fixed_point
// CHECK: bert.neg {{.*}} -> tensor<4xbf16>
func.func @fixed_point(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %0 = bert.sqrt %x {scope = "Sqrt"} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = bert.neg %0 {scope = "Neg"} : (tensor<4xf32>) -> tensor<4xf32>
  %2 = bert.sub %1, %y {scope = "sub"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = bert.sqrt %2 {scope = "Sqrt_1"} : (tensor<4xf32>) -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// -----

// Tests that two strict operations next to each other do not wait for each
// other's bf16 to come true.
// CHECK-LABEL: func.func @strict_pair
// CHECK: bert.neg {{.*}} -> tensor<4xf32>
// CHECK: bert.neg {{.*}} -> tensor<4xf32>
func.func @strict_pair(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = bert.sqrt %x {scope = "Sqrt"} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = bert.neg %0 {scope = "Neg"} : (tensor<4xf32>) -> tensor<4xf32>
  %2 = bert.neg %1 {scope = "Neg_1"} : (tensor<4xf32>) -> tensor<4xf32>
  %3 = bert.sqrt %2 {scope = "Sqrt_1"} : (tensor<4xf32>) -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// -----

// Tests anchored expressions, and that an exception has to fit the type.
// CHECK-LABEL: func.func @exceptions
// CHECK: bert.sqrt {{.*}}"frozen/Sqrt"} {{.*}} -> tensor<4xf32>
// CHECK: bert.sqrt {{.*}}"a/frozen/Sqrt"} {{.*}} -> tensor<4xbf16>
// CHECK: bert.exp {{.*}}"hot/Exp_12"} {{.*}} -> tensor<4xbf16>
// CHECK: bert.exp {{.*}}"hot/Exp_12/x"} {{.*}} -> tensor<4xf32>
// CHECK: bert.log {{.*}}"hot/Log_1"} {{.*}} -> tensor<4xf32>
func.func @exceptions(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %0 = bert.sqrt %x {scope = "frozen/Sqrt"} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = bert.sqrt %x {scope = "a/frozen/Sqrt"} : (tensor<4xf32>) -> tensor<4xf32>
  %2 = bert.exp %x {scope = "hot/Exp_12"} : (tensor<4xf32>) -> tensor<4xf32>
  %3 = bert.exp %x {scope = "hot/Exp_12/x"} : (tensor<4xf32>) -> tensor<4xf32>
  %4 = bert.log %x {scope = "hot/Log_1"} : (tensor<4xf32>) -> tensor<4xf32>
  return %0, %1, %2, %3, %4 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

bert.variable @table : tensor<8x4xf32>

// Tests that a list does not make a variable anything but f32, while a gather
// that is listed reads a table in bf16.
// CHECK-LABEL: func.func @listed_variable
// CHECK: bert.read @table {{.*}} : tensor<8x4xf32>
// CHECK-NEXT: %[[T:.*]] = bert.cast
// CHECK-NEXT: bert.gather %[[T]], {{.*}} -> tensor<2x4xbf16>
func.func @listed_variable(%i: tensor<2xi32>) -> tensor<2x4xf32> {
  %w = bert.read @table {scope = "table/read"} : tensor<8x4xf32>
  %0 = bert.gather %w, %i {scope = "GatherV2"} : (tensor<8x4xf32>, tensor<2xi32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}
