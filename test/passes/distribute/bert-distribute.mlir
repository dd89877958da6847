// SPDX-License-Identifier: Apache-2.0
// The all-reduce in its three forms; a bucket is full with 24 bytes.
// RUN: bertc-opt %s -bert-distribute="bucket-bytes=24 workers=4" -o %t.early.mlir
// RUN: FileCheck %s -check-prefixes=MODULE,EARLY < %t.early.mlir
// RUN: bertc-opt %s -bert-distribute="bucket-bytes=24 workers=4 form=ordered wire=bf16 micro-batches=true" | FileCheck %s -check-prefix=ORDERED
// RUN: bertc-opt %s -bert-distribute="bucket-bytes=24 workers=4 form=apply" | FileCheck %s -check-prefixes=MODULE,APPLY
// RUN: bertc-opt %s -bert-distribute="bucket-bytes=1000" | FileCheck %s -check-prefix=ONE

// With one worker, and whatever it clips, the twin does what the entry does.
// RUN: sed 's/train_step(/other(/; s/train_step_last/train_step/' %t.early.mlir > %t.twin.mlir
// RUN: bertc-interpret %s train_step --compare %t.twin.mlir --seed 3

// Accumulators in the order of their gradients, before the moments.
// MODULE: module attributes {bert.exchange = {buckets = {{\[}}[@"c/accum", @"b/accum"], [@"a/accum"]], wire = #bert.wire<f32>, workers = 4 : i64}}
// MODULE: bert.variable @c :
// MODULE-NEXT: bert.variable @"c/accum"
// MODULE-NEXT: bert.variable @"b/accum"
// MODULE-NEXT: bert.variable @"a/accum"
// MODULE-NEXT: bert.variable @"a/adam_m"
// ORDERED: bert.exchange = {buckets = {{\[}}[@"c/accum", @"b/accum"], [@"a/accum"]], micro_batches, wire = #bert.wire<bf16>, workers = 4 : i64}
// ONE: buckets = {{\[}}[@"c/accum", @"b/accum", @"a/accum"]]
// APPLY-NOT: all_reduce [
// APPLY-NOT: train_step_last
// APPLY: func.func @apply_gradients
// APPLY-NEXT: bert.all_reduce [@"c/accum", @"b/accum"] {bucket = 0 : i32, scope = "all_reduce/bucket_0"}
// APPLY-NEXT: bert.all_reduce [@"a/accum"] {bucket = 1 : i32, scope = "all_reduce/bucket_1"}
// APPLY-NEXT: bert.read
bert.variable @a : tensor<4xf32> {trainable}
bert.variable @b : tensor<4xf32> {trainable}
bert.variable @c : tensor<4xf32> {trainable}
bert.variable @"a/accum" : tensor<4xf32> {role = #bert.role<accum>, owner = @a}
bert.variable @"b/accum" : tensor<4xf32> {role = #bert.role<accum>, owner = @b}
bert.variable @"c/accum" : tensor<4xf32> {role = #bert.role<accum>, owner = @c}
bert.variable @"a/adam_m" : tensor<4xf32> {role = #bert.role<adam_m>, owner = @a}

// The entry stays as it is.
// EARLY: func.func @train_step(
// EARLY-NOT: all_reduce
// EARLY: func.func @train_step_last(%[[X:[a-z0-9]+]]: tensor<4xf32> {bert.name = "x"}) -> (tensor<4xf32> {bert.name = "y"}) attributes {bert.entry}
// EARLY-NEXT: %[[UNIT:.+]] = bert.constant {value = dense<1.000000e+00> : tensor<f32>}
// EARLY-NEXT: %[[C:.+]] = bert.tanh %[[X]]
// EARLY-NEXT: %[[OLDC:.+]] = bert.read @"c/accum" {scope = "c/accum/read"}
// EARLY-NEXT: %[[NOWC:.+]] = bert.read @"c/accum"
// EARLY-NEXT: %[[SUMC:.+]] = bert.accumulate %[[NOWC]], %[[C]], %[[UNIT]] {scope = "c/accum/AssignAdd"}
// EARLY-NEXT: bert.assign @"c/accum", %[[SUMC]]
// EARLY-NEXT: %[[B:.+]] = bert.exp %[[X]]
// EARLY-NEXT: %[[OLDB:.+]] = bert.read @"b/accum"
// EARLY-NEXT: %[[NOWB:.+]] = bert.read @"b/accum"
// EARLY-NEXT: %[[SUMB:.+]] = bert.accumulate %[[NOWB]], %[[B]], %[[UNIT]]
// EARLY-NEXT: bert.assign @"b/accum", %[[SUMB]]
// EARLY-NEXT: bert.all_reduce [@"c/accum", @"b/accum"] {bucket = 0 : i32, early, scope = "all_reduce/bucket_0"}
// EARLY-NEXT: %[[A:.+]] = bert.neg %[[C]]
// EARLY: bert.all_reduce [@"a/accum"] {bucket = 1 : i32, early, scope = "all_reduce/bucket_1"}
// EARLY-NEXT: %[[CLIP:.+]] = bert.reduce_sum %[[A]]
// EARLY-NEXT: bert.all_reduce_settle [@"c/accum", @"b/accum", @"a/accum"] %[[CLIP]], %[[OLDC]], %[[OLDB]], %{{.+}}, %[[C]], %[[B]], %[[A]] {bucket_sizes = array<i32: 2, 1>, scope = "all_reduce/settle"}
// EARLY-NEXT: return %[[A]]

// ORDERED: func.func @train_step_last(
// ORDERED: bert.assign @"c/accum"
// ORDERED: bert.assign @"b/accum"
// ORDERED-NEXT: bert.all_reduce [@"c/accum", @"b/accum"] {bucket = 0 : i32, scope = "all_reduce/bucket_0", wire = #bert.wire<bf16>}
// ORDERED: bert.assign @"a/accum"
// ORDERED-NEXT: bert.all_reduce [@"a/accum"] {bucket = 1 : i32, scope = "all_reduce/bucket_1", wire = #bert.wire<bf16>}
// ORDERED-NEXT: return
func.func @train_step(%x: tensor<4xf32> {bert.name = "x"}) -> (tensor<4xf32> {bert.name = "y"}) attributes {bert.entry} {
  %gc = bert.tanh %x : (tensor<4xf32>) -> tensor<4xf32>
  %gb = bert.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %ga = bert.neg %gc : (tensor<4xf32>) -> tensor<4xf32>
  %clip = bert.reduce_sum %ga {axes = array<i64: 0>} : (tensor<4xf32>) -> tensor<f32>
  %a = bert.read @"a/accum" : tensor<4xf32>
  %sa = bert.accumulate %a, %ga, %clip {scope = "a/accum/AssignAdd"} : (tensor<4xf32>, tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  bert.assign @"a/accum", %sa : tensor<4xf32>
  %b = bert.read @"b/accum" : tensor<4xf32>
  %sb = bert.accumulate %b, %gb, %clip {scope = "b/accum/AssignAdd"} : (tensor<4xf32>, tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  bert.assign @"b/accum", %sb : tensor<4xf32>
  %c = bert.read @"c/accum" : tensor<4xf32>
  %sc = bert.accumulate %c, %gc, %clip {scope = "c/accum/AssignAdd"} : (tensor<4xf32>, tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  bert.assign @"c/accum", %sc : tensor<4xf32>
  return %ga : tensor<4xf32>
}

// EARLY: func.func @apply_gradients
// EARLY-NEXT: bert.read
func.func @apply_gradients() -> (tensor<4xf32> {bert.name = "a"}) attributes {bert.entry} {
  %a = bert.read @"a/accum" : tensor<4xf32>
  return %a : tensor<4xf32>
}
