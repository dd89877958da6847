# SPDX-License-Identifier: Apache-2.0
"""Runs `bert-data pretrain` on a growing text and stops it in the middle.

  interrupt.py SIGNAL BERT-DATA TEXT VOCAB FOLDER

Prints the exit code and everything that is left in FOLDER.
"""
import os
import signal
import subprocess
import sys
import time

name, program, text, vocab, folder = sys.argv[1:]
os.makedirs(folder)
command = [program, "pretrain", "--input-file", text, "--vocab-file", vocab,
           "--output-dir", folder + "/out", "--dupe-factor", "10000",
           "--jobs", "1", "--quiet"]
process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
time.sleep(0.5)
assert process.poll() is None, "the run ended by itself"
process.send_signal(getattr(signal, name))
print("exit code", process.wait(timeout=60))
print("left:", sorted(os.listdir(folder)))
