# SPDX-License-Identifier: Apache-2.0
"""Compares the losses of two trainings: summaries of --json, or logs.
usage: compare_training.py A B RELATIVE_TOLERANCE"""
import json
import sys


def figures(value, name=""):
    """Every number whose name has 'loss' or 'accuracy', by its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from figures(item, f"{name}/{key}")
    elif isinstance(value, (int, float)) and \
            ("loss" in name or "accuracy" in name) and "steps" not in name:
        yield name, value


def read(path):
    text = open(path, encoding="utf-8").read()
    if not text.startswith("DLLL"):
        return list(figures(json.loads(text)))
    found = []
    for line in text.splitlines():
        entry = json.loads(line[len("DLLL"):])
        found += figures(entry.get("data", {}), str(entry.get("step")))
    return found


first, second, tolerance = read(sys.argv[1]), read(sys.argv[2]), \
    float(sys.argv[3])
if len(first) < 3 or [n for n, _ in first] != [n for n, _ in second]:
    sys.exit(f"not the same figures: {first} and {second}")
for (name, a), (_, b) in zip(first, second):
    if abs(a - b) > tolerance * max(abs(a), 1e-3):
        sys.exit(f"{name}: {a} and {b}")
print(f"{len(first)} figures within {tolerance}")
