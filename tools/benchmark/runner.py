# SPDX-License-Identifier: Apache-2.0
"""One case: compile its plan, time it, bring back the JSON."""
import hashlib
import json
import os
import signal
import subprocess
import tempfile

from benchmark.cases import ISAS
from benchmark.machine import last_line, now


class Stopped(Exception):
    """SIGINT or SIGTERM came; its number."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


class CaseFailed(Exception):
    """Why a case has no figures."""


class _Running:
    """The program that runs, and the signal that came. Handlers do not raise:
    they may run between any two steps, also while a folder is made or
    removed."""
    process = None
    signal = None


def install_signals():
    """From now on a signal ends the running program, and then Stopped comes."""
    def stop(number, _):
        _Running.signal = number
        if _Running.process is not None:
            _Running.process.kill()
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def _check_stopped():
    if _Running.signal is not None:
        raise Stopped(_Running.signal)


def why_skipped(case, isa):
    """Why this CPU cannot run the case, or None."""
    wanted = case["cpu_isa"]
    if wanted == "native":
        return None
    have = ISAS.index(isa) if isa in ISAS else -1
    if have < ISAS.index(wanted):
        return f"needs {wanted}, this CPU has {isa}"
    return None


def fingerprint(case, digest, machine, threads):
    """Equal where a result need not be made again."""
    with open(case["config_file"], "rb") as file:
        config = hashlib.sha256(file.read()).hexdigest()
    definition = {key: value for key, value in case.items()
                  if key not in ("group", "config_file")}
    whole = json.dumps([definition, config, digest, machine["cpu_model"],
                        machine["cpu_isa"], machine["cores"],
                        machine["environment"], threads], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def compile_command(case, programs, plan):
    command = [programs.bertc, "compile", case["config_file"],
               "--task", case["task"], "--mode", case["mode"],
               "--batch-size", str(case["batch_size"]),
               "--max-seq-length", str(case["max_seq_length"]),
               "--precision", case["precision"],
               "--cpu-isa", case["cpu_isa"], "-o", plan]
    if case["max_predictions_per_seq"]:
        command += ["--max-predictions-per-seq",
                    str(case["max_predictions_per_seq"])]
    if case["packed"]:
        command += ["--packed", str(case["packed"])]
    return command


def bench_command(case, programs, plan, threads):
    command = [programs.bert_run, "bench", plan, "--json",
               "--steps", str(case["steps"]), "--warmup", str(case["warmup"]),
               f"--ceiling={case['ceiling']}"]
    if case["entry"]:
        command += ["--entry", case["entry"]]
    if case["lengths"]:
        command += ["--lengths", ",".join(map(str, case["lengths"]))]
    if threads:
        command += ["--threads", str(threads)]
    return command


def _finish(command, environment):
    """stdout of the command. Raises CaseFailed, Stopped."""
    name = " ".join([os.path.basename(command[0]), command[1]])
    _check_stopped()
    with subprocess.Popen(command, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True,
                          env=environment) as process:
        _Running.process = process
        if _Running.signal is not None:  # came while the program was started
            process.kill()
        out, err = process.communicate()
        _Running.process = None
    _check_stopped()
    if process.returncode != 0:
        raise CaseFailed(f"{name} leaves with {process.returncode}: "
                         f"{last_line(err)}")
    return out


def measure(case, programs, threads):
    """The report of `bert-run bench`. Raises CaseFailed, Stopped."""
    environment = dict(os.environ)
    if case["cpu_isa"] != "native":
        environment["BERTC_MAX_ISA"] = case["cpu_isa"]
    with tempfile.TemporaryDirectory(prefix="bertc-bench-") as folder:
        plan = os.path.join(folder, case["name"] + ".plan")
        _finish(compile_command(case, programs, plan), environment)
        text = _finish(bench_command(case, programs, plan, threads),
                       environment)
    try:
        report = json.loads(text)
    except ValueError as error:
        raise CaseFailed(f"bert-run bench printed no JSON: {error}") from error
    if report.get("schema") != "bertc.bench":
        raise CaseFailed("bert-run bench printed schema "
                         f"{report.get('schema')!r}, expected 'bertc.bench'")
    return report


def result_of(case, status, print_id, reason="", report=None):
    shown = {key: value for key, value in case.items() if key != "config_file"}
    return {"name": case["name"], "status": status, "reason": reason,
            "date": now(), "fingerprint": print_id, "case": shown,
            "bench": report}
