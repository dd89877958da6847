# SPDX-License-Identifier: Apache-2.0
"""Compares the checkpoints of two runs: every tensor within a relative
difference (2-norm; 0: the same bits), and the same position in the data.
Keys have a bias that changes no output, so that its gradient is rounding and
nothing else: those must only be small.
usage: compare_variables.py BERT_RUN CHECKPOINT CHECKPOINT TOLERANCE"""
import array
import json
import subprocess
import sys
import tempfile

from trained import norm, tensors

STATE = "bertc/run_state"
# What runs of different numbers of processes may differ in.
FREE = {"workers", "threads", "num_accumulation_steps", "learning_rate",
        "plan_sha256"}


def variables(program, checkpoint):
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/all.safetensors"
        subprocess.run([program, "convert", checkpoint, path, "--quiet"],
                       check=True)
        return {name: (dtype, raw)
                for name, (dtype, _, raw) in tensors(path).items()}


def difference_of(name, one, other):
    a, b = array.array("f", one), array.array("f", other)
    if "/key/bias" in name:
        return 0.0 if max(norm(a), norm(b)) < 1e-6 else 1.0
    return norm(x - y for x, y in zip(a, b)) / max(norm(a), 1e-30)


def state(raw, tolerance):
    values = json.loads(raw)
    return {key: value for key, value in values.items()
            if tolerance == 0 or key not in FREE}


def main():
    program, first, second = sys.argv[1:4]
    tolerance = float(sys.argv[4])
    one, other = variables(program, first), variables(program, second)
    assert one.keys() == other.keys(), one.keys() ^ other.keys()
    assert state(one[STATE][1], tolerance) == state(other[STATE][1], tolerance)
    worst, name_of_worst = 0.0, ""
    for name, (dtype, raw) in one.items():
        if dtype != "F32":
            assert name == STATE or raw == other[name][1], name
        elif raw != other[name][1]:
            difference = difference_of(name, raw, other[name][1])
            if difference >= worst:
                worst, name_of_worst = difference, name
    print(f"largest difference {worst:.3g} {name_of_worst}")
    assert worst <= tolerance, f"more than {tolerance}"


main()
