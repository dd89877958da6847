// RUN: bertc-opt --bert-to-synapse %s -split-input-file -verify-diagnostics

bert.variable @w : tensor<4xf32> {trainable}
bert.variable @a : tensor<4xf32> {role = #bert.role<accum>, owner = @w}
func.func @wire() attributes {bert.entry} {
  // expected-error@+1 {{expected a sum that is not early, with f32 on the way: HCCL adds in the type that it is given}}
  bert.all_reduce [@a] {bucket = 0 : i32, wire = #bert.wire<bf16>}
  return
}

// -----

bert.variable @w : tensor<4xf32> {trainable}
bert.variable @a : tensor<4xf32> {role = #bert.role<accum>, owner = @w}
func.func @early() attributes {bert.entry} {
  // expected-error@+1 {{expected a sum that is not early, with f32 on the way: HCCL adds in the type that it is given}}
  bert.all_reduce [@a] {bucket = 0 : i32, early}
  return
}

// -----

bert.variable @w : tensor<4xf32> {trainable}
bert.variable @a : tensor<4xf32> {role = #bert.role<accum>, owner = @w}
func.func @behind(%x: tensor<4xf32> {bert.name = "x"}) attributes {bert.entry} {
  bert.assign @w, %x : tensor<4xf32>
  // expected-error@+1 {{expected it before everything that reads or assigns variables}}
  bert.all_reduce [@a] {bucket = 0 : i32}
  return
}
