# SPDX-License-Identifier: Apache-2.0
"""Interrupts a run after its first result and checks what it leaves.
usage: stop.py OUTPUT_DIR COMMAND...; the command's own --output is replaced"""
import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

output, command = sys.argv[1], sys.argv[2:]
command[command.index("--output") + 1] = output
with tempfile.TemporaryDirectory() as temporary:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True,
                               env=dict(os.environ, TMPDIR=temporary))
    deadline = time.monotonic() + 120
    while not os.path.exists(f"{output}/plot.svg"):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 130, (process.returncode, errors)
    assert "finished cases are kept, --resume goes on" in errors, errors
    assert not glob.glob(f"{temporary}/*"), os.listdir(temporary)
with open(f"{output}/results.json", encoding="utf-8") as file:
    results = json.load(file)["results"]
assert results[0]["name"] == "tiny_f32" and results[0]["status"] == "done"
assert len(results) < 6, results
