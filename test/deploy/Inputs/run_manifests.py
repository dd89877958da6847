# SPDX-License-Identifier: Apache-2.0
"""Runs the launcher's command of manifests: mpirun with its options and
environment, two ranks, the program of this build, a volume of make_volume.py
in place of /data, and few steps.

usage: run_manifests.py BIN_DIR DATA MANIFEST..."""
import os
import pathlib
import subprocess
import sys

from manifests import Job

BIN, DATA = (pathlib.Path(name).resolve() for name in sys.argv[1:3])


def here(word):
    return word.replace("/data/", f"{DATA}/")


for path in sys.argv[3:]:
    job = Job(path)
    assert job.rank[0] == "/opt/bertc/bin/bert-run", job.rank
    output = here(job.flag("output-dir"))
    # Two ranks on one host are not those of a hostfile.
    command = ["mpirun", "--oversubscribe", "-np", "2", *job.options,
               str(BIN / "bert-run"), *map(here, job.shortened()[1:])]
    # mpirun waits its whole time after a failure.
    environment = {**os.environ, **job.environment,
                   "OMPI_MCA_odls_base_sigkill_timeout": "1"}
    done = subprocess.run(command, text=True, capture_output=True,
                          env=environment, timeout=600)
    if done.returncode or not list(pathlib.Path(output).glob("*.index")):
        sys.exit(f"{path}: exit code {done.returncode}\n{' '.join(command)}\n"
                 f"{done.stdout}{done.stderr}")
    print(f"{job.name}: {job.task} of two ranks")
