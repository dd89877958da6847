// RUN: bertc-opt --bert-to-synapse %s -split-input-file -verify-diagnostics

// expected-error@+1 {{'func.func' op is no entry; only entries can be lowered}}
func.func @helper(%x: tensor<4xf32>) {
  return
}

// -----

func.func @fused(%x: tensor<4x4xf32> {bert.name = "x"}, %b: tensor<4xf32> {bert.name = "b"}) -> (tensor<4x4xf32> {bert.name = "y"}) attributes {bert.entry} {
  // expected-error@+1 {{'bert.matmul_bias' op cannot be lowered to a synapse target (in @fused); forms made for the cpu (fusions, ranges of keys) have no place before}}
  %0 = bert.matmul_bias %x, %x, %b : (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

func.func @ranges(%x: tensor<2x8xi32> {bert.name = "x"}) -> (tensor<2x8x2xi32> {bert.name = "y"}) attributes {bert.entry} {
  // expected-error@+1 {{'bert.key_ranges' op cannot be lowered to a synapse target (in @ranges); forms made for the cpu (fusions, ranges of keys) have no place before}}
  %0 = bert.key_ranges %x : (tensor<2x8xi32>) -> tensor<2x8x2xi32>
  return %0 : tensor<2x8x2xi32>
}

// -----

func.func @f64(%x: tensor<4xf64> {bert.name = "x"}) -> (tensor<4xf64> {bert.name = "y"}) attributes {bert.entry} {
  // expected-error@+1 {{expected an element type that a synapse target has (f32, bf16, i32, i1), found 'f64'}}
  %0 = bert.neg %x : (tensor<4xf64>) -> tensor<4xf64>
  return %0 : tensor<4xf64>
}

// -----

func.func @rank(%x: tensor<1x1x1x1x1x4xf32> {bert.name = "x"}) -> (tensor<1x1x1x1x1x4xf32> {bert.name = "y"}) attributes {bert.entry} {
  // expected-error@+1 {{expected at most the 5 dimensions that a synapse target has, found 6}}
  %0 = bert.neg %x : (tensor<1x1x1x1x1x4xf32>) -> tensor<1x1x1x1x1x4xf32>
  return %0 : tensor<1x1x1x1x1x4xf32>
}
