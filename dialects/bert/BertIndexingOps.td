// SPDX-License-Identifier: Apache-2.0
//
// Reading rows of a table by index, and the gradient of that. Embeddings, and
// the positions that the masked-language head predicts, are both this.

#ifndef BERT_INDEXING_OPS_TD
#define BERT_INDEXING_OPS_TD

include "dialects/bert/BertBase.td"

def Bert_GatherOp : Bert_InferredOp<"gather", "GatherV2",
    (ins Bert_MinRankOf<Bert_AllElements, 1>:$table,
         Bert_IndexTensor:$indices,
         DefaultValuedAttr<I64Attr, "0">:$batch_dims),
    (outs Bert_Tensor:$y)> {
  let summary = "rows of a table by index";
  let description = [{
    With table [batch.., R, H..] and indices [batch.., N..], where batch stands
    for batch_dims dimensions: y[b.., n.., h..] = table[b.., indices[b.., n..],
    h..]. Running with an index outside 0 .. R - 1 is an error.

    Constraints:
    - (C1) 0 <= batch_dims < rank(table) and batch_dims <= rank(indices)
    - (C2) the first batch_dims dimensions of table and indices are equal

    Example:
    ```mlir
    %y = bert.gather %table, %indices {batch_dims = 1 : i64} : (tensor<2x9x4xf32>, tensor<2x3xi32>) -> tensor<2x3x4xf32>
    ```
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_MovesElements);
}

def Bert_GatherGradOp : Bert_InferredOp<"gather_grad", "UnsortedSegmentSum",
    (ins Bert_FloatTensor:$dy, Bert_IndexTensor:$indices,
         DefaultValuedAttr<I64Attr, "0">:$batch_dims,
         DenseI64ArrayAttr:$input_shape),
    (outs Bert_FloatTensor:$dtable)> {
  let summary = "gradient of gather in the table: rows summed by index";
  let description = [{
    dtable, of shape input_shape = [batch.., R, H..], is zero but for
    dtable[b.., r, h..] = sum of dy[b.., n.., h..] over all n with
    indices[b.., n..] = r. For dy of bf16, dtable is f32.

    Constraints:
    - (C1) 0 <= batch_dims < rank(dtable) and batch_dims <= rank(indices)
    - (C2) the dimensions in input_shape are positive
    - (C3) the first batch_dims dimensions of dtable and indices are equal
    - (C4) dy has the shape of gather(dtable, indices)

    Example:
    ```mlir
    %dtable = bert.gather_grad %dy, %indices {input_shape = array<i64: 9, 4>} : (tensor<2x3x4xf32>, tensor<2x3xi32>) -> tensor<9x4xf32>
    ```
  }];
  let extraClassDeclaration = !strconcat(
      tfDeclaration, Bert_Precision<["Either"], ["Wide"]>.declaration);
}

def Bert_RowNumbersOp : Bert_InferredOp<"row_numbers", "RowNumbers",
    (ins Variadic<Bert_IndexMatrix>:$positions,
         I64Attr:$sequence_length),
    (outs Bert_IndexVector:$rows)> {
  let summary = "numbers of rows of a batch that has been made a matrix";
  let description = [{
    Each positions [B,P] points to tokens of B sequences, whose rows a matrix
    [B S, H] holds one after the other, S = sequence_length. rows lists the
    numbers b S + positions[b,p], first those of the first operand, row-major,
    then those of the next. Running with a position outside 0 .. S - 1 is an
    error.

    Constraints:
    - (C1) there is at least one positions
    - (C2) all positions have the same B
    - (C3) sequence_length is positive, and B S fits an i32

    Example:
    ```mlir
    %rows = bert.row_numbers %masked, %first {sequence_length = 9 : i64} : (tensor<2x3xi32>, tensor<2x1xi32>) -> tensor<8xi32>
    ```
  }];
}

#endif // BERT_INDEXING_OPS_TD
