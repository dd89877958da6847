# SPDX-License-Identifier: Apache-2.0
"""SIGTERM and SIGINT: the run saves and leaves with 128 + the signal, and can
be resumed. usage: stop.py BERT_RUN PLAN RECORDS WORK_DIR"""
import pathlib
import signal
import subprocess
import sys
import time

program, plan, records, work = sys.argv[1:5]
for number in (signal.SIGTERM, signal.SIGINT):
    output = pathlib.Path(work) / number.name
    command = [program, "pretrain", plan, "--do-train",
               f"--input-files-dir={records}", f"--output-dir={output}",
               "--num-train-steps=1000000", "--learning-rate=0.001",
               "--num-warmup-steps=0", "--save-checkpoints-steps=1000000"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not (output / "bert_dllog.json").exists():
        assert process.poll() is None, "ended before it trained"
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(number)
    code = process.wait(timeout=60)
    assert code == 128 + number, code
    saved = list(output.glob("model.ckpt-*.index"))
    assert len(saved) == 1, saved
