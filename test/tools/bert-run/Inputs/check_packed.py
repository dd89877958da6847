# SPDX-License-Identifier: Apache-2.0
"""Checks the log of a run on packed records: the accumulation rule, a schedule
that counts updates, throughput in sequences, and a loss that falls.
usage: check_packed.py OUTPUT_DIR METADATA ACCUMULATION BATCH_SIZE SUMMARY"""
import json
import pathlib
import sys

folder, asked, batch = pathlib.Path(sys.argv[1]), int(sys.argv[3]), int(sys.argv[4])
average = json.loads(pathlib.Path(sys.argv[2]).read_text())["avg_seq_per_sample"]
summary = json.loads(pathlib.Path(sys.argv[5]).read_text())
lines = [json.loads(line.removeprefix("DLLL "))
         for line in (folder / "bert_dllog.json").read_text().splitlines()]
steps = max(1, round(asked / average))
parameters = next(line["data"] for line in lines
                  if line.get("step") == "PARAMETER")
assert parameters["num_accumulation_steps"] == steps, (steps, parameters)
assert parameters["packed"] == 3, parameters
updates = [line for line in lines if isinstance(line.get("step"), int)]
losses = [line["data"]["avg_loss_step"] for line in updates]
assert losses[-1] < losses[0] - 0.3, losses

# As many updates as asked for, each with the rate of its number.
assert [line["step"] for line in updates] == [10, 20, 30, 40], updates
assert summary["global_step"] == 40, summary
for line in updates:  # polynomial decay of power 0.5 after the warm-up
    rate = 0.02 * (1 - (line["step"] - 1) / 40) ** 0.5
    assert abs(line["data"]["learning_rate"] - rate) < 1e-6, (line, rate)

# Sequences, not packs: each is there once, so the whole run saw about the
# average times its packs.
packs = 40 * steps * batch
assert 0.9 * average < summary["sequences"] / packs < 1.1 * average, summary
assert average > 1.3, average
# The rate is of the time spent in updates, which is less than what passed.
passed = [float(line["elapsedtime"]) for line in updates]
counted = sum(line["data"]["throughput_train"] * (passed[i + 1] - passed[i])
              for i, line in enumerate(updates[1:]))
assert counted > 0.9 * average * packs * 3 / 4, (counted, packs, average)
