#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hugging Face folders -> ours -> from_pretrained, bit for bit.

Not part of the test suite, because PyTorch is large. In a scratch environment
with torch and transformers:

    cmake --preset release && cmake --build build --target bert-run
    scratch/bin/python test/interop/huggingface_convert.py build

For every BERT class, in f32 and bf16, whole and in shards, with today's names
and with those of old TensorFlow conversions: a random model is saved by
save_pretrained, converted to a TensorFlow checkpoint and from there to a folder
again, which from_pretrained must open without a missing or unexpected tensor.
Tensors, outputs and token ids must be the same bits. Prints "interop: ok".
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TQDM_DISABLE", "1")

import torch
import transformers
from safetensors.torch import load_file, save_file

CLASSES = ["BertModel", "BertForPreTraining", "BertForMaskedLM",
           "BertForNextSentencePrediction", "BertForSequenceClassification",
           "BertForQuestionAnswering"]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world", "##s",
         "cafe", "!", "東"] + [f"w{i}" for i in range(86)]
TEXT = "Hello worlds, Café 東京 [MASK]!"


def make_model(name, dtype):
    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=11,
        num_attention_heads=4, intermediate_size=64, max_position_embeddings=40,
        hidden_act="gelu_new", num_labels=5 if "Sequence" in name else 2)
    model = getattr(transformers, name)(config).to(dtype).eval()
    with torch.no_grad():  # biases are 0 and norms 1 in a new model
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.1)
    return model


def use_old_names(folder):
    """gamma and beta, as in files converted from TensorFlow's long ago."""
    path = folder / "model.safetensors"
    tensors = {}
    for name, tensor in load_file(path).items():
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma")
        tensors[name.replace("LayerNorm.bias", "LayerNorm.beta")] = tensor
    count = len(next(iter(tensors.values())))
    tensors["bert.embeddings.position_ids"] = torch.arange(count)[None]
    save_file(tensors, path, {"format": "pt"})


def same_bits(found, expected):
    assert set(found) == set(expected), set(found) ^ set(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype, name
        assert torch.equal(found[name].view(torch.uint8),
                           tensor.view(torch.uint8)), name


def outputs(model, ids):
    with torch.no_grad():
        return [value for value in model(ids).to_tuple()
                if torch.is_tensor(value)]


def check(convert, root, name, dtype, shards, old, lower):
    model = make_model(name, dtype)
    theirs, back = root / "theirs", root / "back"
    model.save_pretrained(theirs, **({"max_shard_size": "60KB"} if shards
                                     else {}))
    if old:
        use_old_names(theirs)
    vocabulary = root / "vocab.txt"
    vocabulary.write_text("".join(word + "\n" for word in WORDS),
                          encoding="utf-8")
    convert(theirs, root / "ours.ckpt")
    arguments = ["--hf-folder", "--config", theirs / "config.json",
                 "--vocab-file", vocabulary, f"--do-lower-case={lower}"]
    convert(root / "ours.ckpt", back, *arguments,
            *(["--max-shard-size", "60KB"] if shards else []))
    assert (back / "model.safetensors").exists() != shards
    again, info = getattr(transformers, name).from_pretrained(
        back, output_loading_info=True)
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        assert not info[problem], (problem, info[problem])
    assert again.dtype == dtype, again.dtype
    same_bits(again.state_dict(), model.state_dict())
    config = json.loads((back / "config.json").read_text())
    assert config["architectures"] == [name], config
    assert again.config.num_labels == model.config.num_labels
    tokenizer = transformers.AutoTokenizer.from_pretrained(back)
    expected = transformers.BertTokenizer(
        str(vocabulary), do_lower_case=lower)
    ids = tokenizer(TEXT).input_ids
    assert ids == expected(TEXT).input_ids, ids
    assert tokenizer.model_max_length == 40
    for a, b in zip(outputs(again.eval(), torch.tensor([ids])),
                    outputs(model, torch.tensor([ids]))):
        assert torch.equal(a, b)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", help="build folder of bertc")
    program = pathlib.Path(parser.parse_args().build) / "bin" / "bert-run"
    transformers.logging.set_verbosity_error()

    def convert(*arguments):
        subprocess.run([program, "convert", *map(str, arguments), "--quiet"],
                       check=True)

    torch.manual_seed(20240607)
    count = 0
    for name in CLASSES:
        for dtype, shards, old, lower in (
                (torch.float32, False, False, True),
                (torch.float32, True, False, False),
                (torch.float32, False, True, True),
                (torch.bfloat16, True, False, True)):
            with tempfile.TemporaryDirectory() as folder:
                check(convert, pathlib.Path(folder), name, dtype, shards, old,
                      lower)
            count += 1
    print("interop: ok", json.dumps({
        "models": count, "transformers": transformers.__version__}))


if __name__ == "__main__":
    main()
