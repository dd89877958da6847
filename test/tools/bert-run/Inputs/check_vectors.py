# SPDX-License-Identifier: Apache-2.0
"""Compares `bert-run encode` of four sentences with the normalised means of
golden hidden states, by the standard library only.
usage: check_vectors.py text FILE
       check_vectors.py safetensors|jsonl FILE GOLDEN [LEAST_COSINE]
`text` writes the sentences of test/golden/make_minilm_golden.py."""
import json
import math
import struct
import sys

SENTENCES = [
    "In the beginning God created the heaven and the earth.",
    "The quick brown fox jumps over the lazy dog, twice!",
    "Où est la bibliothèque? 42 naïve cafés.",
    "A compiler decides ahead of time what a framework decides too late.",
]


def load(path):
    with open(path, "rb") as source:
        size, = struct.unpack("<Q", source.read(8))
        header, data = json.loads(source.read(size)), source.read()
    tensors = {}
    for name, info in header.items():
        if name == "__metadata__":
            continue
        begin, end = info["data_offsets"]
        code = {"F32": "f", "I32": "i", "I64": "q"}[info["dtype"]]
        values = struct.unpack(f"<{(end - begin) // struct.calcsize(code)}"
                               f"{code}", data[begin:end])
        tensors[name] = info["shape"], values
    return tensors


def normalised(vector):
    norm = math.sqrt(sum(x * x for x in vector))
    return [x / norm for x in vector]


def expected(folder):
    inputs = load(f"{folder}/minilm_input.safetensors")
    (_, length, hidden), values = load(
        f"{folder}/minilm_expected.safetensors")["sequence_output"]
    mask = inputs["input_mask"][1]
    for i in range(len(SENTENCES)):
        rows = [values[(i * length + t) * hidden:(i * length + t + 1) * hidden]
                for t in range(length) if mask[i * length + t]]
        yield normalised([sum(column) / len(rows) for column in zip(*rows)])


kind, path = sys.argv[1:3]
if kind == "text":
    with open(path, "w", encoding="utf-8") as out:
        out.write("".join(line + "\n" for line in SENTENCES))
    sys.exit()
if kind == "jsonl":
    with open(path, encoding="utf-8") as source:
        lines = [json.loads(line) for line in source]
    assert [line["index"] for line in lines] == list(range(len(SENTENCES)))
    assert [line["text"] for line in lines] == SENTENCES
    found = [line["vector"] for line in lines]
else:
    shape, values = load(path)["embeddings"]
    assert shape[0] == len(SENTENCES), shape
    found = [values[i * shape[1]:(i + 1) * shape[1]] for i in range(shape[0])]
least = float(sys.argv[4]) if len(sys.argv) > 4 else 0.99999
for vector, golden in zip(found, expected(sys.argv[3])):
    assert abs(math.fsum(x * x for x in vector) - 1) < 1e-5
    cosine = math.fsum(a * b for a, b in zip(vector, golden))
    assert cosine >= least, cosine
