// SPDX-License-Identifier: Apache-2.0
//
// Negative log likelihood and its gradient. N examples, C classes.

#ifndef BERT_LOSS_OPS_TD
#define BERT_LOSS_OPS_TD

include "dialects/bert/BertBase.td"

def Bert_NllOp : Bert_InferredOp<"nll", "GatherNd",
    (ins Bert_FloatMatrix:$log_probs, Bert_IndexVector:$labels),
    (outs Bert_FloatVector:$loss)> {
  let summary = "negative log likelihood of the labels";
  let description = [{
    loss[n] = -log_probs[n, labels[n]]. Running with a label outside 0 .. C - 1
    is an error.

    Constraints:
    - (C1) log_probs and labels agree on N

    Example:
    ```mlir
    %loss = bert.nll %log_probs, %labels : (tensor<4x9xf32>, tensor<4xi32>) -> tensor<4xf32>
    ```
  }];
}

def Bert_NllGradOp : Bert_InferredOp<"nll_grad", "ScatterNd",
    (ins Bert_FloatVector:$dloss, Bert_IndexVector:$labels,
         I64Attr:$num_classes),
    (outs Bert_FloatMatrix:$dlog_probs)> {
  let summary = "gradient of nll in the log probabilities";
  let description = [{
    dlog_probs[n, c] = c == labels[n] ? -dloss[n] : 0, with C = num_classes

    Constraints:
    - (C1) dloss and labels agree on N
    - (C2) num_classes >= 1

    Example:
    ```mlir
    %d = bert.nll_grad %dloss, %labels {num_classes = 9 : i64} : (tensor<4xf32>, tensor<4xi32>) -> tensor<4x9xf32>
    ```
  }];
}

#endif // BERT_LOSS_OPS_TD
