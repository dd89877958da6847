# SPDX-License-Identifier: Apache-2.0
"""Checks of runs of several processes on devices of the stand-in.
usage: check_devices.py reports FOLDER RANKS FUNCTION:CALLS...
         the report of each rank (0,1,...) in FOLDER: nothing leaked, and each
         function was called so many times
       check_devices.py hide FUNCTION LIBRARY OUT
         a copy of the library without the function
       check_devices.py spans TRACE PLAN.json UPDATES
         the profile of rank 0: each update is added up once, by the buckets of
         the plan before the graph of apply_gradients, in it, or by no bucket
         and before it where the plan has none
       check_devices.py timed SECONDS COMMAND...
         writes how long the command took, which succeeds, to the file
       check_devices.py lost LIMIT SECONDS CODE FOLDER FUNCTION STATE... -- COMMAND...
         the command loses rank 1 of three: it ends in time for a run that took
         the seconds in the file undisturbed, with CODE (-: not 0), and each of the others says of rank 1 what one of the STATEs has,
         TEXT=CALLS: a regular expression, and how often it had called FUNCTION
         then, by the report in FOLDER (-: there is none). Or it says that the
         other one gave up, for such a reason; where it was then is not known,
         so the calls are those of any STATE"""
import json
import pathlib
import re
import subprocess
import sys
import time


def reports(folder, ranks, *calls):
    for rank in ranks.split(","):
        path = pathlib.Path(folder) / f"report{rank}.json"
        found = json.loads(path.read_text(encoding="utf-8"))
        assert found["leaked"] == {}, (rank, found["leaked"])
        for wanted in calls:
            function, count = wanted.split(":")
            made = found["calls"].get(function, {"calls": 0})["calls"]
            assert made == int(count), (rank, function, made, count)


def hide(function, library, out):
    content = pathlib.Path(library).read_bytes()
    name = b"\0" + function.encode() + b"\0"
    assert content.count(name) >= 1, function
    pathlib.Path(out).write_bytes(content.replace(name, name[:-2] + b"?\0"))


def inside(event, outer):
    return (outer["ts"] - 0.01 <= event["ts"] and event["ts"] + event["dur"]
            <= outer["ts"] + outer["dur"] + 0.01)


def spans(trace, plan, updates):
    with open(trace, encoding="utf-8") as f:
        events = json.load(f)["traceEvents"]
    with open(plan, encoding="utf-8") as f:
        buckets = (json.load(f)["exchange"] or {"buckets": []})["buckets"]
    tracks = {e["tid"]: e["args"]["name"] for e in events
              if e["name"] == "thread_name"}
    assert (list(tracks.values()).count("all-reduce") ==
            (1 if buckets else 0)), tracks
    timed = [e for e in events if e["ph"] == "X"]
    sums = sorted((e for e in timed if tracks[e["tid"]] == "all-reduce"),
                  key=lambda e: (e["ts"], -e["dur"]))
    assert len(sums) == int(updates) * len(buckets), len(sums)
    entries = {name: sorted((e for e in timed if e["cat"] == "entry" and
                             e["name"] == name), key=lambda e: e["ts"])
               for name in ("train_step", "all_reduce", "apply_gradients")}
    assert len(entries["all_reduce"]) == int(updates)
    assert len(entries["apply_gradients"]) == int(updates)
    for number, apply in enumerate(entries["apply_gradients"]):
        # What ranks agree on before it, and without buckets the sums.
        agreed = entries["all_reduce"][number]
        assert agreed["ts"] + agreed["dur"] <= apply["ts"] + 0.01
        assert agreed["dur"] > 0
        graphs = [e for e in timed if e["cat"] == "Graph" and inside(e, apply)]
        assert graphs
        mine = sums[number * len(buckets):(number + 1) * len(buckets)]
        for index, (event, bucket) in enumerate(zip(mine, buckets)):
            assert event["name"] == f"bucket {index}", event
            assert event["cat"] == "AllReduce", event
            assert event["args"]["bytes"] == bucket["bytes"], (event, bucket)
            assert event["dur"] > 0 and inside(event, apply), (event, apply)
            assert event["ts"] + event["dur"] <= graphs[0]["ts"] + 0.01


def ends(output):
    """What ranks 0 and 2 said when they gave up, once each."""
    found = {}
    for rank in (0, 2):
        said = [line for line in
                re.findall(rf"^rank {rank}: (.*)$", output, re.MULTILINE)
                if not line.startswith("asked to end")]
        assert len(said) == 1, (rank, said)
        found[rank] = said[0]
    return found


PEER = r"rank %s \([^)]*pid \d+\) "


def calls_of(rank, found, states):
    """How many calls what a rank said stands for."""
    # Who is slow to say that it is there, too, is named beside rank 1.
    slow = PEER % "[02]" + "has not come beyond '[^']*'"
    said = {each: re.sub(f"^{slow}, |, {slow}", "", text)
            for each, text in found.items()}
    direct = [calls for text, calls in states
              if re.fullmatch(PEER % 1 + text, said[rank])]
    if direct:
        return direct
    heard = re.fullmatch(PEER % (2 - rank) + "gave up: (.*)", found[rank])
    assert heard and found[2 - rank].startswith(heard[1]), (rank, found)
    assert any(re.fullmatch(PEER % 1 + text, said[2 - rank])
               for text, _ in states), (rank, found)
    return [calls for _, calls in states]


def run(command):
    """What the command came to, its output, and the seconds it took."""
    begin = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300,
                          check=False)
    return done, time.monotonic() - begin


def timed(path, *command):
    done, seconds = run(command)
    print(done.stdout)
    assert done.returncode == 0, done.returncode
    pathlib.Path(path).write_text(f"{seconds}\n", encoding="utf-8")


def lost(limit, whole, code, folder, function, *rest):
    command = rest[rest.index("--") + 1:]
    states = [each.rsplit("=", 1) for each in rest[:rest.index("--")]]
    done, seconds = run(command)
    print(done.stdout)
    print(f"exit code {done.returncode} after {seconds:.1f} s")
    assert done.returncode == int(code) if code != "-" else done.returncode != 0
    # Beside the limit: what comes before the loss, which takes as long as this
    # machine is slow, and 5 s that mpirun itself takes to end what is stopped.
    undisturbed = float(pathlib.Path(whole).read_text(encoding="utf-8"))
    bound = 2 * float(limit) + 10 + 4 * undisturbed
    assert seconds < bound, (seconds, bound, undisturbed)
    found = ends(done.stdout)
    for rank in (0, 2):
        allowed = calls_of(rank, found, states)
        if folder == "-":
            continue
        report = json.loads((pathlib.Path(folder) / f"report{rank}.json")
                            .read_text(encoding="utf-8"))
        made = str(report["calls"].get(function, {"calls": 0})["calls"])
        assert made in allowed, (rank, found[rank], made, allowed)


def main():
    task, arguments = sys.argv[1], sys.argv[2:]
    {"reports": reports, "hide": hide, "spans": spans, "timed": timed,
     "lost": lost}[task](*arguments)


main()
