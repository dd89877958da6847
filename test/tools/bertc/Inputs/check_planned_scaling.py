"""check_planned_scaling.py PLAN.json SCALING.json: what `bertc inspect --scaling
--json` reckons with for a plan of several workers is what `bertc inspect --json`
says of its buckets; steps of 0.1 s, 0.1 GB/s, no latency, one rank a host."""
import json
import sys

plan, scaling = [json.load(open(path)) for path in sys.argv[1:]]
buckets = plan["exchange"]["buckets"]
given = scaling["parameters"]
assert given["buckets"] == len(buckets) > 1
assert given["overlap"] == buckets[0]["work_left"] > 0.3
whole = sum(b["bytes"] for b in buckets)
for bucket, row in zip(buckets, given["planned_buckets"], strict=True):
    assert abs(row["part"] - bucket["bytes"] / whole) < 1e-9, (row, bucket)
    assert row["work_left"] == bucket["work_left"]

# One bucket after the other, none before its gradients are known.
for row in scaling["rows"]:
    n = row["workers"]
    end = 0
    for bucket in given["planned_buckets"]:
        sent = 2 * (n - 1) / n * bucket["part"] * given["gradients"] * 4
        end = max(end, 0.1 * (1 - bucket["work_left"])) + sent / 0.1e9
    exposed = end - 0.1 if n > 1 else 0
    assert abs(row["exposed_seconds"] - exposed) < 1e-9, (row, exposed)
    assert n == 1 or 0 < exposed < 0.8 * row["allreduce_seconds"], row
