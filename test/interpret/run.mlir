// SPDX-License-Identifier: Apache-2.0
// An entry point runs on named tensors; variables come from a file, stay at
// their initial value, or are drawn from a seed.
// RUN: %python %S/Inputs/tensors.py write %t.in.safetensors x:F32:2=0.1,2
// RUN: %python %S/Inputs/tensors.py write %t.w.safetensors w:F32:2=3,5
// RUN: bertc-interpret %s step --input %t.in.safetensors --weights %t.w.safetensors --output %t.out.safetensors --variables-output %t.after.safetensors
// RUN: %python %S/Inputs/tensors.py show %t.out.safetensors | FileCheck %s --check-prefix=GIVEN
// RUN: %python %S/Inputs/tensors.py show %t.after.safetensors | FileCheck %s --check-prefix=AFTER
// RUN: %python %S/Inputs/tensors.py write %t.wide.safetensors x:F64:2=0.1,2
// RUN: bertc-interpret %s step --input %t.wide.safetensors --f64 --output %t.out.safetensors
// RUN: %python %S/Inputs/tensors.py show %t.out.safetensors | FileCheck %s --check-prefix=WIDE
// RUN: bertc-interpret %s draws --seed 7 --output %t.a.safetensors
// RUN: bertc-interpret %s draws --seed=7 --output %t.b.safetensors
// RUN: bertc-interpret %s draws --seed 8 --output %t.c.safetensors
// RUN: cmp %t.a.safetensors %t.b.safetensors
// RUN: not cmp %t.a.safetensors %t.c.safetensors

// GIVEN: y F32 [2] 0.30000001192092896 10.0
// AFTER: w F32 [2] 0.30000001192092896 10.0
// WIDE: y F64 [2] 0.2 4.0

bert.variable @w : tensor<2xf32> {init_value = 2.0 : f32}
bert.variable @drawn : tensor<3xf32> {init = #bert.init<truncated_normal>, init_value = 0.5 : f32}

func.func @step(%x: tensor<2xf32> {bert.name = "x"}) -> (tensor<2xf32> {bert.name = "y"}) attributes {bert.entry} {
  %w = bert.read @w : tensor<2xf32>
  %y = bert.mul %x, %w : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  bert.assign @w, %y : tensor<2xf32>
  return %y : tensor<2xf32>
}

func.func @draws() -> (tensor<3xf32> {bert.name = "y"}) attributes {bert.entry} {
  %y = bert.read @drawn : tensor<3xf32>
  return %y : tensor<3xf32>
}
