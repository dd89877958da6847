// SPDX-License-Identifier: Apache-2.0
//
// Passes of the mask phase; part of Passes.td.

#ifndef BERTC_PASSES_MASK_PASSES_TD
#define BERTC_PASSES_MASK_PASSES_TD

include "mlir/Pass/PassBase.td"

def BertNarrowRows : Pass<"bert-narrow-rows", "::mlir::func::FuncOp"> {
  let summary = "compute the last layer for the rows that heads read";
  let description = [{
    A matrix [B S, H] of which only some rows are read, by gathers of a batch of
    positions and by slices of the same tokens of each sequence, is computed for
    these rows alone. So are the operations before it that work row by row and
    that nothing else uses: products with a weight, biases, activations, sums,
    layer norms and dropout. What they read is gathered there, above them. In
    BERT that is the last layer behind its attention, when the predicted
    positions and the first tokens are all that is read.

    Dropout draws for each row what it drew before (its operand `rows`), so that
    results are the same. A row that is read twice is computed twice.

    ```mlir
    %0 = bert.matmul %x, %w : (tensor<18x4xf32>, tensor<4x4xf32>) -> tensor<18x4xf32>
    %1 = bert.reshape %0 : (tensor<18x4xf32>) -> tensor<2x9x4xf32>
    %2 = bert.gather %1, %masked {batch_dims = 1 : i64} : ... -> tensor<2x3x4xf32>
    ```
    becomes
    ```mlir
    %rows = bert.row_numbers %masked {sequence_length = 9 : i64} : (tensor<2x3xi32>) -> tensor<6xi32>
    %0 = bert.gather %x, %rows : (tensor<18x4xf32>, tensor<6xi32>) -> tensor<6x4xf32>
    %1 = bert.matmul %0, %w : (tensor<6x4xf32>, tensor<4x4xf32>) -> tensor<6x4xf32>
    %2 = bert.reshape %1 : (tensor<6x4xf32>) -> tensor<2x3x4xf32>
    ```

    Left as it is: a matrix with another reader, one of which as many rows are
    read as it has, and one with no product to be saved above it.

    Before: no gradients; the results mean and rstd of a layer norm have no
    users.
  }];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [Statistic<"numNarrowed", "narrowed",
                              "operations that compute fewer rows">];
}

def BertPackedAttentionMask
    : Pass<"bert-packed-attention-mask", "::mlir::ModuleOp"> {
  let summary = "give the mask of packed sequences the form the target wants";
  let description = [{
    Models say with `bert.packed_mask` that a token attends to the tokens of its
    own sequence only. With `form=explicit` that becomes the comparison of all
    sequence numbers of a row with each other and an additive mask [B,1,S,S],
    which any target can add to its scores. With `form=ranges` it becomes
    `bert.range_mask` of `bert.key_ranges`: as a sequence is in one piece, the
    keys of a query are a range, and an attention kernel that finds these
    operations visits only the blocks inside a sequence and never the padding.

    It runs first, on the graph of the model: everything after it sees ordinary
    operations. None of them is on a path from a variable to the loss.

    ```mlir
    %mask = bert.packed_mask %numbers : (tensor<2x8xi32>) -> tensor<2x1x8x8xf32>
    ```
    becomes with ranges
    ```mlir
    %ranges = bert.key_ranges %numbers : (tensor<2x8xi32>) -> tensor<2x8x2xi32>
    %mask = bert.range_mask %ranges : (tensor<2x8x2xi32>) -> tensor<2x1x8x8xf32>
    ```

    After: no `bert.packed_mask` is left.
  }];
  let options = [
    Option<"form", "form", "std::string", /*default=*/"\"explicit\"",
           "explicit: mask [B,1,S,S]; ranges: range of keys of each query">,
  ];
  let dependentDialects = ["::bertc::bert::BertDialect"];
  let statistics = [Statistic<"numMasks", "masks", "masks replaced">];
}

#endif // BERTC_PASSES_MASK_PASSES_TD
