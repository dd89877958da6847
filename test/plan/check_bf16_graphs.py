# SPDX-License-Identifier: Apache-2.0
"""What is bf16 in a plan for Gaudi, against what the lists made of the model.
usage: check_bf16_graphs.py IR GAUDI.json CPU.json
IR is the module after the pass of precision, the others `bertc inspect --json`
of plans of the same model. For every node, the operation it comes from is in
bf16 or f32 for the reason that the IR has, and so is every step of the CPU's
plan. A node of an operation in bf16 has a kernel of bf16, or multiplies bf16,
and one of an operation in f32 has a kernel of f32, but for casts, and:
- sums are formed in f32, whatever is summed (as on the CPU);
- what only moves data leaves it what it is;
- TanhGrad is made of kernels of f32 between conversions;
- gradients of rows are summed in f32 from what is bf16 already."""
import collections
import json
import re
import sys

OPERATION = re.compile(r'^\s+(?:%\S+(?:, %\S+)* = )?bert\.(\w+) .*'
                       r'scope = "([^"]+)"[^}]*} : (.*)$')
PRECISION = re.compile(r'(?:"([^"]+)"|(\w+)) = "((?:[^"\\]|\\.)*)"')
FLOATS = {"f32", "bf16"}
SUMS = {"add_n", "bias_add_grad", "l2_loss", "reduce_sum"}
IN_F32 = SUMS | {"tanh_grad"}
MOVES = {"gather", "slice", "reshape", "transpose", "concat", "slice_grad",
         "broadcast_to"}
# A product of ones and what was rounded to bf16 before, summed in f32: nothing
# is rounded by it.
EXACT = {"gather_grad"}


def read_ir(path):
    """{entry: {scope: (operation, element types, rule)}}"""
    entries = {}
    for line in open(path, encoding="utf-8"):
        function = re.search(r"func\.func @(\w+)", line)
        if function:
            found = re.search(r"bert\.precision = \{(.*?)\}", line)
            rules = {quoted or plain: rule for quoted, plain, rule in
                     PRECISION.findall(found.group(1) if found else "")}
            current = entries[function.group(1)] = {}
        match = OPERATION.match(line)
        if match:
            name, scope, types = match.groups()
            current[scope] = name, set(
                re.findall(r"(\w+)>", types.replace("x", " "))), \
                rules.get(scope, "")
    return entries


def graphs_of(entry):
    return entry["graphs"] + entry["deterministic_graphs"]


def floats_of(graph, node):
    used = [i for i in node["inputs"] + node["outputs"]
            if i < len(graph["tensors"])]
    return {graph["tensors"][i]["dtype"] for i in used} & FLOATS


def is_right(operation, types, rule, guid, floats):
    if guid.startswith("cast_") or not floats or operation in EXACT:
        return True
    # Row numbers are computed in f32.
    wide = operation in IN_F32 or not rule.startswith("bf16")
    if not floats <= types | ({"f32"} if wide else set()):
        return False
    if rule.startswith("bf16"):
        suffixed = guid.rsplit("_", 1)[-1]
        kernel = suffixed if suffixed in FLOATS else \
            "bf16" if "bf16" in floats else "f32"
        return kernel == "bf16" or operation in IN_F32
    return "bf16" not in floats or operation in MOVES


def check_entry(entry, operations, counts):
    for graph in graphs_of(entry):
        for node in graph["nodes"]:
            if node["scope"] not in operations:
                continue
            operation, types, rule = operations[node["scope"]]
            where = f"{entry['name']}: {node['name']} of {operation}"
            assert node["precision_reason"] == rule, (where, node, rule)
            floats = floats_of(graph, node)
            assert is_right(operation, types, rule, node["guid"], floats), \
                (where, node["guid"], types, rule, floats)
            counts[rule.split(":")[0] or "neither"] += 1
            counts["bf16 alone"] += floats == {"bf16"}


def main():
    ir = read_ir(sys.argv[1])
    device, cpu = (json.load(open(path, encoding="utf-8"))
                   for path in sys.argv[2:])
    counts = collections.Counter()
    for entry in device["entries"]:
        check_entry(entry, ir[entry["name"]], counts)
    for entry in cpu["entries"]:
        for step in entry["steps"]:
            found = ir[entry["name"]].get(step["scope"])
            if found:
                assert step["precision_reason"] == found[2], (step, found)
                counts["steps of the CPU"] += 1
    print(", ".join(f"{count} {what}" for what, count in
                    sorted(counts.items())))


main()
