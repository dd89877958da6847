// SPDX-License-Identifier: Apache-2.0
//
// One update of one variable, as the reference's two optimizers do it.

#ifndef BERT_OPTIMIZER_OPS_TD
#define BERT_OPTIMIZER_OPS_TD

include "dialects/bert/BertBase.td"

class Bert_UpdateOp<string mnemonic, string tfType>
  : Bert_InferredOp<mnemonic, tfType,
      (ins Bert_FloatTensor:$var, Bert_FloatTensor:$m, Bert_FloatTensor:$v,
           Bert_FloatTensor:$grad, Bert_F32Scalar:$learning_rate,
           Bert_I32Scalar:$update_step, F32Attr:$beta1, F32Attr:$beta2,
           F32Attr:$eps, F32Attr:$weight_decay),
      (outs Bert_FloatTensor:$new_var, Bert_FloatTensor:$new_m,
            Bert_FloatTensor:$new_v)> {
  let extraClassDeclaration = !strconcat(tfDeclaration, Bert_AlwaysWide);
}

def Bert_LambUpdateOp : Bert_UpdateOp<"lamb_update", "ResourceApplyLamb"> {
  let summary = "LAMB update of a variable";
  let description = [{
    With t = update_step, counted from 1:
    new_m = beta1 m + (1 - beta1) grad; new_v = beta2 v + (1 - beta2) grad^2;
    u = (new_m / (1 - beta1^t)) / (sqrt(new_v / (1 - beta2^t)) + eps)
        + weight_decay var;
    ratio = |var| / |u| (2-norms; 1 where either is 0);
    new_var = var - ratio learning_rate u.

    Constraints:
    - (C1) var, m, v and grad have the same type
    - (C2) 0 <= beta1 < 1 and 0 <= beta2 < 1
    - (C3) eps >= 0 and weight_decay >= 0

    Example:
    ```mlir
    %w, %m1, %v1 = bert.lamb_update %var, %m, %v, %grad, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.01 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
    ```
  }];
}

def Bert_AdamwUpdateOp : Bert_UpdateOp<"adamw_update",
                                       "ResourceApplyAdamWithWeightDecay"> {
  let summary = "Adam update of a variable with decoupled weight decay";
  let description = [{
    new_m = beta1 m + (1 - beta1) grad; new_v = beta2 v + (1 - beta2) grad^2;
    new_var = var - learning_rate (new_m / sqrt(new_v + eps^2)
              + weight_decay var). There is no bias correction, so update_step
    has no influence.

    Constraints:
    - (C1) var, m, v and grad have the same type
    - (C2) 0 <= beta1 < 1 and 0 <= beta2 < 1
    - (C3) eps >= 0 and weight_decay >= 0

    Example:
    ```mlir
    %w, %m1, %v1 = bert.adamw_update %var, %m, %v, %grad, %lr, %t {beta1 = 0.9 : f32, beta2 = 0.999 : f32, eps = 1.0e-6 : f32, weight_decay = 0.01 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
    ```
  }];
}

#endif // BERT_OPTIMIZER_OPS_TD
