# SPDX-License-Identifier: Apache-2.0
"""Checks of runs of several processes under mpirun.
usage: check_workers.py traffic SUMMARY.json PLAN_SUMMARY.json RANKS BYTES
         each update sent 2 (N-1)/N of the parameters, BYTES each, but for 1%
       check_workers.py log FOLDER STEPS
         every line of the log has its Rank, and only rank 0 has written
       check_workers.py overlap TRACE.json PLAN.json
         a trace of two updates has every bucket of the plan on a track beside
         the steps, one after the other, each after the step that begins it
       check_workers.py repeats SUMMARY.json
         some update was sent twice, but not all
       check_workers.py stops COMMAND...
         with SIGTERM while it trains, the run ends and has saved
       check_workers.py odd RECORDS OUT
         the records of RECORDS in two files, with an empty one between them
       check_workers.py maps RANKS COMMAND...
         while the command runs, MPI is loaded when RANKS > 1, else not; ranks
         keep to different CPUs where there are enough"""
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import time

from trained import terminate, updates


def traffic(summary, plan, ranks, width):
    with open(summary, encoding="utf-8") as f:
        found = json.load(f)
    with open(plan, encoding="utf-8") as f:
        parameters = json.load(f)["model"]["num_parameters"]
    n = int(ranks)
    assert found["workers"] == n, found
    count = found["global_step"] - found["global_step_at_start"]
    least = 2 * (n - 1) / n * parameters * int(width) * count
    ratio = found["allreduce_bytes"] / least
    print(f"{ratio:.4f} of the bound")
    assert 1 <= ratio <= 1.01, ratio


def log(folder, steps):
    shown = updates(folder)
    assert [e["step"] for e in shown] == [int(s) for s in steps.split(",")]
    assert all(e["data"]["Rank"] == 0 for e in shown)
    assert len(list(pathlib.Path(folder).glob("events.out.tfevents*"))) == 1


def overlap(trace, plan):
    with open(trace, encoding="utf-8") as f:
        events = json.load(f)["traceEvents"]
    with open(plan, encoding="utf-8") as f:
        buckets = json.load(f)["exchange"]["buckets"]
    names = {e["tid"]: e["args"]["name"] for e in events
             if e.get("name") == "thread_name"}
    track = [t for t, name in names.items() if name == "all-reduce"]
    assert len(track) == 1, names
    sent = sorted((e for e in events
                   if e["ph"] == "X" and e["tid"] == track[0]),
                  key=lambda e: e["ts"])
    steps = [e for e in events
             if e["ph"] == "X" and e["tid"] != track[0]]
    last = [e for e in steps if e["name"] == "train_step_last"]
    assert len(buckets) > 2 and len(last) == 2, (len(buckets), len(last))
    assert len(sent) % len(buckets) == 0 and sent
    assert [e["name"] for e in sent[:len(buckets)]] == [
        f"bucket {i}" for i in range(len(buckets))]
    for one, other in zip(sent, sent[1:]):
        assert one["ts"] + one["dur"] <= other["ts"] + 0.01
    # Each behind the step that begins it, all before the settling has ended.
    begins = {e["name"]: e["ts"] for e in reversed(steps)
              if e["name"].startswith("all_reduce/")}
    settle = [e for e in steps if e["name"] == "all_reduce/settle"][0]
    for number, event in enumerate(sent[:len(buckets)]):
        assert event["ts"] >= begins[f"all_reduce/bucket_{number}"]
        assert event["ts"] + event["dur"] <= settle["ts"] + settle["dur"]


def repeats(summary):
    with open(summary, encoding="utf-8") as f:
        found = json.load(f)
    count = found["global_step"] - found["global_step_at_start"]
    assert 1 <= found["allreduce_repeats"] < count, found


def stops(command):
    output = pathlib.Path(command[-1].split("=")[-1])
    shutil.rmtree(output, ignore_errors=True)
    # mpirun gives ranks as long as it is told; a busy machine needs it.
    os.environ["OMPI_MCA_odls_base_sigkill_timeout"] = "20"
    saved = terminate(command, output, f"{output}.txt", 200)
    assert len(saved) == 1, f"SIGTERM to mpirun: {saved} were saved"


def odd(records, out):
    out = pathlib.Path(out)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    files = sorted(pathlib.Path(records).glob("*.tfrecord"))
    content = b"".join(path.read_bytes() for path in files)
    # Cut behind the fifth record.
    at = 0
    for _ in range(5):
        at += 16 + struct.unpack_from("<Q", content, at)[0]
    (out / "a.tfrecord").write_bytes(content[:at])
    (out / "b.tfrecord").write_bytes(b"")
    (out / "c.tfrecord").write_bytes(content[at:])


def descendants(parent):
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,comm="],
                            capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    found, todo = [], [str(parent)]
    while todo:
        now = todo.pop()
        children = [(pid, name) for pid, ppid, name in rows if ppid == now]
        found += [pid for pid, name in children if name == "bert-run"]
        todo += [pid for pid, _ in children]
    return found


def maps(ranks, command):
    output = pathlib.Path(command[-1])
    shutil.rmtree(output, ignore_errors=True)
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        while not (output / "bert_dllog.json").exists():
            assert process.poll() is None, "ended before it trained"
            time.sleep(0.05)
        time.sleep(0.5)
        n = int(ranks)
        pids = [str(process.pid)] if n == 1 else descendants(process.pid)
        assert len(pids) == n, pids
        cpus = []
        for pid in pids:
            text = pathlib.Path(f"/proc/{pid}/maps").read_text()
            assert ("libmpi" in text) == (n > 1), "libmpi"
            assert ("libbertc-mpi" in text) == (n > 1), "libbertc-mpi"
            cpus.append(os.sched_getaffinity(int(pid)))
        if n > 1 and len(os.sched_getaffinity(0)) >= n:
            assert sum(len(c) for c in cpus) == len(set().union(*cpus)), cpus
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def main():
    task, arguments = sys.argv[1], sys.argv[2:]
    if task == "maps":
        maps(arguments[0], arguments[1:])
    elif task == "stops":
        stops(arguments)
    else:
        {"traffic": traffic, "log": log, "odd": odd, "overlap": overlap,
         "repeats": repeats}[task](*arguments)


main()
