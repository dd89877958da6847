"""Checks on stdin what `bertc inspect --json` printed of a plan with two
layers: attention is one step a layer, its gradient another, of the element type
that is the argument, and nothing of [B,A,S,S] is made beside them."""
import json
import sys

LAYERS, SHAPE = 2, [2, 2, 32, 64]
element = sys.argv[1]
plan = json.load(sys.stdin)
found = 0
for entry in plan["entries"]:
    if entry["name"] == "apply_gradients":
        continue
    steps, tensors = entry["steps"], entry["tensors"]
    forward = [s for s in steps if s["kind"] == "Attention"]
    backward = [s for s in steps if s["kind"] == "AttentionGrad"]
    assert len(forward) == LAYERS, entry["name"]
    trains = entry["name"] in ("gradients", "train_step")
    assert len(backward) == (LAYERS if trains else 0), entry["name"]
    scores = SHAPE[:2] + [SHAPE[2], SHAPE[2]]
    assert not any(t["shape"] == scores for t in tensors)
    for step in forward + backward:
        grad = step["kind"] == "AttentionGrad"
        for i in step["inputs"][:4 if grad else 3] + step["outputs"][:3 if grad else 1]:
            assert tensors[i]["shape"] == SHAPE, tensors[i]
            assert tensors[i]["dtype"] == element, tensors[i]
        if trains:
            lse = tensors[step["inputs"][4] if grad else step["outputs"][1]]
            assert lse["shape"] == SHAPE[:3] and lse["dtype"] == "f32", lse
        else:
            assert len(step["outputs"]) == 1, step
        found += 1
assert found, "no attention"
