// SPDX-License-Identifier: Apache-2.0
//
// Which keys a query may attend to when several sequences share a row (packed
// sequences). Models make packed_mask; the mask pass turns it into what the
// target wants: an explicit mask, or ranges of keys. B batch, S positions.

#ifndef BERT_MASK_OPS_TD
#define BERT_MASK_OPS_TD

include "dialects/bert/BertBase.td"

def Bert_PackedMaskOp : Bert_InferredOp<"packed_mask", "PackedAttentionMask",
    (ins Bert_IndexMatrix:$numbers), (outs Bert_Scores:$mask)> {
  let summary = "additive attention mask of packed sequences";
  let description = [{
    numbers [B,S] holds for each position the number of its sequence, from 1,
    and 0 for padding. mask [B,1,S,S] f32 is what is added to the score of query
    i and key j: 0 where numbers[b,i] = numbers[b,j] != 0, else -10000.

    Says what is masked, not how: the mask pass replaces it.

    Example:
    ```mlir
    %mask = bert.packed_mask %numbers : (tensor<2x8xi32>) -> tensor<2x1x8x8xf32>
    ```
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_AlwaysWide);
}

def Bert_KeyRangesOp : Bert_InferredOp<"key_ranges", "PackedKeyRanges",
    (ins Bert_IndexMatrix:$numbers), (outs Bert_IndexTensor:$ranges)> {
  let summary = "the keys that each query of packed sequences may attend to";
  let description = [{
    With numbers as in packed_mask: ranges[b,i] = {first, last + 1} of the
    positions whose number is numbers[b,i], and {0, 0} where that is 0. Running
    with a sequence that is not in one piece is an error.

    Example:
    ```mlir
    %ranges = bert.key_ranges %numbers : (tensor<2x8xi32>) -> tensor<2x8x2xi32>
    ```
  }];
}

def Bert_RangeMaskOp : Bert_InferredOp<"range_mask", "PackedRangeMask",
    (ins Bert_IndexTensor:$ranges), (outs Bert_Scores:$mask)> {
  let summary = "additive attention mask of ranges of keys";
  let description = [{
    For ranges [B,S,2], mask [B,1,S,S] f32 is 0 where
    ranges[b,i,0] <= j < ranges[b,i,1], else -10000. An attention that knows
    where its mask comes from need not look at any other key, nor at this mask.

    Constraints:
    - (C1) ranges is [B,S,2]

    Example:
    ```mlir
    %mask = bert.range_mask %ranges : (tensor<2x8x2xi32>) -> tensor<2x1x8x8xf32>
    ```
  }];
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_AlwaysWide);
}

#endif // BERT_MASK_OPS_TD
