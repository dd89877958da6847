# SPDX-License-Identifier: Apache-2.0
"""Checks the log of a run on packed records: the accumulation rule, and a loss
that falls. usage: check_packed.py OUTPUT_DIR METADATA ACCUMULATION"""
import json
import pathlib
import sys

folder, asked = pathlib.Path(sys.argv[1]), int(sys.argv[3])
metadata = json.loads(pathlib.Path(sys.argv[2]).read_text())
lines = [json.loads(line.removeprefix("DLLL "))
         for line in (folder / "bert_dllog.json").read_text().splitlines()]
text = json.dumps(lines)
steps = max(1, round(asked / metadata["avg_seq_per_sample"]))
assert f'"num_accumulation_steps": {steps}' in text, (steps, lines[:3])
assert '"packed": 3' in text, lines[:3]
losses = [line["data"]["avg_loss_step"] for line in lines
          if isinstance(line.get("step"), int)]
assert losses[-1] < losses[0] - 0.3, losses
