#!/usr/bin/env python3
"""Compiles a golden case, runs its plan, and compares with PyTorch's values.

    check_plan.py [--target TARGET --synapse-library LIBRARY]
        [--entries ENTRY,...] BERTC BERT_RUN WORK_FOLDER CASE...

Losses within 1e-5 relative; every other tensor within 1e-4 relative (2-norm).
A tensor that is nothing but rounding in f32 (the gradient of a key bias) is
measured against the largest of its file. Optimizer cases run all 50 updates of
two micro-batches and compare every variable. With --target gaudi or gaudi2 the
graphs run in LIBRARY, a stand-in, and losses too are within 1e-4: kernels sum
in another order. Needs no packages.
"""
import argparse
import array
import json
import math
import os
import shlex
import struct
import subprocess
import sys

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "bert")
LOSS, TENSOR, NOISE = 1e-5, 1e-4, 1e-6
CODES = {"F32": "f", "I32": "i"}


def load(path):
    """name -> (dtype, shape, values)"""
    with open(path, "rb") as f:
        size, = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(size))
        body = f.read()
    out = {}
    for name, info in header.items():
        if name != "__metadata__" and info["dtype"] in CODES:
            begin, end = info["data_offsets"]
            out[name] = (info["dtype"], info["shape"],
                         array.array(CODES[info["dtype"]], body[begin:end]))
    return out


def save(path, tensors):
    header, body = {}, b""
    for name, (dtype, shape, values) in tensors.items():
        data = array.array(CODES[dtype], values).tobytes()
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)


def norm(values):
    return math.sqrt(math.fsum(x * x for x in values))


class Case:
    def __init__(self, arguments, name):
        self.bert_run, self.name = arguments.bert_run, name
        self.library = arguments.synapse_library
        self.loss = LOSS if arguments.target == "cpu" else TENSOR
        self.folder = os.path.join(DATA, name)
        self.work = os.path.join(arguments.work, name)
        self.plan = self.at("case.plan")
        self.failures = 0
        os.makedirs(self.work, exist_ok=True)
        with open(os.path.join(self.folder, "flags.txt")) as f:
            flags = shlex.split(f.read())
        self.run([arguments.bertc, "compile",
                  os.path.join(self.folder, "config.json"), *flags,
                  "--target", arguments.target, "-o", self.plan])

    def at(self, name):
        return os.path.join(self.work, name)

    def golden(self, name):
        return os.path.join(self.folder, name + ".safetensors")

    def run(self, command):
        done = subprocess.run(command, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{self.name}: {shlex.join(command)} returned "
                     f"{done.returncode}:\n{done.stdout}")

    def execute(self, entry, inputs, weights, output=None, save_weights=None):
        command = [self.bert_run, "exec", self.plan, entry, "--input", inputs,
                   "--weights", weights, "--quiet"]
        if self.library:
            command += ["--synapse-library", self.library,
                        "--recipe-cache-dir", self.at("recipes")]
        command += ["--output", output] if output else []
        command += ["--save-weights", save_weights] if save_weights else []
        self.run(command)

    def compare(self, where, found, expected, noise=NOISE):
        largest = max(norm(values) for _, _, values in expected.values())
        for name, (_, shape, values) in sorted(expected.items()):
            if name not in found or list(found[name][1]) != list(shape):
                self.fail(f"{where}: {name} is {found.get(name, 'missing')[:2]}"
                          f", expected shape {shape}")
                continue
            error = norm([a - b for a, b in zip(found[name][2], values)])
            limit = (self.loss * norm(values) if not shape
                     else TENSOR * norm(values) + noise * largest)
            # Written so that NaN fails.
            if not error <= limit:
                self.fail(f"{where}: {name} is off by {error:.3g}, norm "
                          f"{norm(values):.3g}, expected at most {limit:.3g}")

    def fail(self, text):
        self.failures += 1
        print(f"{self.name}: {text}")

    def check_entry(self, entry):
        if os.path.exists(self.golden(entry + ".in")):
            output = self.at(entry + ".safetensors")
            self.execute(entry, self.golden(entry + ".in"),
                         self.golden("weights"), output)
            self.compare(entry, load(output), load(self.golden(entry + ".out")))

    def check_optimizer(self, accumulation=2, micro_batches=4):
        rates = load(self.golden("schedule"))["learning_rate"][2]
        expected = load(self.golden("final"))
        losses = expected.pop("losses")[2]
        weights = self.golden("weights")
        state = self.at("state.safetensors")
        output, inputs = self.at("out.safetensors"), self.at("in.safetensors")
        for update, rate in enumerate(rates):
            for part in range(accumulation):
                step = update * accumulation + part
                batch = load(self.golden(f"micro_{step % micro_batches}.in"))
                batch["rng"] = ("I32", [4], [5, 0, step, 0])
                batch["loss_scale"] = ("F32", [], [1.0 / accumulation])
                save(inputs, batch)
                self.execute("train_step", inputs, weights, output, state)
                weights = state
                loss = load(output)["total_loss"][2][0]
                if not abs(loss - losses[step]) <= 1e-4 * losses[step]:
                    self.fail(f"loss of step {step} is {loss}, expected "
                              f"{losses[step]}")
            save(inputs, {"learning_rate": ("F32", [], [rate]),
                          "update_step": ("I32", [], [update + 1])})
            self.execute("apply_gradients", inputs, state, None, state)
        # A key bias has no gradient but rounding, and an optimizer that divides
        # by its size makes noise of any size of it; nothing depends on it.
        expected = {name: tensor for name, tensor in expected.items()
                    if "key/bias" not in name}
        self.compare("final", load(state), expected, noise=1e-9)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", default="cpu")
    parser.add_argument("--synapse-library")
    parser.add_argument("--entries", default="gradients,predict,evaluate")
    for name in ("bertc", "bert_run", "work"):
        parser.add_argument(name)
    parser.add_argument("cases", nargs="+")
    arguments = parser.parse_args()
    failures = 0
    for name in arguments.cases:
        case = Case(arguments, name)
        if os.path.exists(case.golden("schedule")):
            case.check_optimizer()
        for entry in arguments.entries.split(","):
            case.check_entry(entry)
        failures += case.failures
        print(f"{name}: {'ok' if case.failures == 0 else 'FAILED'}")
    sys.exit(1 if failures else 0)


main()
