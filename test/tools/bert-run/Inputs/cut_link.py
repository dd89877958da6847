# SPDX-License-Identifier: Apache-2.0
"""Several hosts made of network namespaces. The link of the last one is cut in
the midst of a run: all end in time, with a rank of it and the collective named;
the same command goes on from the last checkpoint, and the end is that of a run
of as many ranks on one host that was not disturbed. Then SIGTERM to mpirun,
which must save.

usage: cut_link.py BERT_RUN PLAN RECORDS WORK_DIR HOSTS RANKS_OF_A_HOST"""
import pathlib
import re
import shutil
import subprocess
import sys
import time

from hosts import LIMIT, Hosts
from trained import final_state, terminate

STEPS = 400


def training(program, plan, records, output, steps=STEPS, save=10):
    return [program, "pretrain", plan, "--do-train",
            f"--input-files-dir={records}", f"--output-dir={output}",
            f"--num-train-steps={steps}", "--num-warmup-steps=4",
            "--learning-rate=0.001", "--num-accumulation-steps=2",
            f"--save-checkpoints-steps={save}", "--threads=1", "--quiet",
            f"--collective-timeout={LIMIT}"]


def cut(hosts, arguments, output, log, lost):
    """`lost`: ranks of the last host. Whether the others have named one of them:
    they have no more time for it than mpirun leaves them."""
    with open(log, "w", encoding="utf-8") as out:
        process = subprocess.Popen(arguments, stdout=out, stderr=out)
        try:
            while not any(output.glob("model.ckpt-*.index")):
                assert process.poll() is None, "ended before it was cut"
                time.sleep(0.02)
            hosts.cut(hosts.names[-1])
            begin = time.monotonic()
            code = process.wait(timeout=LIMIT * 2 + 60)
        finally:
            process.kill()
            process.wait()
    seconds = time.monotonic() - begin
    # On the host that was cut off, too.
    while hosts.processes():
        assert time.monotonic() - begin < LIMIT * 2 + 60, "not all have ended"
        time.sleep(0.1)
    everywhere = time.monotonic() - begin
    text = log.read_text(encoding="utf-8")
    assert code != 0, "exit code 0"
    name = hosts.names[-1]
    ranks = "|".join(str(rank) for rank in lost)
    named = re.search(
        rf"rank ({ranks}) \({name}, pid \d+\) has not answered .* "
        r"((during|after) '[^']*')", text)
    if not named:
        assert f"on node {hosts.addresses[-1]}" in text, "host is not named"
        print("named by mpirun alone")
        return False
    print(f"ended with {code} after {seconds:.1f} s, on all hosts after "
          f"{everywhere:.1f} s: "
          f"{named[0].split(' (')[0]} {named[2]}")
    return True


def check_terminate(hosts, program, plan, records, work, log):
    """mpirun gives ranks the time that it is told; a busy machine needs more."""
    for seconds in (3, 20):
        output = work / f"stopped{seconds}"
        saved = terminate(
            hosts.mpirun(work, 1, *training(program, plan, records, output,
                                            10000000, 10000000),
                         leave=seconds), output, log, 200)
        if saved:
            break
    assert len(saved) == 1, f"SIGTERM to mpirun: {saved} were saved"
    subprocess.run([program, "convert", str(saved[0]),
                    str(output / "final.safetensors"), "--quiet"], check=True)
    print("SIGTERM to mpirun saved")


def main():
    program, plan, records, work = sys.argv[1:5]
    count, each = int(sys.argv[5]), int(sys.argv[6])
    work = pathlib.Path(work)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    whole, log = work / "whole", work / "log.txt"
    ranks = count * each
    with open(log, "w", encoding="utf-8") as out:
        subprocess.run(["mpirun", "--oversubscribe", "-np", str(ranks),
                        *training(program, plan, records, whole)], check=True,
                       stdout=out, stderr=out)
    try:
        with Hosts(count) as hosts:
            for attempt in range(3):  # others may have had the machine
                parts = work / f"parts{attempt}"
                arguments = hosts.mpirun(
                    work, each, *training(program, plan, records, parts),
                    leave=3)
                named = cut(hosts, arguments, parts, log,
                            range(ranks - each, ranks))
                hosts.mend(hosts.names[-1])
                if named:
                    break
            assert named, f"no rank of host {hosts.names[-1]} is named"
            with open(log, "w", encoding="utf-8") as out:
                subprocess.run(arguments, check=True, stdout=out, stderr=out,
                               timeout=600)
            if each == 1:
                check_terminate(hosts, program, plan, records, work, log)
    except BaseException:
        print(log.read_text(encoding="utf-8")[-3000:], file=sys.stderr)
        raise
    assert final_state(program, whole, STEPS) == \
        final_state(program, parts, STEPS)
    print("gone on: bit-identical")


main()
