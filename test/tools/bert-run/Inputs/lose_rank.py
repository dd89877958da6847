# SPDX-License-Identifier: Apache-2.0
"""Loses a rank of a pre-training run at random moments: SIGKILL or SIGSTOP.
All others must end in time with the rank named and an exit code that is not 0;
the same command goes on from the last checkpoint, and the end is that of a run
that was not disturbed. Then SIGTERM to mpirun, which must save.

usage: lose_rank.py BERT_RUN PLAN RECORDS WORK_DIR [TRIALS [SEED]]
"""
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

RANKS = 3
STEPS = 16
LIMIT = 4


def command(program, plan, records, output, steps=STEPS, save=1):
    return ["mpirun", "--oversubscribe", "--mca", "odls_base_sigkill_timeout",
            "3", "-np", str(RANKS), program, "pretrain", plan, "--do-train",
            f"--input-files-dir={records}", f"--output-dir={output}",
            f"--num-train-steps={steps}", "--num-warmup-steps=4",
            "--learning-rate=0.01", "--num-accumulation-steps=2",
            f"--save-checkpoints-steps={save}", "--threads=1", "--quiet",
            f"--collective-timeout={LIMIT}"]


def ranks_of(process):
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,comm="],
                            capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [int(pid) for pid, ppid, name in rows
            if ppid == str(process.pid) and name == "bert-run"]


def final_state(program, output):
    target = output / "final.safetensors"
    subprocess.run([program, "convert", str(output / f"model.ckpt-{STEPS}"),
                    str(target), "--quiet"], check=True)
    return target.read_bytes()


def lose(arguments, how, delay, rng, log):
    """Runs the command and loses one of its ranks after `delay`. The exit code,
    and whether a rank was lost that was at work."""
    with open(log, "w", encoding="utf-8") as out:
        process = subprocess.Popen(arguments, stderr=out, stdout=out)
        time.sleep(delay)
        pids = ranks_of(process)
        if len(pids) < RANKS or process.poll() is not None:
            return process.wait(timeout=120), False
        time.sleep(0.02 * rng.random())
        victim = rng.choice(pids)
        try:
            subprocess.run(["kill", f"-{how}", str(victim)], check=True,
                           capture_output=True)
        except subprocess.CalledProcessError:
            return process.wait(timeout=120), False
        begin = time.monotonic()
        while process.poll() is None and time.monotonic() - begin < 120:
            time.sleep(0.1)
            if how == "STOP" and ranks_of(process) == [victim]:
                # The run was over: nobody is left whom it could keep waiting.
                subprocess.run(["kill", "-CONT", str(victim)], check=False)
        code = process.wait(timeout=1)
        seconds = time.monotonic() - begin
    text = open(log, encoding="utf-8").read()
    if code == 0:  # it had nothing left to do
        return code, False
    # mpirun itself waits for 3 s between SIGTERM and SIGKILL, needed or not.
    assert seconds < LIMIT * 2 + 15, f"{seconds} s to end\n{text}"
    # Ours name what was being done; before they know each other, mpirun does.
    named = re.search(rf"rank \d \([^)]*pid {victim}\) .*(during|after) '", text)
    unmet = f"(pid {victim}) is stopped" in text
    assert named or unmet or "mpirun noticed that process rank" in text, text
    return code, True


def main():
    program, plan, records, work = sys.argv[1:5]
    trials = int(sys.argv[5]) if len(sys.argv) > 5 else 2
    seed = int(sys.argv[6]) if len(sys.argv) > 6 else int(time.time())
    print(f"seed {seed}")
    rng = random.Random(seed)
    work = pathlib.Path(work)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    whole = work / "whole"
    begin = time.monotonic()
    subprocess.run(command(program, plan, records, whole), check=True)
    duration = time.monotonic() - begin
    expected = final_state(program, whole)

    lost = 0
    for trial in range(trials):
        output = work / f"trial{trial}"
        arguments = command(program, plan, records, output)
        for attempt in range(20):
            how = "STOP" if trial % 2 == 1 and attempt == 0 else "KILL"
            delay = duration * (0.5 + 0.1 * attempt) * (0.5 + rng.random())
            code, was_lost = lose(arguments, how, delay, rng, work / "log.txt")
            lost += was_lost
            if code == 0:
                break
            assert was_lost, (work / "log.txt").read_text()
        assert final_state(program, output) == expected, f"trial {trial}"
        left = [p.name for p in output.iterdir() if ".tmp-" in p.name]
        assert not left, f"trial {trial}: left behind {left}"
        shutil.rmtree(output)
    print(f"{trials} trials, {lost} lost ranks: all bit-identical")

    output = work / "stopped"
    process = subprocess.Popen(
        command(program, plan, records, output, steps=100000, save=100000),
        stderr=subprocess.DEVNULL)
    while not (output / "bert_dllog.json").exists():
        assert process.poll() is None, "ended before it trained"
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) != 0
    assert len(list(output.glob("model.ckpt-*.index"))) == 1
    print("SIGTERM to mpirun saved")


main()
