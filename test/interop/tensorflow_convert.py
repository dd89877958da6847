#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TensorFlow BERT checkpoints -> ours -> TensorFlow, bit for bit.

Not part of the test suite, because TensorFlow is large. In a scratch
environment with tensorflow-cpu:

    cmake --preset release && cmake --build build --target bert-run
    scratch/bin/python test/interop/tensorflow_convert.py build

A pre-training, a classifier's and a question-answering checkpoint with AdamW
slots are written by tf.compat.v1.train.Saver, as the reference's Estimator does
it, converted to safetensors under our names, to Hugging Face's names and to a
Hugging Face folder in shards, and from each back to a checkpoint that
TensorFlow reads. Prints "interop: ok".
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

CONFIG = {"vocab_size": 97, "hidden_size": 24, "num_hidden_layers": 11,
          "num_attention_heads": 3, "intermediate_size": 40,
          "max_position_embeddings": 33, "type_vocab_size": 2,
          "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
          "attention_probs_dropout_prob": 0.1, "initializer_range": 0.02}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def encoder_shapes():
    width, inner = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    shapes = {"bert/embeddings/word_embeddings": (CONFIG["vocab_size"], width),
              "bert/embeddings/token_type_embeddings": (2, width),
              "bert/embeddings/position_embeddings": (33, width)}
    norms, linears = ["bert/embeddings/LayerNorm"], {}
    for i in range(CONFIG["num_hidden_layers"]):
        layer = f"bert/encoder/layer_{i}/"
        for part in ("self/query", "self/key", "self/value", "output/dense"):
            linears[layer + "attention/" + part] = (width, width)
        linears[layer + "intermediate/dense"] = (width, inner)
        linears[layer + "output/dense"] = (inner, width)
        norms += [layer + "attention/output/LayerNorm",
                  layer + "output/LayerNorm"]
    linears["bert/pooler/dense"] = (width, width)
    for name, shape in linears.items():
        shapes[name + "/kernel"], shapes[name + "/bias"] = shape, shape[1:]
    for name in norms:
        shapes[name + "/gamma"] = shapes[name + "/beta"] = (width,)
    return shapes


def head_shapes(kind):
    width = CONFIG["hidden_size"]
    transform = "cls/predictions/transform/"
    return {
        "pretraining": {
            transform + "dense/kernel": (width, width),
            transform + "dense/bias": (width,),
            transform + "LayerNorm/gamma": (width,),
            transform + "LayerNorm/beta": (width,),
            "cls/predictions/output_bias": (CONFIG["vocab_size"],),
            "cls/seq_relationship/output_weights": (2, width),
            "cls/seq_relationship/output_bias": (2,)},
        "classifier": {"output_weights": (3, width), "output_bias": (3,)},
        "squad": {"cls/squad/output_weights": (2, width),
                  "cls/squad/output_bias": (2,)},
    }[kind]


def save(values, prefix):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variables = [tf.compat.v1.get_variable(
            name, initializer=tf.constant(value))
            for name, value in values.items()]
        session.run(tf.compat.v1.global_variables_initializer())
        return tf.compat.v1.train.Saver(variables).save(
            session, prefix, write_meta_graph=False)


def same_bits(prefix, expected):
    reader = tf.train.load_checkpoint(str(prefix))
    found = reader.get_variable_to_shape_map()
    assert set(found) == set(expected), set(found) ^ set(expected)
    for name, value in expected.items():
        tensor = np.asarray(reader.get_tensor(name))
        assert tensor.dtype == value.dtype and tensor.shape == value.shape, name
        assert tensor.tobytes() == value.tobytes(), name


def check(convert, folder, kind, rng):
    # Any bits: also NaNs with a payload, infinities, denormals, -0.
    weights = {name: rng.integers(0, 2**32, shape, np.uint32).view(np.float32)
               for name, shape in {**encoder_shapes(),
                                   **head_shapes(kind)}.items()}
    everything = dict(weights, global_step=np.int64(7038))
    for name, value in weights.items():
        everything[name + "/adam_m"] = -value
        everything[name + "/adam_v"] = np.flip(value)
    prefix = save(everything, str(folder / "theirs" / "model.ckpt-7038"))
    convert(prefix, folder / "ours.safetensors")
    convert(folder / "ours.safetensors", folder / "model.ckpt-1")
    same_bits(folder / "model.ckpt-1", everything)
    convert(prefix, folder / "names.safetensors", "--hf-names")
    convert(folder / "names.safetensors", folder / "model.ckpt-2")
    same_bits(folder / "model.ckpt-2", weights)

    (folder / "bert_config.json").write_text(json.dumps(CONFIG))
    words = WORDS + [f"w{i}" for i in range(CONFIG["vocab_size"] - len(WORDS))]
    (folder / "vocab.txt").write_text("".join(word + "\n" for word in words))
    convert(prefix, folder / "hf", "--hf-folder", "--max-shard-size", "50KB",
            "--config", folder / "bert_config.json",
            "--vocab-file", folder / "vocab.txt")
    convert(folder / "hf", folder / "model.ckpt-3")
    if kind == "squad":  # Hugging Face's class has no pooler
        weights = {name: value for name, value in weights.items()
                   if "pooler" not in name}
    same_bits(folder / "model.ckpt-3", weights)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", help="build folder of bertc")
    program = pathlib.Path(parser.parse_args().build) / "bin" / "bert-run"

    def convert(*arguments):
        subprocess.run([program, "convert", *map(str, arguments), "--quiet"],
                       check=True)

    rng = np.random.default_rng(20240607)
    for kind in ("pretraining", "classifier", "squad"):
        with tempfile.TemporaryDirectory() as folder:
            check(convert, pathlib.Path(folder), kind, rng)
    print("interop: ok", json.dumps({"tensorflow": tf.__version__}))


if __name__ == "__main__":
    main()
