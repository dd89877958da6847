# SPDX-License-Identifier: Apache-2.0
"""Trains through the stand-in of SynapseAI's library while one of its functions
fails at one of its calls, for every function that training calls. Each time the
run must end with an error that names the function, with nothing left alive in
the library's accounting; and the same command, started again, must end with the
bytes of a run that was not disturbed.
usage: fault_each_call.py PLACES COMMAND... --output-dir FOLDER
The command has no cache of recipes: one that cannot be read is made anew.
PLACES is how many calls of each function fail, one a run: the first, the last,
those in the middle; with 1, the place changes from function to function."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

FAILED = 26  # synFail
# They give something back, which a failure can only leave behind, or are done
# without: training goes on.
PASSED_OVER = {
    "synDestroy", "synDeviceFree", "synHostFree", "synStreamDestroy",
    "synEventDestroy", "synRecipeDestroy", "synGraphDestroy",
    "synSectionDestroy", "synDeviceRelease", "synDeviceSynchronize",
    "synStatusGetBriefDescription"}


def run(command, folder, fault=""):
    report = folder.with_suffix(".json")
    report.unlink(missing_ok=True)
    done = subprocess.run(
        command + ["--output-dir", str(folder)], check=False,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        timeout=300, env=dict(os.environ, SYNAPSE_STAND_IN_FAULT=fault,
                              SYNAPSE_STAND_IN_REPORT=str(report)))
    accounting = json.loads(report.read_text()) if report.exists() else None
    return done, accounting


def last_checkpoint(folder):
    return max(folder.glob("model.ckpt-*.data-*"),
               key=lambda path: int(path.name.split("-")[1].split(".")[0]))


def places_of(calls, places, turn):
    chosen = sorted({1 + i * (calls - 1) // 4 for i in range(5)})
    if places >= len(chosen):
        return chosen
    return [chosen[(turn + i) % len(chosen)] for i in range(places)]


def main():
    places, command, name = int(sys.argv[1]), sys.argv[2:-2], sys.argv[-1]
    whole, torn = pathlib.Path(name + ".whole"), pathlib.Path(name + ".torn")
    shutil.rmtree(whole, ignore_errors=True)
    done, counted = run(command, whole)
    assert done.returncode == 0, done.stderr
    expected = last_checkpoint(whole)
    functions = sorted(counted["calls"].keys() - PASSED_OVER)
    runs = resumed = 0
    for turn, function in enumerate(functions):
        calls = counted["calls"][function]["calls"]
        for call in places_of(calls, places, turn):
            shutil.rmtree(torn, ignore_errors=True)
            fault = f"{function}:{call}={FAILED}"
            done, accounting = run(command, torn, fault)
            assert done.returncode == 1 or \
                done.returncode == 5 and "cannot" in done.stderr, \
                (fault, done.returncode, done.stderr)
            assert f"{function}: synFail (26)" in done.stderr, \
                (fault, done.stderr)
            assert accounting is None or accounting["leaked"] == {}, \
                (fault, accounting)
            resumed += bool(list(torn.glob("model.ckpt-*.index")))
            done, _ = run(command, torn)
            assert done.returncode == 0, (fault, done.stderr)
            ours = last_checkpoint(torn)
            assert ours.name == expected.name, (fault, ours)
            assert ours.read_bytes() == expected.read_bytes(), \
                f"{fault}: other weights after the second run"
            runs += 1
    assert resumed > 0, "no run had got as far as a checkpoint"
    print(f"{runs} faults in {len(functions)} functions, "
          f"{resumed} behind a checkpoint")


main()
