"""Checks on stdin what `bertc inspect --json` printed: that the numbers fit
each other, not what they are."""
import json
import sys

plan = json.load(sys.stdin)
assert plan["schema"] == "bertc.plan" and plan["schema_version"] == 1
assert len(plan["sha256"]) == 64
assert plan["model"]["task"] == "pretrain"
assert json.loads(plan["model"]["config_json"])["hidden_size"] == 128

memory = plan["memory"]
entries = {e["name"]: e for e in plan["entries"]}
assert set(entries) == {"gradients", "train_step", "apply_gradients",
                        "evaluate", "predict"}
assert memory["arena_bytes"] == max(e["arena_bytes"] for e in entries.values())

# Variables lie side by side, role by role.
end, roles = 0, []
for v in sorted(plan["variables"], key=lambda v: v["offset"]):
    assert v["offset"] % 64 == 0 and v["offset"] >= end
    elements = 1
    for d in v["shape"]:
        elements *= d
    end = v["offset"] + 4 * elements
    if not roles or roles[-1] != v["role"]:
        roles.append(v["role"])
assert roles == ["Weight", "Accum", "AdamM", "AdamV"], roles
assert end <= memory["state_bytes"]

for entry in entries.values():
    kinds = entry["steps_by_kind"]
    assert sum(k["steps"] for k in kinds) == entry["num_steps"]
    assert sum(k["flops"] for k in kinds) == entry["flops"]
    assert len(entry["steps"]) == entry["num_steps"]
    for interval in entry["arena"]:
        assert interval["offset"] + interval["bytes"] <= entry["arena_bytes"]
        assert interval["first_step"] <= interval["last_step"]

# Every product of the forward pass has two of its size in the backward pass;
# those of attention are inside one step a layer, whose gradient is another.
def steps(entry, kind):
    return [s for s in entries[entry]["steps"] if s["kind"] == kind]


forward = len(steps("predict", "Matmul"))
for entry in ("gradients", "evaluate", "predict"):
    assert len(steps(entry, "Attention")) == 2, entry
    assert not steps(entry, "Softmax"), entry
assert len(steps("gradients", "AttentionGrad")) == 2
assert len(steps("gradients", "Matmul")) == 3 * forward, forward
