# SPDX-License-Identifier: Apache-2.0
"""What a result depends on besides the case: machine, programs, revision."""
import datetime
import hashlib
import os
import platform
import re
import subprocess

from benchmark.errors import BenchError


class Programs:
    """bertc and bert-run of one build folder."""

    def __init__(self, build):
        self.bertc = os.path.join(build, "bin", "bertc")
        self.bert_run = os.path.join(build, "bin", "bert-run")
        for program in (self.bertc, self.bert_run):
            if not os.access(program, os.X_OK):
                raise BenchError(f"{program} is missing; build it, or name the "
                                 "build folder with --build")
        self.versions = [self._version(self.bertc),
                         self._version(self.bert_run)]

    @staticmethod
    def _version(program):
        done = subprocess.run([program, "--version"], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"{program} --version leaves with "
                             f"{done.returncode}: {last_line(done.stderr)}")
        return " ".join(done.stdout.split())

    def isa(self):
        """What bert-run would use, e.g. "avx512_bf16"."""
        found = re.search(r"\(cpu (\w+)\)", self.versions[1])
        return found.group(1) if found else "none"

    def digest(self):
        """Of the programs' bytes: results of other programs are others."""
        whole = hashlib.sha256()
        for program in (self.bertc, self.bert_run):
            with open(program, "rb") as file:
                whole.update(file.read())
        return whole.hexdigest()


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing on stderr"


def cpu_model():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def revision(root):
    """Commit of the checkout, with "-dirty" when files differ from it."""
    done = subprocess.run(["git", "-C", root, "describe", "--always",
                           "--abbrev=12", "--dirty", "--exclude=*"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def facts(programs, root):
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    environment = {name: os.environ[name] for name in sorted(os.environ)
                   if name.startswith("BERTC_") or name in
                   ("OMP_NUM_THREADS", "ONEDNN_MAX_CPU_ISA")}
    return {
        "cpu_model": cpu_model(),
        "cpu_isa": programs.isa(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": memory,
        "system": f"{platform.system()} {platform.release()}",
        "load_average": round(os.getloadavg()[0], 2),
        "environment": environment,
        "versions": programs.versions,
        "git_revision": revision(root),
        "date": now(),
    }


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ")
