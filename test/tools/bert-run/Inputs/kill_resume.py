# SPDX-License-Identifier: Apache-2.0
"""Kills a pre-training run with SIGKILL at random moments, resumes it, and
compares the final checkpoint with that of an undisturbed run, byte for byte.

usage: kill_resume.py BERT_RUN PLAN RECORDS WORK_DIR [TRIALS [SEED]]
"""
import pathlib
import random
import shutil
import subprocess
import sys
import time

from trained import final_state

STEPS = 16


def command(program, plan, records, output):
    return [program, "pretrain", plan, "--do-train", f"--input-files-dir={records}",
            f"--output-dir={output}", f"--num-train-steps={STEPS}",
            "--num-warmup-steps=4", "--learning-rate=0.01",
            "--num-accumulation-steps=2", "--save-checkpoints-steps=1",
            "--threads=1", "--quiet"]


def main():
    program, plan, records, work = sys.argv[1:5]
    trials = int(sys.argv[5]) if len(sys.argv) > 5 else 6
    seed = int(sys.argv[6]) if len(sys.argv) > 6 else int(time.time())
    print(f"seed {seed}")
    rng = random.Random(seed)
    work = pathlib.Path(work)
    shutil.rmtree(work, ignore_errors=True)

    whole = work / "whole"
    begin = time.monotonic()
    subprocess.run(command(program, plan, records, whole), check=True)
    duration = time.monotonic() - begin
    expected = final_state(program, whole, STEPS)

    kills = resumed = 0
    for trial in range(trials):
        output = work / f"trial{trial}"
        for attempt in range(100):
            # Short enough that most attempts end in a kill, growing so that
            # every trial ends.
            limit = duration * (0.2 + 0.1 * attempt) * rng.random() + 0.01
            process = subprocess.Popen(
                command(program, plan, records, output))
            try:
                code = process.wait(timeout=limit)
                assert code == 0, f"trial {trial}: exit code {code}"
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
                resumed += any(output.glob("model.ckpt-*.index"))
        assert final_state(program, output, STEPS) == expected, (
            f"trial {trial}: the final checkpoint differs")
        left = [p.name for p in output.iterdir() if ".tmp-" in p.name]
        assert not left, f"trial {trial}: left behind {left}"
        shutil.rmtree(output)
    assert resumed > 0, "no run was killed after a checkpoint"
    print(f"{trials} trials, {kills} kills, {resumed} with a checkpoint: "
          "all bit-identical")


main()
