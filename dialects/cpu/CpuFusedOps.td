// SPDX-License-Identifier: Apache-2.0
//
// Steps of the kernels that do several operations in one pass over memory:
// attention, a gelu with its derivative, and the loss of a classification.

#ifndef BERTC_CPU_FUSED_OPS_TD
#define BERTC_CPU_FUSED_OPS_TD

include "dialects/cpu/CpuDialect.td"

def Cpu_AttentionOp : Cpu_Step<"attention",
    ["acceptsStrides", "getFlops"], [AttrSizedOperandSegments]> {
  let summary = "attention of all heads";
  let description = [{
    terms = scale q k^T + mask over the keys that `ranges` leaves;
    out = dropout(softmax(terms)) v; lse = log of the sum of e^terms. Dropout
    when there is an `rng`. `lse` is missing where no gradient needs it.

    Constraints:
    - (C1) `q` and `out` are [B,A,S,D], `k` and `v` are [B,A,T,D].
    - (C2) `mask` is [B,1,1,T] or [B,1,S,T].
    - (C3) `ranges` is [B,S,2].
    - (C4) `rng` is i32[4].
    - (C5) `lse` is [B,A,S].
    - (C6) `rate` lies in [0, 1).

    ```mlir
    %out = cpu.attention %q, %k, %v mask %mask {scale = 0.125 : f32}
        : (tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>,
           tensor<2x1x1x8xf32>) -> tensor<2x4x8x16xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$q,
      Cpu_FloatTensor:$k, Cpu_FloatTensor:$v, Optional<Cpu_F32Tensor>:$mask,
      Optional<Cpu_Rng>:$rng, Optional<Cpu_I32Tensor>:$ranges, F32Attr:$scale,
      DefaultValuedAttr<F32Attr, "0.0f">:$rate,
      DefaultValuedAttr<I32Attr, "0">:$op_id)>.args;
  let results = (outs Cpu_FloatTensor:$out, Optional<Cpu_F32Tensor>:$lse);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`mask` $mask^)? (`rng` $rng^)? (`ranges` $ranges^)?
    attr-dict `:` functional-type(operands, results)
  }];
}

def Cpu_AttentionGradOp : Cpu_Step<"attention_grad",
    ["acceptsStrides", "getFlops"], [AttrSizedOperandSegments]> {
  let summary = "gradient of cpu.attention";
  let description = [{
    Computes the probabilities again from q, k and lse.

    Constraints:
    - (C1) `q`, `dout` and `dq` are [B,A,S,D]; `k`, `v`, `dk` and `dv` are
      [B,A,T,D].
    - (C2) `mask` is [B,1,1,T] or [B,1,S,T].
    - (C3) `ranges` is [B,S,2].
    - (C4) `rng` is i32[4].
    - (C5) `lse` is [B,A,S].
    - (C6) `rate` lies in [0, 1).

    ```mlir
    %dq, %dk, %dv = cpu.attention_grad %dout, %q, %k, %v, %lse ranges %r
        {scale = 0.125 : f32}
        : (tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>,
           tensor<2x4x8x16xf32>, tensor<2x4x8xf32>, tensor<2x8x2xi32>)
        -> (tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>, tensor<2x4x8x16xf32>)
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$dout,
      Cpu_FloatTensor:$q, Cpu_FloatTensor:$k, Cpu_FloatTensor:$v,
      Cpu_F32Tensor:$lse, Optional<Cpu_F32Tensor>:$mask,
      Optional<Cpu_Rng>:$rng, Optional<Cpu_I32Tensor>:$ranges, F32Attr:$scale,
      DefaultValuedAttr<F32Attr, "0.0f">:$rate,
      DefaultValuedAttr<I32Attr, "0">:$op_id)>.args;
  let results = (outs Cpu_FloatTensor:$dq, Cpu_FloatTensor:$dk,
                 Cpu_FloatTensor:$dv);
  let assemblyFormat = [{
    $dout `,` $q `,` $k `,` $v `,` $lse (`mask` $mask^)? (`rng` $rng^)?
    (`ranges` $ranges^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Cpu_GeluWithDerivativeOp : Cpu_Step<"gelu_with_derivative",
    ["getReusableOperands"]> {
  let summary = "gelu and its derivative";
  let description = [{
    y = gelu(x), in the form `kind` says, and its derivative at x.

    Constraints:
    - (C1) `x`, `y` and `derivative` have the same shape and element type.
    - (C2) `kind` is gelu_erf or gelu_tanh.

    ```mlir
    %y, %d = cpu.gelu_with_derivative gelu_erf %x : (tensor<4x8xf32>)
        -> (tensor<4x8xf32>, tensor<4x8xf32>)
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_UnaryKindAttr:$kind,
                                     Cpu_FloatTensor:$x)>.args;
  let results = (outs Cpu_FloatTensor:$y, Cpu_FloatTensor:$derivative);
  let assemblyFormat = [{
    $kind operands attr-dict `:` functional-type(operands, results)
  }];
}

def Cpu_GeluBackwardOp : Cpu_Step<"gelu_backward", ["getReusableOperands"]> {
  let summary = "gelu again, its gradient, and the sums of that over rows";
  let description = [{
    y = gelu(x), in the form `kind` says; dx = dy times its derivative at x;
    dbias[j] = sum of dx[i,j] over i, in f32.

    Constraints:
    - (C1) `dy`, `x`, `y` and `dx` are [N,C] and of the same element type.
    - (C2) `dbias` is [C].
    - (C3) `kind` is gelu_erf or gelu_tanh.

    ```mlir
    %y, %dx, %db = cpu.gelu_backward gelu_erf %dy, %x
        : (tensor<4x8xf32>, tensor<4x8xf32>)
        -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<8xf32>)
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_UnaryKindAttr:$kind,
      Cpu_FloatTensor:$dy, Cpu_FloatTensor:$x)>.args;
  let results = (outs Cpu_FloatTensor:$y, Cpu_FloatTensor:$dx,
                 Cpu_F32Tensor:$dbias);
  let assemblyFormat = [{
    $kind operands attr-dict `:` functional-type(operands, results)
  }];
}

def Cpu_CrossEntropyOp : Cpu_Step<"cross_entropy"> {
  let summary = "loss of labels under a softmax, and its normalisation";
  let description = [{
    lse[i] = log of the sum of e^logits[i,:]; loss = lse[i] -
    logits[i, labels[i]].

    Constraints:
    - (C1) `logits` is [N, C]; `labels`, `loss` and `lse` are [N].

    ```mlir
    %loss, %lse = cpu.cross_entropy %x, %labels
        : (tensor<4x8xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_FloatTensor:$logits,
                                     Cpu_I32Tensor:$labels)>.args;
  let results = (outs Cpu_F32Tensor:$loss, Cpu_F32Tensor:$lse);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

def Cpu_CrossEntropyGradOp : Cpu_Step<"cross_entropy_grad",
    ["getReusableOperands"]> {
  let summary = "gradient of cpu.cross_entropy in the logits";
  let description = [{
    Constraints:
    - (C1) `logits` and the result are [N, C]; `dloss`, `lse` and `labels` are
      [N].

    ```mlir
    %d = cpu.cross_entropy_grad %dl, %x, %lse, %labels
        : (tensor<4xf32>, tensor<4x8xf32>, tensor<4xf32>, tensor<4xi32>)
        -> tensor<4x8xf32>
    ```
  }];
  let arguments = Cpu_StepArguments<(ins Cpu_F32Tensor:$dloss,
      Cpu_FloatTensor:$logits, Cpu_F32Tensor:$lse,
      Cpu_I32Tensor:$labels)>.args;
  let results = (outs Cpu_FloatTensor:$result);
  let assemblyFormat =
      "operands attr-dict `:` functional-type(operands, results)";
}

#endif // BERTC_CPU_FUSED_OPS_TD
