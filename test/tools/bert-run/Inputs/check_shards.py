# SPDX-License-Identifier: Apache-2.0
"""Checks that a run of ranks that shared the optimizer had its share of the
state, and sent what it should.
usage: check_shards.py SHARED.json WHOLE.json RANKS [RATIO]
         summaries of runs with and without sharing; RATIO: of bytes sent"""
import json
import sys

shared, whole = (json.load(open(path, encoding="utf-8"))
                 for path in sys.argv[1:3])
ranks = int(sys.argv[3])
ratio = float(sys.argv[4]) if len(sys.argv) > 4 else 1.0
assert shared["workers"] == whole["workers"] == ranks
state = shared["optimizer_state_bytes"] / whole["optimizer_state_bytes"]
print(f"{state:.4f} of the state")
assert abs(state - 1 / ranks) < 0.01 / ranks, state
sent = shared["allreduce_bytes"] / whole["allreduce_bytes"]
print(f"{sent:.4f} of the bytes")
assert abs(sent - ratio) < 0.01 * ratio, sent
