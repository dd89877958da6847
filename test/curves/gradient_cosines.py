#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gradients of bf16 plans against f32, variable by variable.

    gradient_cosines.py records FOLDER --config CONFIG.json [--weights CKPT]
    gradient_cosines.py golden CASE

`records` takes one batch of pre-training records and compares the `gradients`
entry of a bf16 plan with that of an f32 plan, on the weights of a checkpoint
or on random ones, without dropout. `golden` compares a bf16 plan with the f64
gradients of a case under test/golden/data/bert and, as a yardstick, does the
same for PyTorch's own autocast to bf16 (needs torch).

Prints loss, and cosine and ratio of norms of the variables with the least
cosines among those whose gradient has at least 1% of the largest norm; fails
below --limit. Needs a build and numpy.
"""
import argparse
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
from unittest import mock

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "test/golden"
TYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32,
         "I64": np.int64}


def load(path):
    data = pathlib.Path(path).read_bytes()
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    tensors = {}
    for name, info in header.items():
        begin, end = info["data_offsets"]
        tensors[name] = np.frombuffer(
            data[8 + size + begin:8 + size + end],
            TYPES[info["dtype"]]).reshape(info["shape"]).astype(np.float64)
    return tensors


def save(path, tensors):
    header, body = {}, b""
    for name, t in tensors.items():
        kind = next(k for k, v in TYPES.items() if v == t.dtype)
        header[name] = {"dtype": kind, "shape": list(t.shape),
                        "data_offsets": [len(body), len(body) + t.nbytes]}
        body += t.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


# --- one batch of TFRecords of tf.train.Example -------------------------------

def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 2:
            size, at = varint(data, at)
            yield key >> 3, data[at:at + size]
            at += size
        else:  # only varints besides
            value, at = varint(data, at)
            yield key >> 3, value


def numbers(feature):
    for kind, values in fields(feature):
        for number, packed in fields(values):
            if kind == 2:
                return np.frombuffer(packed, "<f4")
            at, found = 0, []
            while at < len(packed):
                value, at = varint(packed, at)
                found.append(value)
            return np.array(found, np.int32)


def example(data):
    features = next(v for n, v in fields(data) if n == 1)
    out = {}
    for _, entry in fields(features):
        parts = dict(fields(entry))
        out[bytes(parts[1]).decode()] = numbers(parts[2])
    return out


def batch_of_records(folder, count):
    rows = []
    path = sorted(pathlib.Path(folder).rglob("*.tfrecord"))[0]
    data = memoryview(path.read_bytes())
    at = 0
    while len(rows) < count:
        (size,) = struct.unpack_from("<Q", data, at)
        rows.append(example(data[at + 12:at + 12 + size]))
        at += 16 + size
    batch = {k: np.stack([r[k] for r in rows]) for k in rows[0]}
    batch["next_sentence_labels"] = batch["next_sentence_labels"].reshape(-1)
    batch["rng"] = np.array([1, 2, 0, 1], np.int32)
    return batch


# --- comparison ---------------------------------------------------------------

def cosine(a, b):
    return float((a * b).sum() /
                 max(np.linalg.norm(a) * np.linalg.norm(b), 1e-300))


def table(title, found, expected, rows):
    """Prints the least cosines; returns the least one and the loss's error."""
    loss = found["total_loss"].item(), expected["total_loss"].item()
    error = abs(loss[0] - loss[1]) / loss[1]
    print(f"\n{title}: loss {loss[0]:.6f} against {loss[1]:.6f}, {error:.4%}")
    gradients = {k: v for k, v in expected.items() if v.ndim}
    norms = {k: np.linalg.norm(v) for k, v in gradients.items()}
    largest = max(norms.values())
    lines = sorted((cosine(found[k], v), k) for k, v in gradients.items()
                   if norms[k] >= 0.01 * largest)
    print(f"{'cosine':>10} {'norm ratio':>10} {'of largest':>10}  variable, "
          f"least of the {len(lines)} that matter ({len(gradients)} in all)")
    for c, k in lines[:rows]:
        print(f"{c:>10.6f} {np.linalg.norm(found[k]) / norms[k]:>10.4f} "
              f"{norms[k] / largest:>10.2%}  {k}")
    print(f"{lines[len(lines) // 2][0]:>10.6f} {'':>21}  median")
    return lines[0][0], error


def run(*command):
    subprocess.run([str(c) for c in command], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def gradients(a, work, precision, flags, config, inputs, weights):
    plan, out = work / "x.plan", work / f"{precision}.safetensors"
    bin_dir = pathlib.Path(a.build) / "bin"
    run(bin_dir / "bertc", "compile", config, *flags, "--precision", precision,
        "-o", plan)
    chosen = ["--weights", weights] if weights else ["--seed", "1"]
    run(bin_dir / "bert-run", "exec", plan, "gradients", "--input", inputs,
        "--output", out, *chosen)
    tensors = load(out)
    out.unlink()
    return tensors


def from_records(a, work):
    batch = batch_of_records(a.case, a.batch)
    inputs = work / "in.safetensors"
    save(inputs, batch)
    flags = ["--task", "pretrain", "--batch-size", a.batch, "--max-seq-length",
             batch["input_ids"].shape[1], "--max-predictions-per-seq",
             batch["masked_lm_ids"].shape[1]]
    f32 = gradients(a, work, "f32", flags, a.config, inputs, a.weights)
    bf16 = gradients(a, work, "bf16", flags, a.config, inputs, a.weights)
    return table("bf16 against f32", bf16, f32, a.rows)


def autocast(case):
    sys.path.insert(0, str(GOLDEN))
    import make_bert_golden as golden
    import torch
    torch.set_default_dtype(torch.float32)
    folder = GOLDEN / "data/bert" / case
    weights = {k: torch.tensor(v, dtype=torch.float32, requires_grad=True)
               for k, v in load(folder / "weights.safetensors").items()}
    batch = {k: torch.tensor(v if "weights" in k else v.astype(np.int64))
             for k, v in load(folder / "gradients.in.safetensors").items()}
    config = json.loads((folder / "config.json").read_text())
    model = golden.Model(config, weights, [0, 0, 0, 1])
    # The model asks for double in places; what autocast leaves in f32 stays so.
    with torch.autocast("cpu", torch.bfloat16), \
            mock.patch.object(torch.Tensor, "double", torch.Tensor.float):
        losses = golden.LOSSES["pretrain"](model, batch)
    losses["total_loss"].backward()
    found = {k: v.grad.double().numpy() for k, v in weights.items()}
    found["total_loss"] = losses["total_loss"].detach().double().numpy()
    return found


def from_golden(a, work):
    folder = GOLDEN / "data/bert" / a.case
    expected = load(folder / "gradients.out.safetensors")
    flags = (folder / "flags.txt").read_text().split()
    found = gradients(a, work, "bf16", flags, folder / "config.json",
                      folder / "gradients.in.safetensors",
                      folder / "weights.safetensors")
    result = table("bf16 plan against f64", found, expected, a.rows)
    table("PyTorch autocast against f64", autocast(a.case), expected, a.rows)
    return result


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("mode", choices=["records", "golden"])
    p.add_argument("case")
    p.add_argument("--build", default="build")
    p.add_argument("--config")
    p.add_argument("--weights")
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--rows", type=int, default=8)
    p.add_argument("--limit", type=float, default=0.99)
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as work:
        mode = from_records if a.mode == "records" else from_golden
        least, error = mode(a, pathlib.Path(work))
    sys.exit(0 if least >= a.limit and error <= 0.01 else 1)


if __name__ == "__main__":
    main()
