// RUN: %bertc-opt %s -split-input-file -verify-diagnostics
// Constraints of dropout, softmax, layer normalisation, gathers and losses.

func.func @dropout_c1(%x: tensor<4x8xf32>, %rng: tensor<4xi32>) {
  // expected-error@+1 {{expected the result of shape 4x8, found 8x4}}
  %0 = cpu.dropout %x, %rng {op_id = 0 : i32, rate = 0.1 : f32} : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @dropout_c2(%x: tensor<4x8xf32>, %rng: tensor<3xi32>) {
  // expected-error@+1 {{expected rng of shape 4, found 3}}
  %0 = cpu.dropout %x, %rng {op_id = 0 : i32, rate = 0.1 : f32} : (tensor<4x8xf32>, tensor<3xi32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @dropout_c3(%x: tensor<4x8xf32>, %rng: tensor<4xi32>) {
  // expected-error@+1 {{expected a rate in [0, 1), found 1.0}}
  %0 = cpu.dropout %x, %rng {op_id = 0 : i32, rate = 1.0 : f32} : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @dropout_c4(%x: tensor<4x8xf32>, %rng: tensor<4xi32>, %n: tensor<8xi32>) {
  // expected-error@+1 {{expected rows of shape 4, found 8}}
  %0 = cpu.dropout %x, %rng rows %n {op_id = 0 : i32, rate = 0.5 : f32} : (tensor<4x8xf32>, tensor<4xi32>, tensor<8xi32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @softmax_c1(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{expected softmax of shape 4x8, found 8x4}}
  %0 = cpu.softmax %x : (tensor<4x8xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @softmax_c2(%x: tensor<4x8xf32>, %m: tensor<8xf32>) {
  // expected-error@+1 {{expected mask of rank 2, found 8}}
  %0 = cpu.softmax %x mask %m : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @softmax_c3(%x: tensor<4x8xf32>, %rng: tensor<4xi32>) {
  // expected-error@+1 {{expected rng exactly when dropped is a result}}
  %0 = cpu.softmax %x rng %rng : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @softmax_c4(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{expected a rate in [0, 1), found -1.0}}
  %0 = cpu.softmax %x {rate = -1.0 : f32} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @softmax_grad_c1(%x: tensor<4x8xf32>, %y: tensor<4xf32>) {
  // expected-error@+1 {{expected y of shape 4x8, found 4}}
  %0 = cpu.softmax_grad %x, %y : (tensor<4x8xf32>, tensor<4xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @softmax_grad_c2(%x: tensor<4x8xf32>, %rng: tensor<3xi32>) {
  // expected-error@+1 {{expected rng of shape 4, found 3}}
  %0 = cpu.softmax_grad %x, %x rng %rng : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<3xi32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @softmax_grad_c3(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{expected a rate in [0, 1), found 2.0}}
  %0 = cpu.softmax_grad %x, %x {rate = 2.0 : f32} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @layer_norm_c1(%x: tensor<4x8xf32>, %g: tensor<8xf32>) {
  // expected-error@+1 {{expected y of shape 4x8, found 8x4}}
  %0:3 = cpu.layer_norm %x, %g, %g {eps = 0.0 : f32} : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @layer_norm_c2(%x: tensor<4x8xf32>, %g: tensor<4xf32>) {
  // expected-error@+1 {{expected gamma of shape 8, found 4}}
  %0:3 = cpu.layer_norm %x, %g, %g {eps = 0.0 : f32} : (tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @layer_norm_c3(%x: tensor<4x8xf32>, %g: tensor<8xf32>) {
  // expected-error@+1 {{expected mean of shape 4, found 8}}
  %0:3 = cpu.layer_norm %x, %g, %g {eps = 0.0 : f32} : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>)
  return
}

// -----

func.func @layer_norm_c4(%x: tensor<4x8xf32>, %g: tensor<8xf32>, %rng: tensor<4xi32>) {
  // expected-error@+1 {{expected a residual where there is an rng}}
  %0:3 = cpu.layer_norm %x, %g, %g rng %rng {eps = 0.0 : f32} : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<4xi32>) -> (tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @layer_norm_c5(%x: tensor<4x8xf32>, %g: tensor<8xf32>) {
  // expected-error@+1 {{expected no result z without a residual}}
  %0:4 = cpu.layer_norm %x, %g, %g {eps = 0.0 : f32} : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @layer_norm_c6(%x: tensor<4x8xf32>, %g: tensor<8xf32>) {
  // expected-error@+1 {{expected a rate in [0, 1), found 1.0}}
  %0:3 = cpu.layer_norm %x, %g, %g {eps = 0.0 : f32, rate = 1.0 : f32} : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @layer_norm_c7(%x: tensor<4x8xf32>, %g: tensor<8xf32>, %n: tensor<4xi32>) {
  // expected-error@+1 {{expected an rng where there are rows}}
  %0:3 = cpu.layer_norm %x, %g, %g rows %n {eps = 0.0 : f32} : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<4xi32>) -> (tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @layer_norm_grad_c1(%x: tensor<4x8xf32>, %z: tensor<4x7xf32>, %g: tensor<7xf32>, %m: tensor<4xf32>) {
  // expected-error@+1 {{expected dy of shape 4x7, found 4x8}}
  %0:3 = cpu.layer_norm_grad %x, %z, %g, %m, %m : (tensor<4x8xf32>, tensor<4x7xf32>, tensor<7xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4x7xf32>, tensor<7xf32>, tensor<7xf32>)
  return
}

// -----

func.func @layer_norm_grad_c2(%x: tensor<4x8xf32>, %g: tensor<8xf32>, %m: tensor<4xf32>) {
  // expected-error@+1 {{expected dbeta of shape 8, found 4}}
  %0:3 = cpu.layer_norm_grad %x, %x, %g, %m, %m : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>)
  return
}

// -----

func.func @layer_norm_grad_c3(%x: tensor<4x8xf32>, %g: tensor<8xf32>) {
  // expected-error@+1 {{expected mean of shape 4, found 8}}
  %0:3 = cpu.layer_norm_grad %x, %x, %g, %g, %g : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_grad_c4(%x: tensor<4x8xf32>, %g: tensor<8xf32>, %m: tensor<4xf32>) {
  // expected-error@+1 {{expected rng exactly when dx is a result}}
  %0:4 = cpu.layer_norm_grad %x, %x, %g, %m, %m : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @layer_norm_grad_c5(%x: tensor<4x8xf32>, %g: tensor<8xf32>, %m: tensor<4xf32>) {
  // expected-error@+1 {{expected a rate in [0, 1), found 1.0}}
  %0:3 = cpu.layer_norm_grad %x, %x, %g, %m, %m {rate = 1.0 : f32} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>)
  return
}

// -----

func.func @layer_norm_grad_c6(%x: tensor<4x8xf32>, %g: tensor<8xf32>, %m: tensor<4xf32>, %s: tensor<4xi32>, %n: tensor<3xi32>) {
  // expected-error@+1 {{expected rows of shape 4, found 3}}
  %0:4 = cpu.layer_norm_grad %x, %x, %g, %m, %m rng %s rows %n {rate = 0.5 : f32} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>, tensor<3xi32>) -> (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @row_numbers_c1(%a: tensor<2x3xi32>, %b: tensor<4x1xi32>) {
  // expected-error@+1 {{expected positions [B,P] of one B, found 4x1}}
  %0 = cpu.row_numbers %a, %b {sequence_length = 9 : i64} : (tensor<2x3xi32>, tensor<4x1xi32>) -> tensor<10xi32>
  return
}

// -----

func.func @row_numbers_c1_none() {
  // expected-error@+1 {{expected positions, found none}}
  %0 = "cpu.row_numbers"() {sequence_length = 9 : i64} : () -> tensor<1xi32>
  return
}

// -----

func.func @row_numbers_c2(%a: tensor<2x3xi32>) {
  // expected-error@+1 {{expected the result of shape 6, found 5}}
  %0 = cpu.row_numbers %a {sequence_length = 9 : i64} : (tensor<2x3xi32>) -> tensor<5xi32>
  return
}

// -----

func.func @row_numbers_c3(%a: tensor<2x3xi32>) {
  // expected-error@+1 {{expected a sequence_length of 1 to 1073741823, found 0}}
  %0 = cpu.row_numbers %a {sequence_length = 0 : i64} : (tensor<2x3xi32>) -> tensor<6xi32>
  return
}

// -----

func.func @row_numbers_c3_many(%a: tensor<2x3xi32>) {
  // expected-error@+1 {{expected a sequence_length of 1 to 1073741823, found 4294967297}}
  %0 = cpu.row_numbers %a {sequence_length = 4294967297 : i64} : (tensor<2x3xi32>) -> tensor<6xi32>
  return
}

// -----

func.func @gather_c1(%x: tensor<4x8xf32>, %i: tensor<4xi32>) {
  // expected-error@+1 {{expected table and indices with 2 equal leading dimensions, found 4x8 and 4}}
  %0 = cpu.gather %x, %i {batch_dims = 2 : i64} : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @gather_c2(%x: tensor<4x8xf32>, %i: tensor<4xi32>) {
  // expected-error@+1 {{expected the result of shape 4x8, found 8x4}}
  %0 = cpu.gather %x, %i {batch_dims = 0 : i64} : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @gather_grad_c1(%x: tensor<4x8xf32>, %i: tensor<4xi32>) {
  // expected-error@+1 {{expected table and indices with 1 equal leading dimensions, found 30x8 and 4}}
  %0 = cpu.gather_grad %x, %i {batch_dims = 1 : i64} : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<30x8xf32>
  return
}

// -----

func.func @gather_grad_c2(%x: tensor<4x8xf32>, %i: tensor<4xi32>) {
  // expected-error@+1 {{expected dy of shape 4x7, found 4x8}}
  %0 = cpu.gather_grad %x, %i {batch_dims = 0 : i64} : (tensor<4x8xf32>, tensor<4xi32>) -> tensor<30x7xf32>
  return
}

// -----

func.func @log_softmax_c1(%x: tensor<2x4x8xf32>) {
  // expected-error@+1 {{expected an operand of rank 2, found 2x4x8}}
  %0 = cpu.log_softmax %x : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  return
}

// -----

func.func @log_softmax_grad_c1(%x: tensor<4x8xf32>, %y: tensor<4x7xf32>) {
  // expected-error@+1 {{expected dy of shape 4x7, found 4x8}}
  %0 = cpu.log_softmax_grad %x, %y : (tensor<4x8xf32>, tensor<4x7xf32>) -> tensor<4x7xf32>
  return
}

// -----

func.func @nll_c1(%x: tensor<4x8xf32>, %i: tensor<3xi32>) {
  // expected-error@+1 {{expected labels of shape 4, found 3}}
  %0 = cpu.nll %x, %i : (tensor<4x8xf32>, tensor<3xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @nll_grad_c1(%x: tensor<4xf32>, %i: tensor<3xi32>) {
  // expected-error@+1 {{expected labels of shape 4, found 3}}
  %0 = cpu.nll_grad %x, %i : (tensor<4xf32>, tensor<3xi32>) -> tensor<4x8xf32>
  return
}
