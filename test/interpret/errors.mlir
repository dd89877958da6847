// SPDX-License-Identifier: Apache-2.0
// What is wrong is named on stderr, and the exit code says whose fault it is.
// RUN: %python %S/Inputs/tensors.py write %t.ok.safetensors i:I32:2=0,1
// RUN: %python %S/Inputs/tensors.py write %t.far.safetensors i:I32:2=0,5
// RUN: %python %S/Inputs/tensors.py write %t.bad.safetensors i:F32:2=0,1
// RUN: not bertc-interpret %s pick --input %t.far.safetensors --output %t.out 2>&1 | FileCheck %s --check-prefix=FAR
// RUN: not bertc-interpret %s pick --input %t.bad.safetensors --output %t.out 2>&1 | FileCheck %s --check-prefix=TYPE
// RUN: not bertc-interpret %s pick --output %t.out 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not bertc-interpret %s pack --output %t.out 2>&1 | FileCheck %s --check-prefix=ENTRY
// RUN: not bertc-interpret %s pick --input %t.ok.safetensors --weights %t.ok.safetensors --output %t.out 2>&1 | FileCheck %s --check-prefix=VARIABLE
// RUN: not bertc-interpret %s pick --input %t.ok.safetensors 2>&1 | FileCheck %s --check-prefix=OUTPUT
// RUN: not bertc-interpret %S/Inputs/tensors.py pick --output %t.out 2>&1 | FileCheck %s --check-prefix=PARSE
// RUN: not bertc-interpret %t.none.mlir pick --output %t.out 2>&1 | FileCheck %s --check-prefix=NONE

// FAR: bertc-interpret: error: bert.gather: index 5 at position 1 is outside 0 .. 2
// TYPE: error: input 'i' is F32[2], expected tensor<2xi32>
// MISSING: error: input 'i' of 'pick' is missing, expected tensor<2xi32>
// ENTRY: error: the module has no entry point 'pack'
// VARIABLE: error: the module has no variable 'i'
// OUTPUT: error: expected --output FILE or --compare FILE
// PARSE: error: loc("{{.*}}tensors.py":1:1):
// NONE: error: {{.*}}none.mlir

func.func @pick(%i: tensor<2xi32> {bert.name = "i"}) -> (tensor<2xf32> {bert.name = "y"}) attributes {bert.entry} {
  %t = bert.constant {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %y = bert.gather %t, %i : (tensor<3xf32>, tensor<2xi32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
