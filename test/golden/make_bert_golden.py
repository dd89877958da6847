#!/usr/bin/env python3
"""Losses, gradients, predictions and optimizer runs of small BERT models.

    make_bert_golden.py      writes data/bert/CASE/... beside this script

Everything is computed in float64 by a plain PyTorch model below, which is
checked against Hugging Face's BertForPreTraining on the same weights, and is
stored as float32. Needs torch, transformers, numpy and safetensors.

A case is a folder:
  config.json, flags.txt      what `bertc compile` is given
  weights.safetensors         every variable under its checkpoint name
  ENTRY.in.safetensors        inputs of an entry
  ENTRY.out.safetensors       what the entry returns
An optimizer case has micro_K.in (inputs of train_step, used in turn),
schedule (learning rate of each update) and final (variables at the end).
"""
import json
import math
import os
import shutil

import numpy as np
import torch
from safetensors.numpy import save_file

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "bert")


# --- dropout: Philox4x32-10 as docs/numerics.md says --------------------------

def philox(counter, key):
    """counter: uint64 array [N,4] of 32-bit words, key: two words -> [N,4]."""
    mask = np.uint64(0xffffffff)
    c = [counter[:, i].copy() for i in range(4)]
    k0, k1 = key
    for _ in range(10):
        p0 = c[0] * np.uint64(0xD2511F53)
        p1 = c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & mask,
             (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), p0 & mask]
        k0 = (k0 + 0x9E3779B9) & 0xffffffff
        k1 = (k1 + 0xBB67AE85) & 0xffffffff
    return np.stack(c, 1)


def dropout_mask(count, rate, op_id, rng):
    """What each of `count` elements is multiplied with."""
    threshold = int(np.floor(np.float32(rate).astype(np.float64) * 65536 + 0.5))
    if threshold == 0 or rng[3] & 1:
        return np.ones(count)
    index = np.arange(count, dtype=np.uint64)
    element = index % np.uint64(128)
    block = (index // np.uint64(128)) * np.uint64(16) + element % np.uint64(16)
    slot = element // np.uint64(16)
    counter = np.stack([block & np.uint64(0xffffffff), block >> np.uint64(32),
                        np.full(count, op_id, np.uint64),
                        np.full(count, rng[2], np.uint64)], 1)
    words = philox(counter, (rng[0], rng[1]))
    word = words[np.arange(count), (slot // np.uint64(2)).astype(int)]
    half = np.where(slot & np.uint64(1), word >> np.uint64(16),
                    word & np.uint64(0xffff))
    scale = np.float64(np.float32(1.0 / (1.0 - threshold / 65536.0)))
    return np.where(half >= threshold, scale, 0.0)


# --- the model ----------------------------------------------------------------

def gelu(x):
    return 0.5 * x * (1.0 + torch.erf(x / math.sqrt(2.0)))


def gelu_tanh(x):
    inner = math.sqrt(2.0 / math.pi) * (x + 0.044715 * x ** 3)
    return 0.5 * x * (1.0 + torch.tanh(inner))


ACTIVATIONS = {"gelu": gelu, "gelu_new": gelu_tanh, "gelu_tanh": gelu_tanh,
               "relu": torch.relu, "tanh": torch.tanh, "linear": lambda x: x}


class Model:
    """A BERT over a dictionary of parameters named as in checkpoints."""

    def __init__(self, config, params, rng=None):
        self.c, self.p, self.rng, self.op_id = config, params, rng, 0

    def dense(self, name, x):
        return x @ self.p[name + "/kernel"] + self.p[name + "/bias"]

    def norm(self, name, x):
        eps = float(np.float32(self.c.get("layer_norm_eps", 1e-12)))
        mean = x.mean(-1, keepdim=True)
        var = ((x - mean) ** 2).mean(-1, keepdim=True)
        return ((x - mean) / torch.sqrt(var + eps)
                * self.p[name + "/gamma"] + self.p[name + "/beta"])

    def dropout(self, x, rate):
        if self.rng is None or rate == 0:
            return x
        mask = dropout_mask(x.numel(), rate, self.op_id, self.rng)
        self.op_id += 1
        return x * torch.from_numpy(mask).reshape(x.shape)

    def act(self, x):
        return ACTIVATIONS[self.c["hidden_act"]](x)

    def attention(self, scope, x, mask):
        b, s, h = x.shape
        heads = self.c["num_attention_heads"]

        def split(name):
            y = self.dense(scope + "self/" + name, x)
            return y.reshape(b, s, heads, h // heads).transpose(1, 2)

        q, k, v = split("query"), split("key"), split("value")
        scores = q @ k.transpose(2, 3) / math.sqrt(h // heads)
        scores = scores + (1.0 - mask[:, None, None, :]) * -10000.0
        probs = self.dropout(torch.softmax(scores, -1),
                             self.c["attention_probs_dropout_prob"])
        return (probs @ v).transpose(1, 2).reshape(b, s, h)

    def output(self, scope, x, residual):
        x = self.dropout(self.dense(scope + "dense", x),
                         self.c["hidden_dropout_prob"])
        return self.norm(scope + "LayerNorm", x + residual)

    def encode(self, ids, mask, segments):
        e = "bert/embeddings/"
        x = (self.p[e + "word_embeddings"][ids]
             + self.p[e + "token_type_embeddings"][segments]
             + self.p[e + "position_embeddings"][:ids.shape[1]])
        x = self.dropout(self.norm(e + "LayerNorm", x),
                         self.c["hidden_dropout_prob"])
        mask = mask.double()
        for i in range(self.c["num_hidden_layers"]):
            layer = f"bert/encoder/layer_{i}/"
            context = self.attention(layer + "attention/", x, mask)
            x = self.output(layer + "attention/output/", context, x)
            inner = self.act(self.dense(layer + "intermediate/dense", x))
            x = self.output(layer + "output/", inner, x)
        return x

    def pool(self, x):
        return torch.tanh(self.dense("bert/pooler/dense", x[:, 0]))

    def heads(self, b):
        x = self.encode(b["input_ids"], b["input_mask"], b["segment_ids"])
        t = "cls/predictions/transform/"
        picked = torch.stack([row[at] for row, at in
                              zip(x, b["masked_lm_positions"])])
        picked = picked.reshape(-1, x.shape[-1])
        y = self.norm(t + "LayerNorm", self.act(self.dense(t + "dense", picked)))
        logits = (y @ self.p["bert/embeddings/word_embeddings"].T
                  + self.p["cls/predictions/output_bias"])
        r = "cls/seq_relationship/output_"
        next_logits = self.pool(x) @ self.p[r + "weights"].T + self.p[r + "bias"]
        return torch.log_softmax(logits, -1), torch.log_softmax(next_logits, -1)

    def classify(self, b):
        x = self.encode(b["input_ids"], b["input_mask"], b["segment_ids"])
        pooled = self.dropout(self.pool(x), 0.1)
        return pooled @ self.p["output_weights"].T + self.p["output_bias"]

    def squad(self, b):
        x = self.encode(b["input_ids"], b["input_mask"], b["segment_ids"])
        logits = (x @ self.p["cls/squad/output_weights"].T
                  + self.p["cls/squad/output_bias"])
        return logits[..., 0], logits[..., 1]


def nll(log_probs, labels):
    return -log_probs[torch.arange(len(labels)), labels.reshape(-1).long()]


def pretrain_losses(model, b):
    masked, following = model.heads(b)
    weights = b["masked_lm_weights"].reshape(-1).double()
    per = nll(masked, b["masked_lm_ids"].reshape(-1))
    masked_loss = (weights * per).sum() / (weights.sum() + 1e-5)
    next_loss = nll(following, b["next_sentence_labels"]).mean()
    return {"total_loss": masked_loss + next_loss,
            "masked_lm_loss": masked_loss, "next_sentence_loss": next_loss}


def weighted_mean(loss, examples):
    total, count = (loss * examples).sum(), examples.sum()
    return {"total_loss": total / max(float(count), 1.0), "loss_sum": total,
            "count": count}


def mean_of_examples(loss, b):
    return weighted_mean(loss, b["example_weights"].double())["total_loss"]


def classify_losses(model, b):
    log_probs = torch.log_softmax(model.classify(b), -1)
    return {"total_loss": mean_of_examples(nll(log_probs, b["label_ids"]), b)}


def squad_losses(model, b):
    start, end = model.squad(b)
    loss = [mean_of_examples(nll(torch.log_softmax(x, -1), b[name]), b)
            for x, name in ((start, "start_positions"), (end, "end_positions"))]
    return {"total_loss": (loss[0] + loss[1]) / 2}


LOSSES = {"pretrain": pretrain_losses, "classify": classify_losses,
          "squad": squad_losses}


def predict(task, model, b):
    if task == "pretrain":
        masked, following = model.heads(b)
        return {"masked_lm_log_probs": masked,
                "next_sentence_log_probs": following}
    if task == "classify":
        logits = model.classify(b)
        return {"logits": logits, "probabilities": torch.softmax(logits, -1)}
    start, end = model.squad(b)
    return {"start_logits": start, "end_logits": end}


def evaluate_pretrain(model, b):
    masked, following = model.heads(b)
    examples = b["example_weights"].double()
    weights = (b["masked_lm_weights"].double() * examples[:, None]).reshape(-1)
    labels = b["masked_lm_ids"].reshape(-1)
    masked_sum = (weights * nll(masked, labels)).sum()
    next_sum = (examples * nll(following, b["next_sentence_labels"])).sum()
    masked_loss = masked_sum / (weights.sum() + 1e-5)
    next_loss = next_sum / max(float(examples.sum()), 1.0)
    right = (masked.argmax(-1) == labels).double()
    next_right = (following.argmax(-1) == b["next_sentence_labels"]).double()
    return {"total_loss": masked_loss + next_loss,
            "masked_lm_loss": masked_loss, "next_sentence_loss": next_loss,
            "masked_lm_loss_sum": masked_sum,
            "masked_lm_correct": (weights * right).sum(),
            "masked_lm_weight": weights.sum(),
            "next_sentence_loss_sum": next_sum,
            "next_sentence_correct": (examples * next_right).sum(),
            "next_sentence_count": examples.sum()}


def evaluate_classify(model, b):
    logits = model.classify(b)
    examples = b["example_weights"].double()
    loss = nll(torch.log_softmax(logits, -1), b["label_ids"])
    right = (logits.argmax(-1) == b["label_ids"]).double()
    return {**weighted_mean(loss, examples), "logits": logits,
            "correct": (examples * right).sum(),
            "probabilities": torch.softmax(logits, -1)}


def evaluate_squad(model, b):
    start, end = model.squad(b)
    loss = (nll(torch.log_softmax(start, -1), b["start_positions"])
            + nll(torch.log_softmax(end, -1), b["end_positions"])) / 2
    return {**weighted_mean(loss, b["example_weights"].double()),
            "start_logits": start, "end_logits": end}


EVALUATE = {"pretrain": evaluate_pretrain, "classify": evaluate_classify,
            "squad": evaluate_squad}


# --- random weights and batches -----------------------------------------------

def shapes(task, c, labels):
    h, i = c["hidden_size"], c["intermediate_size"]
    out = {}

    def norm(name):
        out[name + "/beta"] = (h,)
        out[name + "/gamma"] = (h,)

    def dense(name, rows, columns):
        out[name + "/kernel"] = (rows, columns)
        out[name + "/bias"] = (columns,)

    e = "bert/embeddings/"
    out[e + "word_embeddings"] = (c["vocab_size"], h)
    out[e + "token_type_embeddings"] = (c["type_vocab_size"], h)
    out[e + "position_embeddings"] = (c["max_position_embeddings"], h)
    norm(e + "LayerNorm")
    for n in range(c["num_hidden_layers"]):
        layer = f"bert/encoder/layer_{n}/"
        for part in ("query", "key", "value"):
            dense(layer + "attention/self/" + part, h, h)
        dense(layer + "attention/output/dense", h, h)
        norm(layer + "attention/output/LayerNorm")
        dense(layer + "intermediate/dense", h, i)
        dense(layer + "output/dense", i, h)
        norm(layer + "output/LayerNorm")
    if task != "squad":
        dense("bert/pooler/dense", h, h)
    if task == "pretrain":
        dense("cls/predictions/transform/dense", h, h)
        norm("cls/predictions/transform/LayerNorm")
        out["cls/predictions/output_bias"] = (c["vocab_size"],)
        out["cls/seq_relationship/output_weights"] = (2, h)
        out["cls/seq_relationship/output_bias"] = (2,)
    elif task == "classify":
        out["output_weights"] = (labels, h)
        out["output_bias"] = (labels,)
    else:
        out["cls/squad/output_weights"] = (2, h)
        out["cls/squad/output_bias"] = (2,)
    return out


def random_weights(random, task, c, labels, deviation):
    weights = {}
    for name, shape in shapes(task, c, labels).items():
        value = random.standard_normal(shape) * deviation
        if name.endswith("gamma"):
            value = 1.0 + value
        weights[name] = value.astype(np.float32)
    return weights


def random_batch(random, task, c, b, s, p, labels):
    """Sequences of random length, the rest padding; of the predictions, some
    with weight 0 at position 0, as records have them."""
    ids = random.integers(5, c["vocab_size"], (b, s))
    lengths = random.integers(max(2, s // 2), s + 1, b)
    mask = (np.arange(s) < lengths[:, None])
    segments = (np.arange(s) >= lengths[:, None] // 2) & mask
    batch = {"input_ids": np.where(mask, ids, 0), "input_mask": mask,
             "segment_ids": segments * (c["type_vocab_size"] - 1)}
    if task == "pretrain":
        used = random.integers(1, p + 1, b)
        used[0] = p
        live = np.arange(p) < used[:, None]
        where = np.sort(random.integers(0, lengths[:, None], (b, p)), 1)
        batch["masked_lm_positions"] = np.where(live, where, 0)
        batch["masked_lm_ids"] = np.where(
            live, random.integers(0, c["vocab_size"], (b, p)), 0)
        batch["masked_lm_weights"] = live.astype(np.float32)
        batch["next_sentence_labels"] = random.integers(0, 2, b)
    elif task == "classify":
        batch["label_ids"] = random.integers(0, labels, b)
    else:
        batch["start_positions"] = random.integers(0, lengths)
        batch["end_positions"] = random.integers(0, lengths)
    return {k: v if v.dtype == np.float32 else v.astype(np.int32)
            for k, v in batch.items()}


def as_torch(batch):
    return {k: torch.from_numpy(np.asarray(v)).long()
            if v.dtype != np.float32 else torch.from_numpy(v)
            for k, v in batch.items()}


def parameters(weights):
    return {k: torch.from_numpy(v).double().requires_grad_()
            for k, v in weights.items()}


def as_f32(tensors):
    return {k: np.array(v.detach().numpy(), np.float32, order="C")
            for k, v in tensors.items()}


# --- checking the model itself ------------------------------------------------

def check_against_transformers(c, weights, batch):
    """The log probabilities of both heads agree with Hugging Face's."""
    from transformers import BertConfig, BertForPreTraining
    torch.set_default_dtype(torch.float64)
    spelled = {**c, "hidden_act": c["hidden_act"].replace("_tanh", "_new")}
    try:
        hf = BertForPreTraining(BertConfig(
            **spelled, attn_implementation="eager")).double().eval()
    finally:
        torch.set_default_dtype(torch.float32)
    state = hf.state_dict()
    for name, value in weights.items():
        key = name.replace("/", ".").replace("layer_", "layer.")
        key = key.replace("kernel", "weight").replace("gamma", "weight")
        key = key.replace("beta", "bias").replace("output_weights", "weight")
        key = key.replace("output_bias", "bias")
        for part in ("word", "token_type", "position"):
            key = key.replace(part + "_embeddings", part + "_embeddings.weight")
        tensor = torch.from_numpy(value).double()
        state[key].copy_(tensor.T if name.endswith("kernel") else tensor)
    state["cls.predictions.decoder.weight"].copy_(
        state["bert.embeddings.word_embeddings.weight"])
    hf.load_state_dict(state)
    b = as_torch(batch)
    with torch.no_grad():
        theirs = hf(b["input_ids"], b["input_mask"], b["segment_ids"])
        masked, following = Model(c, parameters(weights)).heads(b)
        logits = torch.stack([row[at] for row, at in zip(
            theirs.prediction_logits, b["masked_lm_positions"])])
        masked_error = (torch.log_softmax(logits, -1).reshape(masked.shape)
                        - masked).abs().max()
        next_error = (torch.log_softmax(theirs.seq_relationship_logits, -1)
                      - following).abs().max()
    assert masked_error < 1e-9 and next_error < 1e-9, (masked_error, next_error)


# --- cases --------------------------------------------------------------------

def config(v, h, l, a, i, positions, act, types=2, dropout=0.0, eps=None):
    c = {"vocab_size": v, "hidden_size": h, "num_hidden_layers": l,
         "num_attention_heads": a, "intermediate_size": i,
         "max_position_embeddings": positions, "hidden_act": act,
         "type_vocab_size": types, "hidden_dropout_prob": dropout,
         "attention_probs_dropout_prob": dropout, "initializer_range": 0.02}
    if eps is not None:
        c["layer_norm_eps"] = eps
    return c


# name, task, config, B, S, P, labels, rng
CASES = [
    ("gelu_padding", "pretrain", config(50, 16, 2, 2, 32, 16, "gelu"),
     3, 12, 4, 2, [0, 0, 0, 1]),
    ("gelu_tanh_odd", "pretrain", config(37, 15, 1, 3, 22, 9, "gelu_new", 3),
     2, 7, 3, 2, [0, 0, 0, 1]),
    ("one_head", "pretrain", config(11, 8, 1, 1, 8, 16, "relu", 1),
     1, 16, 1, 2, [0, 0, 0, 1]),
    ("many_heads", "pretrain", config(40, 24, 3, 6, 40, 10, "gelu", eps=1e-5),
     4, 10, 5, 2, [0, 0, 0, 1]),
    ("wide", "pretrain", config(211, 64, 1, 4, 256, 48, "gelu_tanh"),
     3, 40, 6, 2, [0, 0, 0, 1]),
    ("dropout", "pretrain",
     config(30, 16, 2, 4, 24, 16, "gelu", dropout=0.1), 2, 16, 3, 2,
     [7, 5, 3, 0]),
    ("classify", "classify",
     config(29, 12, 1, 2, 20, 12, "tanh", dropout=0.2), 5, 9, 1, 3,
     [11, 0, 2, 0]),
    ("squad", "squad", config(31, 12, 2, 3, 18, 20, "linear"), 3, 17, 1, 2,
     [0, 0, 0, 1]),
]


def write(case, name, tensors):
    save_file({k: np.array(v, order="C") for k, v in tensors.items()},
              os.path.join(DATA, case, name + ".safetensors"))


def begin(case, task, c, b, s, p, labels, extra=()):
    os.makedirs(os.path.join(DATA, case))
    with open(os.path.join(DATA, case, "config.json"), "w") as f:
        json.dump(c, f, indent=1, sort_keys=True)
        f.write("\n")
    flags = ["--task", task, "--batch-size", b, "--max-seq-length", s, *extra]
    if task == "pretrain":
        flags += ["--max-predictions-per-seq", p]
    if task == "classify":
        flags += ["--num-labels", labels]
    with open(os.path.join(DATA, case, "flags.txt"), "w") as f:
        f.write(" ".join(map(str, flags)) + "\n")


def inputs_only(batch):
    names = ("input_ids", "input_mask", "segment_ids", "masked_lm_positions")
    return {k: v for k, v in batch.items() if k in names}


def make_case(seed, case, task, c, b, s, p, labels, rng):
    random = np.random.default_rng(seed)
    weights = random_weights(random, task, c, labels, 0.3)
    batch = random_batch(random, task, c, b, s, p, labels)
    if task == "pretrain":
        check_against_transformers(c, weights, batch)
    begin(case, task, c, b, s, p, labels)
    write(case, "weights", weights)

    examples = np.array([1] + [i % 2 for i in range(1, b)], np.float32)
    weighted = {**batch, "example_weights": examples}
    trained = batch if task == "pretrain" else weighted

    params = parameters(weights)
    losses = LOSSES[task](Model(c, params, rng), as_torch(trained))
    losses["total_loss"].backward()
    write(case, "gradients.in",
          {**trained, "rng": np.array(rng, np.int32)})
    zero = {k: v.grad if v.grad is not None else torch.zeros_like(v)
            for k, v in params.items()}
    write(case, "gradients.out", as_f32({**losses, **zero}))

    with torch.no_grad():
        write(case, "predict.in", inputs_only(batch))
        write(case, "predict.out",
              as_f32(predict(task, Model(c, params), as_torch(batch))))
        write(case, "evaluate.in", weighted)
        write(case, "evaluate.out", as_f32(
            EVALUATE[task](Model(c, params), as_torch(weighted))))


# --- optimizers ---------------------------------------------------------------

UPDATES, ACCUMULATION, WARMUP, MICRO_BATCHES = 50, 2, 5, 4


def decayed(name):
    return not any(x in name for x in ("LayerNorm", "layer_norm", "bias"))


# Plans keep these as f32. The reference has 1 - beta in f32 instead, which
# differs from this by 1.3e-5 for beta2.
BETA1, BETA2, EPS, DECAY = (float(np.float32(x)) for x in
                            (0.9, 0.999, 1e-6, 0.01))


def adamw(w, m, v, g, rate, step, decay):
    m[...] = BETA1 * m + (1 - BETA1) * g
    v[...] = BETA2 * v + (1 - BETA2) * g * g
    w -= rate * (m / np.sqrt(v + EPS ** 2) + decay * w)


def lamb(w, m, v, g, rate, step, decay):
    m[...] = BETA1 * m + (1 - BETA1) * g
    v[...] = BETA2 * v + (1 - BETA2) * g * g
    u = m / (1 - BETA1 ** step) / (np.sqrt(v / (1 - BETA2 ** step)) + EPS)
    u = u + decay * w
    a, b = np.linalg.norm(w), np.linalg.norm(u)
    w -= (a / b if a > 0 and b > 0 else 1.0) * rate * u


def rate_at(name, update, init):
    """Learning rate of update 0, 1, ...: warm-up from 0, then decay."""
    if update < WARMUP:
        return init * update / WARMUP
    if name == "lamb":
        return init * math.sqrt(1 - update / UPDATES)
    return init / (1 - WARMUP / UPDATES) * (1 - update / UPDATES)


def make_optimizer_case(seed, name, rule, init):
    c = config(24, 12, 1, 2, 16, 8, "gelu", dropout=0.1)
    b, s, p = 2, 8, 2
    random = np.random.default_rng(seed)
    weights = random_weights(random, "pretrain", c, 2, 0.3)
    begin(name, "pretrain", c, b, s, p, 2, ["--optimizer", name])
    write(name, "weights", weights)
    batches = [random_batch(random, "pretrain", c, b, s, p, 2)
               for _ in range(MICRO_BATCHES)]
    for k, batch in enumerate(batches):
        write(name, f"micro_{k}.in", batch)
    rates = np.array([rate_at(name, i, init) for i in range(UPDATES)],
                     np.float32)
    write(name, "schedule", {"learning_rate": rates})

    w = {k: v.astype(np.float64) for k, v in weights.items()}
    m = {k: np.zeros_like(v) for k, v in w.items()}
    v = {k: np.zeros_like(x) for k, x in w.items()}
    clipped, losses = 0, []
    for update in range(UPDATES):
        accum = {k: np.zeros_like(x) for k, x in w.items()}
        for part in range(ACCUMULATION):
            step = update * ACCUMULATION + part
            params = parameters(w)
            loss = pretrain_losses(Model(c, params, [5, 0, step, 0]), as_torch(
                batches[step % MICRO_BATCHES]))["total_loss"]
            (loss / ACCUMULATION).backward()
            losses.append(float(loss.detach()))
            grads = {k: x.grad.numpy() for k, x in params.items()}
            norm = math.sqrt(sum((g * g).sum() for g in grads.values()))
            clipped += norm > 1.0
            for k, g in grads.items():
                accum[k] += g * min(1.0 / norm, 1.0)
        for k in w:
            rule(w[k], m[k], v[k], accum[k], float(rates[update]), update + 1,
                 DECAY if decayed(k) else 0.0)
    print(f"{name}: {clipped} of {UPDATES * ACCUMULATION} micro-batches "
          f"clipped, loss {losses[0]:.3f} to {losses[-1]:.3f}")
    assert 0 < clipped < UPDATES * ACCUMULATION
    final = dict(w)
    final.update({k + "/adam_m": x for k, x in m.items()})
    final.update({k + "/adam_v": x for k, x in v.items()})
    final["losses"] = np.array(losses)
    write(name, "final", {k: x.astype(np.float32) for k, x in final.items()})


def main():
    shutil.rmtree(DATA, ignore_errors=True)
    for seed, case in enumerate(CASES):
        make_case(seed + 100, *case)
    make_optimizer_case(200, "lamb", lamb, 0.02)
    make_optimizer_case(201, "adamw", adamw, 0.002)


if __name__ == "__main__":
    main()
