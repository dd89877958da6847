# SPDX-License-Identifier: Apache-2.0
"""Checks of runs of several processes on devices of the stand-in.
usage: check_devices.py reports FOLDER RANKS FUNCTION:CALLS...
         the report of each rank (0,1,...) in FOLDER: nothing leaked, and each
         function was called so many times (N, or A-B)
       check_devices.py hide FUNCTION LIBRARY OUT
         a copy of the library without the function
       check_devices.py lost LIMIT 'WHAT' COMMAND...
         the command loses rank 1: it ends in time, not with 0, and rank 1 is
         named with what was being done"""
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
            least, most = (count.split("-") * 2)[:2]
            assert int(least) <= made <= int(most), (rank, function, made, count)


def hide(function, library, out):
    content = pathlib.Path(library).read_bytes()
    name = b"\0" + function.encode() + b"\0"
    assert content.count(name) >= 1, function
    pathlib.Path(out).write_bytes(content.replace(name, name[:-2] + b"?\0"))


def lost(limit, what, *command):
    begin = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300,
                          check=False)
    seconds = time.monotonic() - begin
    print(done.stdout)
    print(f"exit code {done.returncode} after {seconds:.1f} s")
    assert done.returncode != 0
    # Beside the limit: the start, and 5 s that mpirun itself takes to end what
    # is stopped.
    assert seconds < 2 * float(limit) + 20
    assert re.search(rf"rank 1 \([^)]*pid \d+\) [^\n]*{what}", done.stdout)


def main():
    task, arguments = sys.argv[1], sys.argv[2:]
    {"reports": reports, "hide": hide, "lost": lost}[task](*arguments)


main()
