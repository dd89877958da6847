# SPDX-License-Identifier: Apache-2.0
"""Checks of `bert-run classify`.
usage: check_classify.py run FOLDER SUMMARY.json UPDATES SEQUENCES PREDICTED
         result files, log and summary agree, and the loss fell
       check_classify.py same FOLDER FOLDER TOLERANCE
         both test_results.tsv hold the same probabilities
       check_classify.py metrics FOLDER DEV.tsv SUMMARY.json
         accuracy, F1 and loss of the summary are those of the probabilities in
         FOLDER for the examples of DEV.tsv
       check_classify.py killed COMMAND... -- FOLDER
         the command, killed behind its first checkpoint and started again,
         ends with the bytes of the last checkpoint in FOLDER; its --output-dir
         is the last argument
       check_classify.py stopped COMMAND...
         SIGTERM saves and leaves with 143"""
import json
import math
import pathlib
import signal
import subprocess
import sys
import time


def results(folder):
    rows = (pathlib.Path(folder) / "test_results.tsv").read_text().splitlines()
    return [[float(x) for x in row.split("\t")] for row in rows]


def losses(folder):
    text = (pathlib.Path(folder) / "bert_dllog.json").read_text()
    entries = [json.loads(line.removeprefix("DLLL "))
               for line in text.splitlines()]
    return [e["data"]["total_loss"] for e in entries
            if isinstance(e.get("step"), int)]


def check_run(folder, summary, updates, sequences, predicted):
    with open(summary, encoding="utf-8") as f:
        found = json.load(f)
    assert found["global_step"] == int(updates), found
    assert found["sequences"] == int(sequences), found
    lines = (pathlib.Path(folder) / "eval_results.txt").read_text().splitlines()
    values = dict(line.split(" = ") for line in lines)
    assert list(values) == ["eval_accuracy", "eval_f1", "eval_loss",
                            "global_step", "loss"], lines
    assert values["global_step"] == updates, lines
    for name in ("eval_accuracy", "eval_f1", "eval_loss"):
        assert abs(float(values[name]) - found["evaluation"][name]) < 1e-6, name
    rows = results(folder)
    assert len(rows) == int(predicted) == found["prediction"]["examples"]
    assert all(abs(sum(row) - 1) < 1e-5 for row in rows)
    curve = losses(folder)
    assert len(curve) == int(updates), len(curve)
    tenth = max(1, len(curve) // 10)
    assert sum(curve[-tenth:]) < 0.6 * sum(curve[:tenth]), curve


def same(one, other, tolerance):
    a, b = results(one), results(other)
    assert len(a) == len(b), (len(a), len(b))
    worst = max(abs(x - y) for r, s in zip(a, b) for x, y in zip(r, s))
    assert worst <= float(tolerance), worst


def metrics(folder, data, summary):
    with open(data, encoding="utf-8") as f:
        labels = [int(line.split("\t")[0]) for line in f.readlines()[1:]]
    with open(summary, encoding="utf-8") as f:
        found = json.load(f)["evaluation"]
    rows = results(folder)
    assert len(rows) == len(labels) == found["examples"]
    best = [row.index(max(row)) for row in rows]
    pairs = list(zip(best, labels))
    hits = pairs.count((1, 1))
    expected = {
        "eval_accuracy": sum(a == b for a, b in pairs) / len(pairs),
        "eval_f1": 2 * hits / max(1, best.count(1) + labels.count(1)),
        "eval_loss": -sum(math.log(row[label])
                          for row, label in zip(rows, labels)) / len(rows)}
    for name, value in expected.items():
        assert abs(found[name] - value) < 1e-4, (name, value, found)


def last_checkpoint(folder):
    paths = pathlib.Path(folder).glob("model.ckpt-*.data-*")
    return max(paths, key=lambda p: int(p.name.split("-")[1].split(".")[0]))


def started(command):
    """The command, when it has written a checkpoint."""
    output = pathlib.Path(command[-1])
    process = subprocess.Popen(command, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    while not list(output.glob("model.ckpt-*.index")):
        assert process.poll() is None, "ended without a checkpoint"
        time.sleep(0.002)
    return process, output


def stopped(*command):
    process, output = started(command)
    process.send_signal(signal.SIGTERM)
    summary = json.loads(process.communicate(timeout=60)[0])
    assert process.returncode == 143, process.returncode
    assert summary["stopped"] and "evaluation" not in summary, summary
    name = f"model.ckpt-{summary['global_step']}.index"
    assert (output / name).exists(), summary


def killed(command, whole):
    process, output = started(command)
    process.kill()
    process.communicate()
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True,
                          stdout=subprocess.DEVNULL, check=True)
    assert "continuing " in done.stderr, done.stderr
    ours, expected = last_checkpoint(output), last_checkpoint(whole)
    assert ours.name == expected.name, (ours, expected)
    assert ours.read_bytes() == expected.read_bytes(), "other bytes"


mode, rest = sys.argv[1], sys.argv[2:]
if mode == "killed":
    split = rest.index("--")
    killed(rest[:split], rest[split + 1])
else:
    {"run": check_run, "same": same, "metrics": metrics,
     "stopped": stopped}[mode](*rest)
