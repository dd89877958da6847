"""check_exchange.py WORKERS WIRE MICRO_BATCHES: checks on stdin what `bertc
inspect --json` printed of the exchange of gradients."""
import json
import sys

plan = json.load(sys.stdin)
workers, wire, micro = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "True"
exchange = plan["exchange"]
assert exchange["workers"] == workers and exchange["wire"] == wire
assert exchange["micro_batches"] is micro

# Every accumulator is in one bucket; a bucket is one piece.
variables = {v["name"]: v for v in plan["variables"]}
accums = [n for n, v in variables.items() if v["role"] == "Accum"]
names = [n for b in exchange["buckets"] for n in b["variables"]]
assert sorted(names) == sorted(accums) and len(names) == len(set(names))
end = variables[names[0]]["offset"]
for bucket in exchange["buckets"]:
    begin = variables[bucket["variables"][0]]["offset"]
    assert begin - end < 64
    for name in bucket["variables"]:
        assert 0 <= variables[name]["offset"] - end < 64
        size = 4
        for dim in variables[name]["shape"]:
            size *= dim
        end = variables[name]["offset"] + size
    assert bucket["bytes"] == end - begin
    sent = 2 * (workers - 1) / workers * bucket["bytes"]
    sent /= 2 if wire == "bf16" else 1
    assert abs(bucket["sent_bytes"] - sent) <= 2
assert exchange["gradient_bytes"] == sum(
    b["bytes"] for b in exchange["buckets"])

# A bucket is sent behind the last step that writes one of its variables but for
# the settling, and before anything else is done.
entry = {e["name"]: e for e in plan["entries"]}["train_step_last"]
index = {v["name"]: i for i, v in enumerate(plan["variables"])}
last = -1
for number, bucket in enumerate(exchange["buckets"]):
    assert bucket["entry"] == "train_step_last"
    step = bucket["after_step"]
    assert step > last
    last = step
    assert entry["steps"][step]["kind"] == "AllReduce"
    mine = {index[n] for n in bucket["variables"]}
    writers = [i for i, s in enumerate(entry["steps"])
               for t in s["outputs"]
               if s["kind"] == "AssignAdd" and
               entry["tensors"][t]["storage"] == "Variable" and
               entry["tensors"][t]["index"] in mine]
    assert len(writers) == len(mine) and max(writers) == step - 1
    assert 0 <= bucket["work_left"] <= 1
assert [s["kind"] for s in entry["steps"]].count("AllReduceSettle") == 1
step = {e["name"]: e for e in plan["entries"]}["train_step"]
assert not any("AllReduce" in s["kind"] for s in step["steps"])
