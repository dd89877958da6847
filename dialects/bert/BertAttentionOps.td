// SPDX-License-Identifier: Apache-2.0
//
// Attention of all heads as one operation, made by fusion. B batch, A heads, S
// query and T key positions, D the size of a head.

#ifndef BERT_ATTENTION_OPS_TD
#define BERT_ATTENTION_OPS_TD

include "dialects/bert/BertBase.td"

def Bert_AttentionOp : Bert_InferredOp<"attention", "_FusedAttention",
    (ins Bert_Scores:$q, Bert_Scores:$k, Bert_Scores:$v,
         Optional<Bert_Scores>:$mask, Optional<Bert_IndexTensor>:$ranges,
         Optional<Bert_RngState>:$rng, F32Attr:$scale, F32Attr:$rate,
         I32Attr:$op_id),
    (outs Bert_Scores:$out, Bert_FloatTensor:$lse),
    [AttrSizedOperandSegments]> {
  let summary = "attention of all heads";
  let description = [{
    With q [B,A,S,D], k and v [B,A,T,D]:
    terms = scale q k^T + mask; out = dropout(softmax(terms)) v and
    lse[b,a,s] = log of the sum over t of e^terms[b,a,s,t], f32.

    ranges [B,S,2] holds for each query the first key it may attend to and the
    one after the last: softmax and sums run over these keys alone, all others
    have probability 0 and need not be looked at. A query without keys has
    out = 0 and lse = 0. Elements of dropout are numbered as those of
    [B,A,S,T] in any case.

    Constraints:
    - (C1) q, k and v have the same element type
    - (C2) k and v have the same shape, and q agrees with it but for S
    - (C3) mask is [B,1,1,T] or [B,1,S,T]; it may be f32 when q is bf16
    - (C4) ranges is [B,S,2]
    - (C5) 0 <= rate < 1
    - (C6) rng is given when rate > 0

    Example:
    ```mlir
    %out, %lse = bert.attention %q, %k, %v mask %mask rng %rng {scale = 0.25 : f32, rate = 0.1 : f32, op_id = 3 : i32} : (tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x1x1x8xf32>, tensor<4xi32>) -> (tensor<2x4x8x16xf32>, tensor<2x4x8xf32>)
    ```
  }];
  let assemblyFormat = [{
    $q `,` $k `,` $v (`mask` $mask^)? (`ranges` $ranges^)? (`rng` $rng^)?
    attr-dict `:` functional-type(operands, results)
  }];
}

def Bert_AttentionGradOp : Bert_InferredOp<"attention_grad",
    "_FusedAttentionGrad",
    (ins Bert_Scores:$dout, Bert_Scores:$q, Bert_Scores:$k, Bert_Scores:$v,
         Bert_FloatTensor:$lse, Optional<Bert_Scores>:$mask,
         Optional<Bert_IndexTensor>:$ranges, Optional<Bert_RngState>:$rng,
         F32Attr:$scale, F32Attr:$rate, I32Attr:$op_id),
    (outs Bert_Scores:$dq, Bert_Scores:$dk, Bert_Scores:$dv),
    [AttrSizedOperandSegments]> {
  let summary = "gradient of attention";
  let description = [{
    The probabilities are computed again from q, k and lse:
    p = e^(terms - lse); dv = dropout(p)^T dout; g = dropout_grad(dout v^T);
    dterms = p (g - sum over t of g p); dq = scale dterms k;
    dk = scale dterms^T q.

    Constraints:
    - (C1) dout, q, k and v have the same element type
    - (C2) k and v have the same shape, and q agrees with it but for S
    - (C3) dout has the shape of q
    - (C4) lse has the type that attention gives for q
    - (C5) mask is [B,1,1,T] or [B,1,S,T]; it may be f32 when q is bf16
    - (C6) ranges is [B,S,2]
    - (C7) 0 <= rate < 1
    - (C8) rng is given when rate > 0

    Example:
    ```mlir
    %dq, %dk, %dv = bert.attention_grad %dout, %q, %k, %v, %lse ranges %ranges {scale = 0.25 : f32, rate = 0.0 : f32, op_id = 3 : i32} : (tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8xf32>, tensor<2x8x2xi32>) -> (tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>)
    ```
  }];
  let assemblyFormat = [{
    $dout `,` $q `,` $k `,` $v `,` $lse (`mask` $mask^)? (`ranges` $ranges^)?
    (`rng` $rng^)? attr-dict `:` functional-type(operands, results)
  }];
}

#endif // BERT_ATTENTION_OPS_TD
