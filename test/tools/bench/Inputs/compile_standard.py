# SPDX-License-Identifier: Apache-2.0
"""Compiles every case of the committed benchmark set, without measuring.
usage: compile_standard.py ROOT BUILD FOLDER"""
import os
import subprocess
import sys

root, build, folder = sys.argv[1:]
sys.path.insert(0, os.path.join(root, "tools"))
from benchmark import cases, machine, runner  # noqa: E402

programs = machine.Programs(build)
standard = cases.load_set(os.path.join(root, "benchmarks/standard.json"),
                          os.path.join(root, "models/configs"))
for case in standard:
    plan = os.path.join(folder, "case.plan")
    subprocess.run(runner.compile_command(case, programs, plan), check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
