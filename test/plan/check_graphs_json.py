"""check_graphs_json.py TARGET MAX-NODES: checks on stdin what `bertc inspect
--json` printed of a plan for Gaudi: that the numbers fit each other, not what
they are. MAX-NODES 1 says that entries are one graph each."""
import json
import sys

plan = json.load(sys.stdin)
target, most = sys.argv[1], int(sys.argv[2])
assert plan["target"] == target
memory = plan["memory"]
parts = sum(memory[k] for k in ("state_bytes", "arena_bytes",
                                "workspace_bytes", "constant_bytes"))
assert parts <= memory["device_bytes"] <= memory["device_limit_bytes"]
BYTES = {"f32": 4, "bf16": 2, "i32": 4, "i8": 1}


def check_graph(entry, graph, written):
    """`written`: offsets in the arena that somebody has written."""
    assert graph["nodes"] and (most == 1 or len(graph["nodes"]) <= most)
    tensors = graph["tensors"]
    assert len({t["name"] for t in tensors}) == len(tensors)
    assert len({n["name"] for n in graph["nodes"]}) == len(graph["nodes"])
    made = set()
    for t in tensors:
        assert 1 <= len(t["sizes"]) <= 5
        if t["storage"] == "Arena":
            size = BYTES[t["dtype"]]
            for s in t["sizes"]:
                size *= s
            assert t["offset"] % 128 == 0
            assert t["offset"] + size <= entry["arena_bytes"]
        elif t["storage"] == "Derived":
            assert t["index"] < len(entry["derived"]) and t["sizes"] == [1]
    for i, node in enumerate(graph["nodes"]):
        assert all(before < i for before in node["after"])
        for index in node["inputs"]:
            if index is None or index in made:
                continue
            t = tensors[index]
            assert t["storage"] != "Workspace", (node["name"], t["name"])
            assert t["storage"] != "Arena" or t["offset"] in written
        assert isinstance(node["params"], dict), node["guid"]
        assert bool(node["params"]) <= bool(node["param_bytes"])
        made.update(node["outputs"])
    written |= {tensors[i]["offset"] for i in made
                if tensors[i]["storage"] == "Arena"}
    assert graph["flops"] == sum(n["flops"] for n in graph["nodes"])


for entry in plan["entries"]:
    host = entry["tensors"]
    inputs = {host[b["tensor"]]["offset"] for b in entry["inputs"]}
    outputs = {host[b["tensor"]]["offset"] for b in entry["outputs"]}
    assert len(inputs) == len(entry["inputs"])
    for graphs in (entry["graphs"], entry["deterministic_graphs"]):
        assert most != 1 or len(graphs) <= 1
        written = set(inputs)
        for graph in graphs:
            check_graph(entry, graph, written)
        assert not graphs or outputs <= written
    assert entry["graphs"]
    assert entry["num_nodes"] == sum(len(g["nodes"]) for g in entry["graphs"])
    assert entry["num_nodes"] == sum(
        k["nodes"] for k in entry["nodes_by_kernel"])
    assert entry["flops"] == sum(g["flops"] for g in entry["graphs"])
    assert 0 <= entry["estimated_product_seconds"] <= entry[
        "estimated_seconds"]
    # Dropout is where seeds are, and nowhere without it.
    guids = {n["guid"] for g in entry["graphs"] for n in g["nodes"]}
    dropout = any(g.startswith("dropout") for g in guids)
    assert dropout == bool(entry["deterministic_graphs"])
    twin = {n["guid"] for g in entry["deterministic_graphs"]
            for n in g["nodes"]}
    assert not any(g.startswith("dropout") for g in twin)

entries = {e["name"]: e for e in plan["entries"]}
assert set(entries) == {"gradients", "train_step", "apply_gradients",
                        "evaluate", "predict"}
# The optimizer writes every slot and weight over its old content.
stored = {t["index"] for g in entries["apply_gradients"]["graphs"]
          for n in g["nodes"] for t in (g["tensors"][i] for i in n["outputs"])
          if t["storage"] == "Variable"}
assert stored == set(range(len(plan["variables"])))
