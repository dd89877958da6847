# SPDX-License-Identifier: Apache-2.0
"""Runs `bert-data pack` and stops it when it has begun to write records.

  interrupt_pack.py SIGNAL BERT-DATA RECORDS FOLDER

Prints the exit code and everything that is left in FOLDER.
"""
import os
import signal
import subprocess
import sys
import time

name, program, records, folder = sys.argv[1:]
os.makedirs(folder)
process = subprocess.Popen(
    [program, "pack", "--input-glob", records, "--output-dir", folder + "/out",
     "--method", "longest-first", "--jobs", "1", "--quiet"],
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while process.poll() is None and not os.listdir(folder):
    time.sleep(0.001)
assert process.poll() is None, "the run ended by itself"
process.send_signal(getattr(signal, name))
print("exit code", process.wait(timeout=60))
print("left:", sorted(os.listdir(folder)))
