// RUN: bertc-opt --bert-to-synapse --split-input-file --verify-diagnostics %s

func.func @no_mask(%dy: tensor<2x4xf32> {bert.name = "dy"}, %rng: tensor<4xi32> {bert.name = "rng"}) -> (tensor<2x4xf32> {bert.name = "dx"}) attributes {bert.entry} {
  %y = bert.dropout %dy, %rng {rate = 0.1 : f32, op_id = 2 : i32} : (tensor<2x4xf32>, tensor<4xi32>) -> tensor<2x4xf32>
  // expected-error@+1 {{of op_id 3 has no dropout of that op_id and rate before it, expected one in the same entry: a synapse target keeps its mask}}
  %dx = bert.dropout_grad %y, %rng {rate = 0.1 : f32, op_id = 3 : i32} : (tensor<2x4xf32>, tensor<4xi32>) -> tensor<2x4xf32>
  return %dx : tensor<2x4xf32>
}

// -----

func.func @other_mask(%dy: tensor<2x4xf32> {bert.name = "dy"}, %x: tensor<2x2xf32> {bert.name = "x"}, %rng: tensor<4xi32> {bert.name = "rng"}) -> (tensor<2x4xf32> {bert.name = "dx"}) attributes {bert.entry} {
  %y = bert.dropout %x, %rng {rate = 0.1 : f32, op_id = 3 : i32} : (tensor<2x2xf32>, tensor<4xi32>) -> tensor<2x2xf32>
  // expected-error@+1 {{of op_id 3 has 8 elements, expected the 4 of its dropout}}
  %dx = bert.dropout_grad %dy, %rng {rate = 0.1 : f32, op_id = 3 : i32} : (tensor<2x4xf32>, tensor<4xi32>) -> tensor<2x4xf32>
  return %dx : tensor<2x4xf32>
}

// -----

func.func @integers(%t: tensor<9x4xi32> {bert.name = "t"}, %i: tensor<2xi32> {bert.name = "i"}) -> (tensor<2x4xi32> {bert.name = "y"}) attributes {bert.entry} {
  // expected-error@+1 {{of 'i32', expected f32 or bf16 for a synapse target}}
  %y = bert.gather %t, %i : (tensor<9x4xi32>, tensor<2xi32>) -> tensor<2x4xi32>
  return %y : tensor<2x4xi32>
}

// -----

func.func @many_rows(%t: tensor<8x4194304x1xf32> {bert.name = "t"}, %i: tensor<8x2xi32> {bert.name = "i"}) -> (tensor<8x2x1xf32> {bert.name = "y"}) attributes {bert.entry} {
  // expected-error@+1 {{has 33554432 rows in all batches, expected at most 16777216 for a synapse target}}
  %y = bert.gather %t, %i {batch_dims = 1 : i64} : (tensor<8x4194304x1xf32>, tensor<8x2xi32>) -> tensor<8x2x1xf32>
  return %y : tensor<8x2x1xf32>
}
