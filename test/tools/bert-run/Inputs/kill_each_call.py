# SPDX-License-Identifier: Apache-2.0
"""Kills a pre-training run just before its 1st, 2nd, ... call that creates,
writes, syncs, renames or removes a file, resumes it, and compares the final
checkpoint with that of an undisturbed run.

usage: kill_each_call.py BERT_RUN PLAN RECORDS WORK_DIR [POINTS]
POINTS bounds the number of kills, spread evenly over the calls; 0 for all.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys

from trained import final_state

STEPS = 4
HERE = pathlib.Path(__file__).resolve().parent


def main():
    program, plan, records, work = sys.argv[1:5]
    points = int(sys.argv[5]) if len(sys.argv) > 5 else 40
    work = pathlib.Path(work)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    shim = work / "kill_at_call.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(shim),
                    str(HERE / "kill_at_call.c"), "-ldl"], check=True)

    def train(output, **variables):
        command = [program, "pretrain", plan, "--do-train",
                   f"--input-files-dir={records}", f"--output-dir={output}",
                   f"--num-train-steps={STEPS}", "--num-warmup-steps=1",
                   "--learning-rate=0.01", "--save-checkpoints-steps=1",
                   "--threads=1", "--quiet"]
        environment = dict(os.environ, **variables)
        if variables:
            environment["LD_PRELOAD"] = str(shim)
        return subprocess.run(command, env=environment, check=False).returncode

    whole = work / "whole"
    assert train(whole, COUNT_CALLS_IN=str(work / "calls")) == 0
    calls = int((work / "calls").read_text())
    expected = final_state(program, whole, STEPS)
    stride = -(-calls // points) if points else 1
    kills = 0
    for call in range(1, calls + 1, stride):
        output = work / "killed"
        shutil.rmtree(output, ignore_errors=True)
        code = train(output, KILL_AT_CALL=str(call))
        assert code == -signal.SIGKILL, f"call {call}: exit code {code}"
        kills += 1
        assert train(output) == 0, f"call {call}: cannot be resumed"
        assert final_state(program, output, STEPS) == expected, f"call {call}: differs"
        left = [p.name for p in output.iterdir() if ".tmp-" in p.name]
        assert not left, f"call {call}: left behind {left}"
    print(f"killed before {kills} of {calls} calls: all bit-identical")


main()
