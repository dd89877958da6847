// SPDX-License-Identifier: Apache-2.0
//
// All passes, a banner for each phase in the order they run, alphabetical
// inside. A description says what, why here, shows the IR before and after, and
// ends with what must hold.

#ifndef BERTC_PASSES_PASSES_TD
#define BERTC_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// mask
//===----------------------------------------------------------------------===//

include "passes/MaskPasses.td"

//===----------------------------------------------------------------------===//
// gradients
//===----------------------------------------------------------------------===//

def BertGradients : Pass<"bert-gradients", "::mlir::ModuleOp"> {
  let summary = "build the entry @gradients from the function @loss";
  let description = [{
    Reverse-mode differentiation of the first result of `@loss` with respect to
    every trainable variable that `@loss` reads. Each operation says how
    gradients flow through it (`DifferentiableOpInterface`); contributions to
    one value are added with `bert.add_n`. The new entry returns what `@loss`
    returns, then a gradient for each trainable variable, named after it, in the
    order of the module; a variable the loss does not depend on gets zeros.
    New operations have the scope TensorFlow would give them,
    `gradients/<scope>_grad/<op type>`.

    It runs before the optimizer, which differentiates the same function again
    with the loss scaled, so `@loss` stays. A module without `@loss` is left
    alone.

    ```mlir
    func.func private @loss() -> (tensor<f32> {bert.name = "total_loss"}) {
      %w = bert.read @w : tensor<f32>
      %y = bert.mul %w, %w : (tensor<f32>, tensor<f32>) -> tensor<f32>
      return %y : tensor<f32>
    }
    ```
    gains
    ```mlir
    func.func @gradients() -> (tensor<f32> {bert.name = "total_loss"},
                               tensor<f32> {bert.name = "w"})
        attributes {bert.entry} {
      %w = bert.read @w : tensor<f32>
      %y = bert.mul %w, %w : (tensor<f32>, tensor<f32>) -> tensor<f32>
      %one = bert.constant {value = dense<1.0> : tensor<f32>} : ...
      %0 = bert.mul %one, %w : ...
      %1 = bert.mul %one, %w : ...
      %2 = bert.add_n %0, %1 : ...
      return %y, %2 : tensor<f32>, tensor<f32>
    }
    ```

    Before: `@loss` is one block and its first result is a float scalar.
    After: no operation of the new entry is dead. An operation that is not
    differentiable on a path from a variable to the loss is an error.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect",
                           "::mlir::func::FuncDialect"];
  let statistics = [Statistic<"numGradientOps", "gradient-ops",
                              "operations created for gradients">];
}

//===----------------------------------------------------------------------===//
// optimizer
//===----------------------------------------------------------------------===//

def BertOptimizer : Pass<"bert-optimizer", "::mlir::ModuleOp"> {
  let summary = "build the entries @train_step and @apply_gradients";
  let description = [{
    For each trainable variable NAME, declares the slots NAME/adam_m,
    NAME/adam_v and NAME/accum, and makes two entries.

    `@train_step` takes what `@loss` takes, and `loss_scale`, one over the
    number of micro-batches in an update. It differentiates the loss times
    `loss_scale`, clips the gradients by their global norm as TensorFlow does,
    and adds them to the accumulators:

        norm  = sqrt(2 * sum(l2_loss(g)))
        scale = clip_norm * min(1 / norm, 1 / clip_norm) + (norm - norm)
        accum = accum + scale * g

    (the last term makes a norm that is not finite a NaN). It returns the
    losses, unscaled.

    `@apply_gradients` takes `learning_rate` and `update_step` (from 1), updates
    every variable and its moments from its accumulator with `bert.lamb_update`
    or `bert.adamw_update`, and zeroes the accumulator. Variables without
    `decay` get a weight decay of 0.

    It runs after gradients have been built and removes `@loss`, which nothing
    needs any more. A module without `@loss` is left alone.

    ```mlir
    bert.variable @w : tensor<4xf32> {trainable, decay, ...}
    func.func private @loss(...)
    ```
    becomes
    ```mlir
    bert.variable @w : tensor<4xf32> {trainable, decay, ...}
    bert.variable @"w/accum" : tensor<4xf32> {role = accum, owner = @w, ...}
    bert.variable @"w/adam_m" : ...
    bert.variable @"w/adam_v" : ...
    func.func @train_step(..., %loss_scale) attributes {bert.entry}
    func.func @apply_gradients(%learning_rate, %update_step)
        attributes {bert.entry}
    ```

    Before: no slots exist. After: every trainable variable has three.
  }];
  let options = [
    Option<"optimizer", "optimizer", "std::string", /*default=*/"\"lamb\"",
           "update rule: lamb or adamw">,
    Option<"beta1", "beta1", "double", /*default=*/"0.9",
           "decay of the first moment, in [0, 1)">,
    Option<"beta2", "beta2", "double", /*default=*/"0.999",
           "decay of the second moment, in [0, 1)">,
    Option<"eps", "eps", "double", /*default=*/"1e-6",
           "added to the root of the second moment">,
    Option<"weightDecay", "weight-decay", "double", /*default=*/"0.01",
           "decay of variables that have `decay`, a share per update">,
    Option<"clipNorm", "clip-norm", "double", /*default=*/"1.0",
           "global 2-norm that gradients of a micro-batch are clipped to">,
  ];
  let dependentDialects = ["::bertc::bert::BertDialect",
                           "::mlir::func::FuncDialect"];
}

//===----------------------------------------------------------------------===//
// precision
//===----------------------------------------------------------------------===//

def BertBf16Conversion : Pass<"bert-bf16-conversion", "::mlir::ModuleOp"> {
  let summary = "put the operations that the reference's lists name in bf16";
  let description = [{
    Decides for every operation, by its TensorFlow type and its scope, whether
    it runs in bf16, and gives operands and results their types. The rules come
    from a file in the reference's format, or are the ones it trains BERT with:
    operations on the allow list are in bf16; those on the conditional list when
    at least one neighbour is, those on the strict conditional list when all
    are, repeated until nothing changes; exceptions on scope and type win over
    the lists, and those that keep f32 over those that force bf16. Everything
    else stays f32, as do variables, moments, accumulators and results of
    entries. docs/rationale/bf16.md has the details.

    What bf16 means for an operation it says itself (`PrecisionOpInterface`).
    Arithmetic and sums are f32 everywhere; a sum of bf16 values is handed out
    unrounded unless an operation in bf16 wants it. Casts appear only where a
    value is wanted in the other type, once a value; a value that was widened is
    not narrowed again but taken from before; an operation in f32 that only
    moves elements moves bf16 ones as they are.

    It runs after gradients and optimizer, whose operations are subject to the
    rules as well, and before fusion, as the rules speak of single operations.
    The rule that decided is kept for every scope in `bert.precision` of the
    function; `bertc inspect` shows it.

    ```mlir
    %w = bert.read @w : tensor<4x4xf32>
    %0 = bert.matmul %x, %w {scope = "dense/MatMul"}
        : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
    %1 = bert.sqrt %0 {scope = "dense/Sqrt"}
        : (tensor<2x4xf32>) -> tensor<2x4xf32>
    ```
    becomes
    ```mlir
    %w = bert.read @w : tensor<4x4xf32>
    %2 = bert.cast %x : (tensor<2x4xf32>) -> tensor<2x4xbf16>
    %3 = bert.cast %w : (tensor<4x4xf32>) -> tensor<4x4xbf16>
    %0 = bert.matmul %2, %3 {scope = "dense/MatMul"}
        : (tensor<2x4xbf16>, tensor<4x4xbf16>) -> tensor<2x4xf32>
    %1 = bert.sqrt %0 {scope = "dense/Sqrt"}
        : (tensor<2x4xf32>) -> tensor<2x4xf32>
    ```

    Before: values are f32, or not floats. After: the same entries with the same
    inputs, results and variables. An exception of a file that matches no
    operation is a warning.
  }];
  let options = [
    Option<"config", "config", "std::string", /*default=*/"",
           "JSON file of lists and exceptions; empty for the built-in ones">,
  ];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [
    Statistic<"numBf16", "bf16-ops", "operations put in bf16">,
    Statistic<"numCasts", "casts", "casts inserted">];
}

//===----------------------------------------------------------------------===//
// fuse
//===----------------------------------------------------------------------===//

include "passes/FusePasses.td"

def BertPostpone : Pass<"bert-postpone", "::mlir::func::FuncOp"> {
  let summary = "make large values when they are needed";
  let description = [{
    Moves an operation to its first use where its result of at least 1 MiB would
    wait for long and is at least twice as large as the operands that are kept for it instead. The
    gradient of the word embeddings by way of the masked-language head is made
    first and needed last; it is 94 MB in BERT-Base, and what it is made of less
    than half.

    ```mlir
    %0 = bert.matmul %dlogits, %h {transpose_a} : (tensor<4x99xf32>, tensor<4x9xf32>) -> tensor<99x9xf32>
    // ... the rest of the backward pass ...
    %1 = bert.gather_grad_add %0, %dy, %indices : ...
    ```
    becomes
    ```mlir
    // ... the rest of the backward pass ...
    %0 = bert.matmul %dlogits, %h {transpose_a} : ...
    %1 = bert.gather_grad_add %0, %dy, %indices : ...
    ```

    It runs last in the fuse phase, when operations are those that kernels
    perform.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [Statistic<"numMoved", "moved", "operations moved">];
}

def BertRematerialize
    : Pass<"bert-rematerialize", "::mlir::func::FuncOp"> {
  let summary = "compute cheap values again instead of keeping them";
  let description = [{
    The activation of an intermediate layer, the attention probabilities after
    dropout and the result of a normalisation are needed in the forward pass and
    once more in the backward pass, and so is what they are computed from. Where a value would wait longer
    than a layer for its next use and its source is alive at that use anyway,
    the use gets a value computed anew, and the first one's memory is free in
    between. Dropout draws the same numbers again, so no result changes.

    In BERT-Base pre-training with batch 16 and S 128 the arena shrinks from
    1.56 to 1.02 GiB.

    ```mlir
    %1 = bert.gelu %0 : ...
    %2 = bert.matmul %1, %w : ...
    // ... the rest of the forward pass, and much of the backward pass ...
    %8 = bert.matmul %1, %dy {transpose_a} : ...
    %9 = bert.gelu_grad %dz, %0 : ...
    ```
    becomes
    ```mlir
    %1 = bert.gelu %0 : ...
    %2 = bert.matmul %1, %w : ...
    // ...
    %7 = bert.gelu %0 : ...
    %8 = bert.matmul %7, %dy {transpose_a} : ...
    %9 = bert.gelu_grad %dz, %0 : ...
    ```

    It runs last in the fuse phase, when operations are those that kernels
    perform; CSE after it would undo it.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [Statistic<"numRecomputed", "recomputed",
                              "values computed twice">];
}

//===----------------------------------------------------------------------===//
// distribute
//===----------------------------------------------------------------------===//

def BertDistribute : Pass<"bert-distribute", "::mlir::ModuleOp"> {
  let summary = "place the all-reduce of a data-parallel run";
  let description = [{
    The accumulators of `@train_step` are put in buckets, in the order in which
    the backward pass finishes their gradients; a bucket is full when it has
    `bucket-bytes`. They are declared in this order, so that memory planning
    lays a bucket out as one piece, and `bert.exchange` on the module lists
    them.

    A twin of the entry, `@train_step_last`, is for the last micro-batch of an
    update (with `micro-batches`, for every one). What a gradient is clipped by
    is known only when all are there, so in form `early` a bucket is added up
    and sent unclipped as soon as its last gradient is there, and
    `all_reduce_settle` in the end does it again where a worker has clipped. In
    form `ordered` all that adds to the accumulators stays where it is, but in
    the order of buckets, each followed by its `all_reduce`. In form `apply`
    there is no twin: the sums come first in `@apply_gradients`, where there is
    one, which all workers run once an update.

    ```mlir
    %g = bert.tanh_grad %dy, %x : ...
    // ... the rest of the backward pass, and the norm of all gradients ...
    %a = bert.read @"w/accum" : tensor<4xf32>
    %sum = bert.accumulate %a, %g, %clip : ...
    bert.assign @"w/accum", %sum : tensor<4xf32>
    ```
    becomes, in `@train_step_last`,
    ```mlir
    %one = bert.constant dense<1.0> : tensor<f32>
    %g = bert.tanh_grad %dy, %x : ...
    %old = bert.read @"w/accum" : tensor<4xf32>
    %a = bert.read @"w/accum" : tensor<4xf32>
    %sum = bert.accumulate %a, %g, %one : ...
    bert.assign @"w/accum", %sum : tensor<4xf32>
    bert.all_reduce [@"w/accum"] {bucket = 0 : i32, early}
    // ... the rest of the backward pass, and the norm of all gradients ...
    bert.all_reduce_settle [@"w/accum"] %clip, %old, %g {bucket_sizes = array<i32: 1>} : ...
    ```

    A module without `@train_step` stays as it is. Before: the optimizer pass
    has run, and for form `early` the fusions. After: as said.
  }];
  let options = [
    Option<"workers", "workers", "int64_t", /*default=*/"2",
           "how many are planned for, at least 2; a plan runs with any number">,
    Option<"microBatches", "micro-batches", "bool", /*default=*/"false",
           "workers add up after every micro-batch, not once an update">,
    Option<"wire", "wire", "std::string", /*default=*/"\"f32\"",
           "f32 or bf16: values on their way">,
    Option<"bucketBytes", "bucket-bytes", "int64_t", /*default=*/"25 << 20",
           "bytes from which on a bucket is full">,
    Option<"form", "form", "std::string", /*default=*/"\"early\"",
           "early, ordered or apply">,
  ];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [Statistic<"numBuckets", "buckets", "buckets made">];
}

//===----------------------------------------------------------------------===//
// lower
//===----------------------------------------------------------------------===//

def BertToCpu : Pass<"bert-to-cpu", "::mlir::ModuleOp"> {
  let summary = "turn the graph into steps of the cpu target";
  let description = [{
    Every operation of the `bert` dialect becomes one step of the `cpu` dialect,
    a few, or none: reshapes, transposes and slices are views, and a copy is made
    only for a consumer whose kernel cannot walk strides. A matrix product whose
    only user is a transpose writes its result in the transposed order. Weights
    that are second operand of a product are read in packed form where that pays
    (LowerLinear.cpp has the figures). Reading a variable names
    its storage; accumulation and optimizer updates become steps in place.

    ```mlir
    %w = bert.read @w : tensor<64x64xf32>
    %0 = bert.matmul %x, %w {transpose_b} : ...
    %1 = bert.reshape %0 : (tensor<8x64xf32>) -> tensor<2x4x64xf32>
    ```
    becomes
    ```mlir
    %w = cpu.packed_ref @"w/packed_transposed" : tensor<64x64xf32>
    %0 = cpu.matmul %x, %w : ...
    %1 = cpu.view %0 : (tensor<8x64xf32>) -> tensor<2x4x64xf32>
    ```

    Before: every function is an entry. After: no operation of the `bert`
    dialect is left; attributes of module, entries and arguments stay.
  }];
  let options = [
    Option<"packWeights", "pack-weights", "bool", /*default=*/"true",
           "keep weights a second time in the layout of the matmul library">,
  ];
  let dependentDialects = ["::bertc::cpu::CpuDialect"];
}

def BertToSynapse : Pass<"bert-to-synapse", "::mlir::ModuleOp"> {
  let summary = "turn the graph into nodes of a SynapseAI graph";
  let description = [{
    Every entry becomes one `synapse.graph` of nodes. Dimensions are reversed,
    scalars are [1] and bools i8. Operands of kernels that broadcast get one
    rank, and where both would be repeated, one is by a node of its own.
    Integers are compared and added as f32, which is exact below 2^24; all that
    occur are positions, token numbers and counts. Sums of bf16 are formed in
    f32. Operations that no kernel is confirmed for are built from those that
    are (docs/gaudi.md). Scales of scores that are powers of two go to queries
    and keys, which are smaller. What step and update need as numbers are tensors that
    the host computes before a launch (`synapse.derived`), so that nothing is
    compiled again. The last value assigned to a variable is stored when the
    graph ends; where it is made before all readers of the old one have run, it
    is copied.

    An entry with dropout is lowered twice, the second time without it, as
    `@NAME.deterministic`.

    ```mlir
    func.func @f(%x: tensor<2x3xf32> {bert.name = "x"})
        -> (tensor<f32> {bert.name = "y"}) attributes {bert.entry} {
      %0 = bert.reduce_sum %x {axes = array<i64: 0, 1>} : ...
      return %0 : tensor<f32>
    }
    ```
    becomes
    ```mlir
    func.func @f(%x: tensor<3x2xf32> {bert.name = "x"})
        -> (tensor<1xf32> {bert.name = "y", synapse.host_type = tensor<f32>})
        attributes {bert.entry} {
      %0 = synapse.graph "f"(%x) : (tensor<3x2xf32>) -> tensor<1xf32> {
      ^bb0(%a: tensor<3x2xf32>):
        %1 = synapse.node "reduce_sum_multi_dim_fwd_f32"(%a) {params = ...} : ...
        %2 = synapse.node "reshape"(%1) : ...
        synapse.yield %2 : tensor<1xf32>
      }
      return %0 : tensor<1xf32>
    }
    ```

    Before: every function is an entry; masks of packed sequences are as models
    make them, or explicit; the fusions for the cpu have not run. After: no
    operation of the `bert` dialect is left; attributes of module, entries and
    arguments stay.
  }];
  let options = [
    Option<"device", "device", "std::string", /*default=*/"\"gaudi2\"",
           "gaudi or gaudi2">,
    Option<"oneHotBytes", "one-hot-bytes", "int64_t", /*default=*/"64 << 20",
           "most bytes of a matrix of ones and zeros in the gradient of a "
           "gather">,
    Option<"embeddingKernel", "embedding-kernel", "bool", /*default=*/"true",
           "leave larger gradients to embedding_dense_pt_bwd, not to products "
           "in slices">,
  ];
  let dependentDialects = ["::bertc::synapse::SynapseDialect"];
}

//===----------------------------------------------------------------------===//
// memory
//===----------------------------------------------------------------------===//

def CpuPlanMemory : Pass<"cpu-plan-memory", "::mlir::ModuleOp"> {
  let summary = "give every tensor its place in the arena or the state block";
  let description = [{
    Lifetimes follow from the order of the steps. A result takes over the
    storage of an operand that dies at its step where the kernel allows it
    (`CpuStepOpInterface`); the buffers that remain are placed by
    passes/memory/ArenaPlanner.h. Entry arguments keep their place for the whole
    entry, results to its end. All entries use the same arena. Variables are
    laid out by role: weights, accumulators, first moments, second moments, so
    that each role is one block.

    ```mlir
    %1 = cpu.unary tanh %0 : (tensor<4xf32>) -> tensor<4xf32>
    ```
    becomes
    ```mlir
    %1 = cpu.unary tanh %0 {offsets = array<i64: 128>} : ...
    ```

    Before: only `cpu` operations. After: every step has `offsets`, every
    variable an `offset`, every entry `cpu.arena_bytes`, every entry argument
    `cpu.offset`, and the module `cpu.arena_bytes` and `cpu.state_bytes`.
  }];
  let dependentDialects = ["::bertc::cpu::CpuDialect"];
}

//===----------------------------------------------------------------------===//
// graphs of SynapseAI
//===----------------------------------------------------------------------===//

def SynapseOrderUpdates : Pass<"synapse-order-updates", "::mlir::func::FuncOp"> {
  let summary = "make updates of variables in place safe";
  let description = [{
    A stored value is written where the variable is, over the old one, and a
    yielded value into the arena. So that the library may run nodes in any order
    that data and control allow:

    - every stored or yielded value gets a node of its own: what is stored and
      yielded, stored twice, or made by no node is copied (`memcpy`; what has no
      operands is made again);
    - who reads the old value, also through nodes that may share its memory,
      gets a control edge to the node that makes the new one, where data gives no
      order;
    - where that node reads the old value other than element by element, or
      somebody needs the new value before reading the old one, the new value is
      made elsewhere and copied in the end;
    - operations are brought into an order that respects control, which the
      passes after this one and the plan rely on.

    ```mlir
    %w = synapse.read @w : tensor<8xf32>
    %new = synapse.node "add_fwd_f32"(%w, %g) : ...
    %norm = synapse.node "reduce_sum_square_fwd_f32"(%w) ...
    synapse.store @w, %new : tensor<8xf32>
    ```
    becomes
    ```mlir
    %w = synapse.read @w : tensor<8xf32>
    %norm = synapse.node "reduce_sum_square_fwd_f32"(%w) ...
    %new = synapse.node "add_fwd_f32"(%w, %g) : ...
    synapse.store @w, %new : tensor<8xf32>
    synapse.control %norm, %new : tensor<1xf32>, tensor<8xf32>
    ```

    Before: one graph an entry. After: every stored and yielded value is the
    result of a node, and in one place only.
  }];
  let statistics = [
    Statistic<"numCopies", "copies", "values copied to a place of their own">,
    Statistic<"numEdges", "control-edges", "readers ordered before an update">,
  ];
}

def SynapsePlanSections : Pass<"synapse-plan-sections", "::mlir::ModuleOp"> {
  let summary = "place what outlives a graph; refuse what does not fit";
  let description = [{
    Variables are laid out role by role in one block. Inputs and outputs of an
    entry have places of their own in the arena, in the order of the signature,
    so that an entry and its twin without dropout share them; what one graph
    hands to another is placed behind by lifetime. Every section begins at a
    multiple of 128 bytes. Nodes without a name get one: scope and GUID, numbered
    where needed.

    The workspace of a graph, which the library allocates and sizes, is estimated
    as the most that is alive at once in the order of the nodes: what only looks
    at the bytes of its operand counts nothing, and an elementwise result takes
    the place of an operand that dies there. Variables, arena, the largest
    workspace, constants and numbers of the host together have to fit the device,
    32 GiB or 96 GiB; the error gives the sum.

    Before: `synapse.device` is on the module, synapse-order-updates has run.
    After: variables have an `offset`, arguments `synapse.offset`, graphs
    `result_offsets` and `workspace_bytes`, functions and module
    `synapse.arena_bytes`, the module `synapse.state_bytes` and
    `synapse.device_bytes`.
  }];
}

def SynapseSplitGraphs : Pass<"synapse-split-graphs", "::mlir::func::FuncOp"> {
  let summary = "cut graphs that have too many nodes";
  let description = [{
    A graph of more than `max-nodes` nodes becomes several that run one after
    another. A piece ends in the last quarter of what it may have, where the
    fewest bytes are alive. What a later piece needs becomes a result of the one
    and an operand of the other; a value that has been stored is read from its
    variable instead. Reads, constants and numbers of the host are repeated.

    ```mlir
    %0 = synapse.graph "f"(%x) : (tensor<8xf32>) -> tensor<8xf32> {
    ^bb0(%a: tensor<8xf32>):
      %1 = synapse.node "exp_fwd_f32"(%a) : (tensor<8xf32>) -> tensor<8xf32>
      %2 = synapse.node "neg_fwd_f32"(%1) : (tensor<8xf32>) -> tensor<8xf32>
      synapse.yield %2 : tensor<8xf32>
    }
    ```
    becomes, with max-nodes=1, the graphs "f.0" with the first node and "f.1"
    with the second.

    Before: synapse-order-updates has run. After: no graph has more nodes.
  }];
  let options = [
    Option<"maxNodes", "max-nodes", "unsigned", /*default=*/"0",
           "most nodes of a graph, 0 for no limit">,
  ];
  let statistics = [
    Statistic<"numCuts", "cuts", "places where a graph was cut">,
  ];
}

#endif // BERTC_PASSES_PASSES_TD
