# SPDX-License-Identifier: Apache-2.0
"""Checks the folder of a finished run: log lines, falling loss, two newest
checkpoints, the trace. usage: check_run.py OUTPUT_DIR LAST_STEP"""
import json
import pathlib
import sys

folder, last = pathlib.Path(sys.argv[1]), int(sys.argv[2])

lines = [json.loads(line.removeprefix("DLLL "))
         for line in (folder / "bert_dllog.json").read_text().splitlines()]
steps = [line for line in lines if isinstance(line.get("step"), int)]
assert [line["step"] for line in steps] == [10, 20, 30, last], steps
for line in steps:
    assert set(line["data"]) == {
        "throughput_train", "mlm_loss", "nsp_loss", "total_loss",
        "avg_loss_step", "learning_rate"}, line
losses = [line["data"]["avg_loss_step"] for line in steps]
assert losses[-1] < losses[0] - 0.3, losses
data = steps[-1]["data"]
total = data["mlm_loss"] + data["nsp_loss"]
assert abs(data["total_loss"] - total) < 1e-4 * total, data
rates = [line["data"]["learning_rate"] for line in steps]
# The rate of update n is that of n - 1 completed ones.
expected = [0.02 * (1 - (n - 1) / 40) ** 0.5 for n in (10, 20, 30, 40)]
assert all(abs(a - b) < 1e-6 * b for a, b in zip(rates, expected)), rates
summaries = [line for line in lines if line.get("step") == []]
assert "throughput_train" in summaries[0]["data"]
assert "throughput_val" in summaries[1]["data"]

indexes = sorted(p.name for p in folder.glob("*.index"))
assert indexes == ["model.ckpt-30.index", f"model.ckpt-{last}.index"], indexes
state = (folder / "checkpoint").read_text()
assert f'model_checkpoint_path: "model.ckpt-{last}"' in state, state

trace = json.loads((folder / "profile_2_3.json").read_text())
names = [event["name"] for event in trace["traceEvents"]]
# Two updates of two micro-batches.
assert names.count("train_step") == 4 and names.count("apply_gradients") == 2
assert sum(name.startswith("bert/encoder/layer_1/") for name in names) > 0
